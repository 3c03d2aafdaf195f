//! Request and response bodies as a worker sees them: never blocking, with a signal to wait on.

use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Body;

use crate::dispatch::signal::Signal;
use crate::http::pipe::{Pipe, Pushed};
use crate::http::refusal::Reason;
use crate::http::reply::{Cell, Ticket};
use crate::http::response::Response;

/// What reading found.
#[derive(Debug)]
pub enum Readable {
    /// The next bytes; never empty.
    Chunk(Bytes),
    /// The body is complete.
    End,
    /// Nothing yet: wait on [`BodyReader::signal`], then try again.
    Pending,
}

/// Why a request body cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The client left before it had sent the whole.
    #[error("the client left before the request body was complete")]
    Gone,
    /// It is longer than the server takes. The engine has answered 413 if it still could.
    #[error("the request body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Its chunks are malformed. The engine has answered 400 if it still could.
    #[error("the request body is malformed")]
    Malformed,
    /// Nothing came of it for too long. The engine has answered 408 if it still could.
    #[error("the request body stalled")]
    Stalled,
}

/// A request body. hyper hands over one frame at a time and reads one ahead once it was asked, so the
/// rest of what is not asked for stays with the client; the first read is also what lets
/// `100 Continue` go out.
#[derive(Debug)]
pub struct BodyReader {
    /// Whether more may come of it.
    is_open: bool,
    /// What of the last frame has not been asked for.
    rest: Bytes,
    failed: Option<ReadError>,
    signal: Option<Arc<Signal>>,
    /// Whether anybody has asked for it.
    is_asked_for: bool,
    /// The length that the client has announced.
    declared: Option<u64>,
    limit: Option<u64>,
    read: u64,
    cell: Arc<Cell>,
}

impl BodyReader {
    /// Of the body that `cell` has.
    pub(crate) fn new(is_open: bool, declared: Option<u64>, limit: Option<u64>, cell: Arc<Cell>) -> Self {
        Self {
            is_open,
            rest: Bytes::new(),
            failed: None,
            signal: None,
            is_asked_for: false,
            declared,
            limit,
            read: 0,
            cell,
        }
    }

    /// Of a request without a body.
    #[cfg(all(test, kino_loom))]
    pub(crate) fn none(cell: Arc<Cell>) -> Self {
        Self::new(false, Some(0), None, cell)
    }

    /// Whether there is nothing (more) to read.
    pub fn is_finished(&self) -> bool {
        !self.is_open && self.rest.is_empty()
    }

    /// Whether nobody has asked for any of it, so that somebody else can read it from its begin.
    pub fn is_untouched(&self) -> bool {
        !self.is_asked_for
    }

    /// What [`Readable::Pending`] is waited out on.
    pub fn signal(&mut self) -> &Arc<Signal> {
        self.signal.get_or_insert_with(|| {
            let signal = Signal::at(self.cell.home());
            self.cell.watch(Arc::clone(&signal));
            signal
        })
    }

    /// The next bytes, at most `max` of them, if they are there. An error stays: who asks again must
    /// not take what came before it for the whole.
    ///
    /// hyper hands over as much as its buffer holds; what is beyond `max` waits here. Handing all of it
    /// to Ruby instead made a String of that size for each frame, and a slice of it kept the whole: an
    /// upload grew the process by 60 to 95 MiB, with buffers of 400 KiB.
    pub fn try_read(&mut self, max: usize) -> Result<Readable, ReadError> {
        self.is_asked_for = true;
        if self.rest.is_empty() {
            if let Some(failed) = self.failed {
                return Err(failed);
            }
            match self.next_frame().inspect_err(|failed| self.failed = Some(*failed))? {
                Readable::Chunk(chunk) => self.rest = chunk,
                other => return Ok(other),
            }
        }
        let cut = self.rest.len().min(max.max(1));
        Ok(Readable::Chunk(self.rest.split_to(cut)))
    }

    fn next_frame(&mut self) -> Result<Readable, ReadError> {
        let waker = Waker::from(Arc::clone(self.signal()));
        let mut context = Context::from_waker(&waker);
        loop {
            // hyper says that a body has ended only when it begins the next request, if its answer was
            // complete before: a worker that read on waited for as long as the client stayed. (It still
            // does for chunks with trailers, up to the time that a connection may idle.)
            if self.declared == Some(self.read) {
                self.close();
            }
            if !self.is_open {
                return Ok(Readable::End);
            }
            // Somebody answered in the worker's place, and gave the body up.
            let polled = self.cell.with_body(|incoming| Pin::new(incoming).poll_frame(&mut context));
            let Some(polled) = polled else { return Err(self.gone()) };
            match polled {
                // hyper keeps a connection for as long as its body is read, answered or not.
                Poll::Pending if self.cell.is_aborted() => return Err(self.gone()),
                Poll::Pending => return Ok(Readable::Pending),
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are dropped: no part of Rack shows them to an app. Nothing follows them.
                    let Ok(data) = frame.into_data() else { return self.end() };
                    if !data.is_empty() {
                        return self.count(data);
                    }
                }
                Poll::Ready(Some(Err(error))) => return Err(self.fail(&error)),
                Poll::Ready(None) => return self.end(),
            }
        }
    }

    /// Nothing more is read.
    fn close(&mut self) {
        self.is_open = false;
        self.cell.drop_body();
    }

    fn count(&mut self, data: Bytes) -> Result<Readable, ReadError> {
        self.read += data.len() as u64;
        match self.limit {
            Some(limit) if self.read > limit => {
                self.refuse(Reason::BodyTooLarge);
                Err(ReadError::TooLarge { limit })
            }
            _ => Ok(Readable::Chunk(data)),
        }
    }

    /// The wire says by the kind of its error what it found, or hyper, which may see the first half of
    /// a bad size line before the wire has the whole. Anything else is a lost connection.
    fn fail(&mut self, error: &hyper::Error) -> ReadError {
        match io_kind(error) {
            Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => {
                self.refuse(Reason::BadChunk);
                ReadError::Malformed
            }
            Some(io::ErrorKind::TimedOut) => {
                self.refuse(Reason::BodyTimeout);
                ReadError::Stalled
            }
            _ => self.gone(),
        }
    }

    /// hyper may take a while to end the request of a client that left, but nobody waits any more.
    fn gone(&mut self) -> ReadError {
        self.close();
        if self.cell.abandon() {
            self.cell.stats().disconnect();
        }
        ReadError::Gone
    }

    /// An answer that has begun breaks: an app that goes on as if nothing were wrong must not make the
    /// client believe that its request was taken.
    fn refuse(&mut self, reason: Reason) {
        self.close();
        self.cell.stats().refuse(reason);
        self.cell.abort(Response::closing(reason.status()));
    }

    /// hyper ends the body without an error when its connection is torn down between two frames,
    /// and a cut upload must not look like a whole one.
    fn end(&mut self) -> Result<Readable, ReadError> {
        let cut = self.declared.is_some_and(|declared| self.read < declared)
            || self.cell.is_abandoned()
            || self.cell.is_aborted();
        if cut {
            return Err(self.gone());
        }
        self.close();
        Ok(Readable::End)
    }
}

/// What is unread stays so.
impl Drop for BodyReader {
    fn drop(&mut self) {
        if self.is_open {
            self.cell.drop_body();
        }
    }
}

fn io_kind(error: &hyper::Error) -> Option<io::ErrorKind> {
    error.source()?.downcast_ref::<io::Error>().map(io::Error::kind)
}

/// What became of a chunk that was to be written.
#[derive(Debug)]
#[must_use]
pub enum Writable {
    /// It is on its way.
    Written,
    /// The pipe is full and the chunk is given back: wait on [`BodyWriter::signal`], then try again.
    Full(Bytes),
}

/// Why a response body cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The client left, or somebody else has ended this answer.
    #[error("the client left before the response body was complete")]
    Gone,
}

/// How a response body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// As it was announced.
    Complete,
    /// Bytes were missing from what Content-Length announced: the connection was broken.
    Short {
        /// How many.
        missing: u64,
    },
    /// The app wrote more than Content-Length announced: the surplus was not sent.
    Cut {
        /// How many bytes were left out.
        surplus: u64,
    },
}

/// The writing end of a streamed answer. Dropping it unfinished breaks the connection.
#[derive(Debug)]
pub struct BodyWriter {
    pipe: Arc<Pipe>,
    declared: Option<u64>,
    written: u64,
    surplus: u64,
    /// All that was announced is written: the client has its answer, and may leave.
    complete: bool,
    finished: bool,
    // Held for its drop: it ends what this worker has in flight.
    _ticket: Option<Ticket>,
}

impl BodyWriter {
    pub(crate) fn new(pipe: Arc<Pipe>, declared: Option<u64>, ticket: Option<Ticket>) -> Self {
        let complete = declared == Some(0);
        if complete {
            pipe.finish();
        }
        Self { pipe, declared, written: 0, surplus: 0, complete, finished: false, _ticket: ticket }
    }

    /// What [`Writable::Full`] is waited out on.
    pub fn signal(&self) -> &Arc<Signal> {
        self.pipe.signal()
    }

    fn is_gone(&self) -> bool {
        !self.complete && self.pipe.is_gone()
    }

    /// Hands `chunk` to the connection if there is room. Bytes beyond the announced
    /// Content-Length are counted and left out.
    pub fn try_write(&mut self, mut chunk: Bytes) -> Result<Writable, WriteError> {
        let whole = chunk.len() as u64;
        if let Some(declared) = self.declared {
            let room = declared.saturating_sub(self.written);
            chunk.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        }
        let len = chunk.len() as u64;
        if len == 0 {
            self.surplus += whole;
            return if self.is_gone() { Err(WriteError::Gone) } else { Ok(Writable::Written) };
        }
        let is_last = self.declared == Some(self.written + len);
        match self.pipe.push(chunk, is_last) {
            Pushed::Taken => {
                self.written += len;
                self.surplus += whole - len;
                self.complete = is_last;
                Ok(Writable::Written)
            }
            // What is given back is cut already, so its surplus is counted here and not again.
            Pushed::Full(rest) => {
                self.surplus += whole - len;
                Ok(Writable::Full(rest))
            }
            Pushed::Gone => Err(WriteError::Gone),
        }
    }

    /// The body is complete, as far as the app is concerned.
    pub fn finish(mut self) -> Finish {
        self.finished = true;
        match self.declared {
            Some(declared) if self.written < declared => {
                self.pipe.abort();
                Finish::Short { missing: declared - self.written }
            }
            _ => {
                self.pipe.finish();
                if self.surplus > 0 { Finish::Cut { surplus: self.surplus } } else { Finish::Complete }
            }
        }
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        if !self.finished {
            self.pipe.abort();
        }
    }
}
