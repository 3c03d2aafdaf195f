//! A bounded pipe from a worker's thread to a connection's task.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::dispatch::shard::Shard;
use crate::dispatch::signal::Signal;
use crate::http::request::Origin;
use crate::http::watchers::Watchers;
use crate::sync::Mutex;

/// Bytes that may wait in one pipe before its writer has to. A chunk is taken whole as soon as
/// less than that waits, so one connection holds at most this and one chunk of the app's.
pub(crate) const CAPACITY: usize = 64 * 1024;

/// The body will never be complete: the connection has to break, so that nobody takes what has
/// been sent for the whole.
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
    reader_gone: bool,
    writer_waits: bool,
    flushed: bool,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    state: Mutex<State>,
    signal: Arc<Signal>,
    origin: Arc<Origin>,
}

/// What became of a chunk.
#[derive(Debug)]
pub(crate) enum Pushed {
    Taken,
    Full(Bytes),
    Gone,
}

impl Pipe {
    /// Its writer waits where the connection is driven.
    pub(crate) fn new(origin: Arc<Origin>) -> (Arc<Self>, PipeReader) {
        let pipe = Arc::new(Self {
            state: Mutex::new(State {
                chunks: VecDeque::new(),
                bytes: 0,
                end: End::Open,
                reader: None,
                reader_gone: false,
                writer_waits: false,
                flushed: false,
            }),
            signal: Signal::at(origin.shard.clone().map(Shard::as_home)),
            origin,
        });
        (Arc::clone(&pipe), PipeReader { pipe, is_handed_over: false, watchers: None })
    }

    /// Notified when a writer that was told [`Pushed::Full`] should try again.
    pub(crate) fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }

    /// `is_last`: nothing follows. It is said with the chunk and not after it, because hyper drops its
    /// end as soon as it has the last announced byte, and that would pass for a client that leaves.
    pub(crate) fn push(&self, chunk: Bytes, is_last: bool) -> Pushed {
        let waker = {
            let mut state = self.state.lock();
            if state.reader_gone || state.end != End::Open {
                return Pushed::Gone;
            }
            if state.bytes >= CAPACITY {
                state.writer_waits = true;
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
        Pushed::Taken
    }

    pub(crate) fn finish(&self) {
        self.end(End::Complete);
    }

    /// Breaks the connection after what already waits in the pipe; a waiting writer learns of it.
    pub(crate) fn abort(&self) {
        self.end(End::Aborted);
        self.signal.notify();
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.state.lock().reader_gone
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
        match (reader, &self.origin.shard) {
            (Some(reader), Some(shard)) => shard.tell_later(reader),
            (Some(reader), None) => reader.wake(),
            (None, _) => {}
        }
    }
}

/// The connection's end. Dropping it early tells the writer that the client is gone.
#[derive(Debug)]
pub(crate) struct PipeReader {
    pipe: Arc<Pipe>,
    /// Whether the connection has it. One that came too late, or to a client that had left, tells nothing new.
    is_handed_over: bool,
    watchers: Option<Arc<Watchers>>,
}

impl PipeReader {
    pub(crate) fn hand_over(&mut self) {
        self.is_handed_over = true;
    }

    /// `watchers` are told when the client leaves.
    pub(crate) fn tells(&mut self, watchers: Arc<Watchers>) {
        self.watchers = Some(watchers);
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Aborted>>> {
        let mut state = self.pipe.state.lock();
        match state.chunks.pop_front() {
            Some(chunk) => {
                state.bytes -= chunk.len();
                // Half, not the first free byte: a writer woken for each small chunk would pay a
                // wake-up a chunk.
                if state.writer_waits && state.bytes <= CAPACITY / 2 {
                    state.writer_waits = false;
                    self.pipe.signal.notify();
                }
                Poll::Ready(Some(Ok(chunk)))
            }
            None if state.end == End::Complete => Poll::Ready(None),
            // hyper throws its write buffer away when the body errs. Pending makes it flush first, so
            // the client gets what was written, and a connection that visibly breaks after it.
            None if state.end == End::Aborted && !state.flushed => {
                state.flushed = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
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
            // hyper drops a body that it has read to its end as well.
            state.reader_gone = state.end != End::Complete || !state.chunks.is_empty();
            if self.is_handed_over && (state.end == End::Open || !state.chunks.is_empty()) {
                self.pipe.origin.stats.disconnect();
            }
            std::mem::take(&mut state.chunks)
        };
        drop(chunks);
        self.pipe.signal.notify();
        if let Some(watchers) = &self.watchers {
            watchers.tell();
        }
    }
}
