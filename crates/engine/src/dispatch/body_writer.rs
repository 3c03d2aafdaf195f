//! A response body as a worker writes it: writing never blocks, and there is a parker to wait on.

use std::sync::Arc;

use bytes::Bytes;

use crate::dispatch::in_flight::InFlightGuard;
use crate::http::context::RequestGuard;
use crate::http::pipe::{Pipe, Pushed};
use crate::parker::Parker;

/// What [`BodyWriter::try_write`] did with a chunk.
#[derive(Debug)]
#[must_use]
pub enum Writable {
    /// It is on its way.
    Written,
    /// The pipe is full. The chunk is given back: wait on [`BodyWriter::parker`], then try again.
    Full(Bytes),
}

/// Why a response body cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The client left, or the engine has ended this response.
    #[error("the client left before the response body was complete")]
    Gone,
}

/// How a response body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// As announced.
    Complete,
    /// Shorter than Content-Length announced: the response was broken off.
    Short {
        /// How many bytes are missing.
        missing: u64,
    },
    /// Longer than Content-Length announced: the surplus was not sent.
    Cut {
        /// How many bytes were not sent.
        surplus: u64,
    },
}

/// The writing end of a streamed response. Dropping it unfinished breaks the response off.
#[derive(Debug)]
pub struct BodyWriter {
    pipe: Arc<Pipe>,
    declared: Option<u64>,
    written: u64,
    surplus: u64,
    /// All that was announced is written: the client has its response, and may leave.
    is_complete: bool,
    is_finished: bool,
    _in_flight: Option<InFlightGuard>,
    guard: Option<RequestGuard>,
}

impl BodyWriter {
    pub(crate) fn new(
        pipe: Arc<Pipe>,
        declared: Option<u64>,
        in_flight: Option<InFlightGuard>,
        mut guard: Option<RequestGuard>,
    ) -> Self {
        let is_complete = declared == Some(0);
        if is_complete {
            guard = None;
            pipe.finish();
        }
        Self { pipe, declared, written: 0, surplus: 0, is_complete, is_finished: false, _in_flight: in_flight, guard }
    }

    /// What to wait on after [`Writable::Full`].
    pub fn parker(&self) -> &Arc<Parker> {
        self.pipe.parker()
    }

    fn is_gone(&self) -> bool {
        !self.is_complete && self.pipe.is_gone()
    }

    /// Hands `chunk` to the connection if there is room. Bytes beyond the announced Content-Length are counted and not
    /// sent.
    ///
    /// # Errors
    ///
    /// [`WriteError::Gone`].
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
        // Before the client can have its response: it may send another request then.
        if is_last {
            self.guard = None;
        }
        match self.pipe.push(chunk, is_last) {
            Pushed::Written => {
                self.written += len;
                self.surplus += whole - len;
                self.is_complete = is_last;
                Ok(Writable::Written)
            }
            // The rest is cut already, so its surplus is counted here and not again.
            Pushed::Full(rest) => {
                self.surplus += whole - len;
                Ok(Writable::Full(rest))
            }
            Pushed::Gone => Err(WriteError::Gone),
        }
    }

    /// Ends the body: the app writes no more.
    pub fn finish(mut self) -> Finish {
        self.is_finished = true;
        self.guard = None;
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
        if !self.is_finished {
            self.pipe.abort();
        }
    }
}
