//! Where a request body comes from.

use std::task::{Context, Poll};

use bytes::Bytes;

/// A request body as its protocol delivers it. Nothing is read from the client before the first poll, except what came
/// with the head; that poll is also what sends `100 Continue`. Dropping it says that the rest is not wanted.
pub(crate) trait BodySource: std::fmt::Debug + Send {
    /// The next bytes, or None at the end. Trailers are dropped.
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>>;
}

/// Why a request body broke off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// The client broke the rules of its framing.
    Malformed,
    /// The client sent nothing for too long.
    TimedOut,
    /// The connection is lost.
    Disconnected,
}

/// A request body that is still to come.
#[derive(Debug)]
pub(crate) struct RequestBody {
    pub(crate) source: Box<dyn BodySource>,
    /// What Content-Length says, if it is there.
    pub(crate) length: Option<u64>,
}
