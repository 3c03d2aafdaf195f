//! A request body as a worker sees it: reading never blocks, and there is a parker to wait on.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::dispatch::exchange_state::ExchangeState;
use crate::http::body::BodyError;
use crate::parker::Parker;
use crate::refusal::Reason;

/// What [`BodyReader::try_read`] found.
#[derive(Debug)]
pub enum Readable {
    /// The next bytes; never empty.
    Chunk(Bytes),
    /// The body is complete.
    End,
    /// Nothing yet: wait on [`BodyReader::parker`], then try again.
    Pending,
}

/// Why a request body cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The client left before it had sent all of it.
    #[error("the client left before the request body was complete")]
    Gone,
    /// It is larger than the limit. The engine has answered 413 if it still could.
    #[error("the request body is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// Its chunks are malformed. The engine has answered 400 if it still could.
    #[error("the request body is malformed")]
    Malformed,
    /// The client sent nothing for too long. The engine has answered 408 if it still could.
    #[error("the request body stalled")]
    Stalled,
}

/// A request body. The connection reads at most one frame ahead, and only after the first read, so the rest stays with
/// the client. The first read is also what sends `100 Continue`.
#[derive(Debug)]
pub struct BodyReader {
    /// Whether more may come.
    is_open: bool,
    /// The unread rest of the last frame.
    rest: Bytes,
    error: Option<ReadError>,
    parker: Option<Arc<Parker>>,
    was_read: bool,
    /// The length that the client has announced.
    declared: Option<u64>,
    limit: Option<u64>,
    read: u64,
    exchange: Arc<ExchangeState>,
}

impl BodyReader {
    /// A reader of the body that `exchange` has.
    pub(crate) fn new(is_open: bool, declared: Option<u64>, limit: Option<u64>, exchange: Arc<ExchangeState>) -> Self {
        Self {
            is_open,
            rest: Bytes::new(),
            error: None,
            parker: None,
            was_read: false,
            declared,
            limit,
            read: 0,
            exchange,
        }
    }

    /// Whether there is nothing (more) to read.
    pub fn is_finished(&self) -> bool {
        !self.is_open && self.rest.is_empty()
    }

    /// Whether nothing of it was read, so that another worker can read it from its start.
    pub fn is_untouched(&self) -> bool {
        !self.was_read
    }

    /// What to wait on after [`Readable::Pending`].
    pub fn parker(&mut self) -> &Arc<Parker> {
        self.parker.get_or_insert_with(|| {
            let parker = self.exchange.parker();
            self.exchange.watch_abort(Arc::clone(&parker));
            parker
        })
    }

    /// The next bytes, at most `max` of them, if they are there. An error is repeated by each later call, so that what
    /// came before it cannot be taken for the whole.
    ///
    /// hyper hands over as much as its buffer holds; what is beyond `max` waits here. Handing all of it to Ruby instead
    /// made a String of that size for each frame, and a slice of it kept the whole: an upload grew the process by 60 to
    /// 95 MiB, with buffers of 400 KiB.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the body cannot be read to its end.
    pub fn try_read(&mut self, max: usize) -> Result<Readable, ReadError> {
        self.was_read = true;
        if self.rest.is_empty() {
            if let Some(error) = self.error {
                return Err(error);
            }
            match self.next_frame().inspect_err(|error| self.error = Some(*error))? {
                Readable::Chunk(chunk) => self.rest = chunk,
                other => return Ok(other),
            }
        }
        let length = self.rest.len().min(max.max(1));
        Ok(Readable::Chunk(self.rest.split_to(length)))
    }

    fn next_frame(&mut self) -> Result<Readable, ReadError> {
        let waker = Waker::from(Arc::clone(self.parker()));
        let mut cx = Context::from_waker(&waker);
        // If the response was complete first, hyper reports the end of a body only when it begins the next request: a
        // worker that read on waited for as long as the client stayed. (It still does for chunks with trailers, at most
        // for the keep-alive timeout.)
        if self.declared == Some(self.read) {
            self.close();
        }
        if !self.is_open {
            return Ok(Readable::End);
        }
        match self.exchange.with_body(|body| body.poll_data(&mut cx)) {
            // The engine answered in the worker's place, and gave the body up.
            None => Err(self.disconnected()),
            // hyper keeps a connection for as long as its body is read, answered or not.
            Some(Poll::Pending) if self.exchange.is_aborted() => Err(self.disconnected()),
            Some(Poll::Pending) => Ok(Readable::Pending),
            Some(Poll::Ready(Some(Ok(data)))) => self.count(data),
            Some(Poll::Ready(Some(Err(error)))) => Err(self.fail(error)),
            Some(Poll::Ready(None)) => self.end(),
        }
    }

    fn close(&mut self) {
        self.is_open = false;
        self.exchange.drop_body();
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

    fn fail(&mut self, error: BodyError) -> ReadError {
        match error {
            BodyError::Malformed => {
                self.refuse(Reason::BadChunk);
                ReadError::Malformed
            }
            BodyError::TimedOut => {
                self.refuse(Reason::BodyTimeout);
                ReadError::Stalled
            }
            BodyError::Disconnected => self.disconnected(),
        }
    }

    /// Says so at once: hyper may take a while to end the request of a client that left.
    fn disconnected(&mut self) -> ReadError {
        self.close();
        if self.exchange.abandon() {
            self.exchange.stats().disconnect();
        }
        ReadError::Gone
    }

    /// A response that has begun breaks off: an app that goes on as if nothing were wrong must not make the client
    /// believe that its request was accepted.
    fn refuse(&mut self, reason: Reason) {
        self.close();
        self.exchange.stats().refuse(reason);
        self.exchange.abort(reason.status());
    }

    /// hyper ends the body without an error if its connection is torn down between two frames, and a truncated upload
    /// must not look like a whole one.
    fn end(&mut self) -> Result<Readable, ReadError> {
        let is_truncated = self.declared.is_some_and(|declared| self.read < declared)
            || self.exchange.is_abandoned()
            || self.exchange.is_aborted();
        if is_truncated {
            return Err(self.disconnected());
        }
        self.close();
        Ok(Readable::End)
    }
}

/// What is unread stays unread.
impl Drop for BodyReader {
    fn drop(&mut self) {
        if self.is_open {
            self.exchange.drop_body();
        }
    }
}
