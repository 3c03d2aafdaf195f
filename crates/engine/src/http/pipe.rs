//! A bounded pipe from a worker's thread to a connection's task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::http::context::ConnectionContext;
use crate::http::watchers::Watchers;
use crate::parker::Parker;
use crate::sync::Mutex;

/// Bytes that a pipe holds before its writer has to wait. A chunk is taken whole as long as the pipe holds less, so one
/// connection holds at most this and one chunk of the app's.
pub(crate) const CAPACITY: usize = 64 * 1024;

/// The body will never be complete. The response has to be broken off visibly, so that the client cannot take what it
/// has got for the whole.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the response body ended before it was complete")]
pub struct Aborted;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Complete,
    Aborted,
}

#[derive(Debug)]
struct State {
    chunks: VecDeque<Bytes>,
    bytes: usize,
    end: End,
    reader: Option<Waker>,
    is_reader_gone: bool,
    is_writer_waiting: bool,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    state: Mutex<State>,
    parker: Arc<Parker>,
    context: Arc<ConnectionContext>,
}

/// What [`Pipe::push`] did with a chunk.
#[derive(Debug)]
pub(crate) enum Pushed {
    Written,
    Full(Bytes),
    Gone,
}

impl Pipe {
    /// The writer waits where the connection is driven.
    pub(crate) fn new(context: Arc<ConnectionContext>) -> (Arc<Self>, PipeReader) {
        let pipe = Arc::new(Self {
            state: Mutex::new(State {
                chunks: VecDeque::new(),
                bytes: 0,
                end: End::Open,
                reader: None,
                is_reader_gone: false,
                is_writer_waiting: false,
            }),
            parker: context.parker(),
            context,
        });
        (Arc::clone(&pipe), PipeReader { pipe, is_handed_over: false, watchers: None })
    }

    /// Unparked when a writer that got [`Pushed::Full`] should try again.
    pub(crate) fn parker(&self) -> &Arc<Parker> {
        &self.parker
    }

    /// `is_last`: nothing follows. The writer says so with the chunk and not after it, because hyper drops the reader
    /// as soon as it has the last announced byte, and that would look like a client that left.
    pub(crate) fn push(&self, chunk: Bytes, is_last: bool) -> Pushed {
        let waker = {
            let mut state = self.state.lock();
            if state.is_reader_gone || state.end != End::Open {
                return Pushed::Gone;
            }
            if state.bytes >= CAPACITY {
                state.is_writer_waiting = true;
                return Pushed::Full(chunk);
            }
            state.bytes += chunk.len();
            state.chunks.push_back(chunk);
            if is_last {
                state.end = End::Complete;
            }
            state.reader.take()
        };
        self.wake(waker);
        Pushed::Written
    }

    pub(crate) fn finish(&self) {
        self.end(End::Complete);
    }

    /// Breaks the response off behind what the pipe already holds. A waiting writer is told.
    pub(crate) fn abort(&self) {
        self.end(End::Aborted);
        self.parker.unpark();
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.state.lock().is_reader_gone
    }

    fn end(&self, end: End) {
        let waker = {
            let mut state = self.state.lock();
            if state.end == End::Open {
                state.end = end;
            }
            state.reader.take()
        };
        self.wake(waker);
    }

    fn wake(&self, reader: Option<Waker>) {
        if let Some(reader) = reader {
            self.context.wake(reader);
        }
    }
}

/// The connection's end of a pipe. Dropping it early tells the writer that the client is gone.
#[derive(Debug)]
pub(crate) struct PipeReader {
    pipe: Arc<Pipe>,
    /// Whether the connection has it. If not, its drop counts no disconnect: the response came too late, or the
    /// client's leaving was counted before.
    is_handed_over: bool,
    watchers: Option<Arc<Watchers>>,
}

impl PipeReader {
    pub(crate) fn hand_over(&mut self) {
        self.is_handed_over = true;
    }

    /// Has `watchers` told when the reader is dropped.
    pub(crate) fn notify_on_drop(&mut self, watchers: Arc<Watchers>) {
        self.watchers = Some(watchers);
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Aborted>>> {
        let mut state = self.pipe.state.lock();
        match state.chunks.pop_front() {
            Some(chunk) => {
                state.bytes -= chunk.len();
                // At half, not at the first free byte: a writer would pay a wake-up for each small chunk.
                if state.is_writer_waiting && state.bytes <= CAPACITY / 2 {
                    state.is_writer_waiting = false;
                    self.pipe.parker.unpark();
                }
                Poll::Ready(Some(Ok(chunk)))
            }
            None if state.end == End::Complete => Poll::Ready(None),
            None if state.end == End::Aborted => Poll::Ready(Some(Err(Aborted))),
            None => {
                if !state.reader.as_ref().is_some_and(|old| old.will_wake(cx.waker())) {
                    state.reader = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }
}

impl Drop for PipeReader {
    fn drop(&mut self) {
        let chunks = {
            let mut state = self.pipe.state.lock();
            // A connection also drops a body that it has read to its end.
            state.is_reader_gone = state.end != End::Complete || !state.chunks.is_empty();
            if self.is_handed_over && (state.end == End::Open || !state.chunks.is_empty()) {
                self.pipe.context.stats.disconnect();
            }
            std::mem::take(&mut state.chunks)
        };
        drop(chunks);
        self.pipe.parker.unpark();
        if let Some(watchers) = &self.watchers {
            watchers.notify();
        }
    }
}
