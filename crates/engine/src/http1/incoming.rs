//! Request bodies, as hyper delivers them.

use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;

use crate::http::body::{BodyError, BodySource, RequestBody};

#[derive(Debug)]
struct IncomingBody(Incoming);

/// The body of a request; None if it has none.
pub(crate) fn request_body(incoming: Incoming) -> Option<RequestBody> {
    if incoming.is_end_stream() {
        return None;
    }
    let length = incoming.size_hint().exact();
    Some(RequestBody { source: Box::new(IncomingBody(incoming)), length })
}

impl BodySource for IncomingBody {
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            return Poll::Ready(match ready!(Pin::new(&mut self.0).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if data.is_empty() => continue,
                    Ok(data) => Some(Ok(data)),
                    // Trailers. Rack has no way to show them to an app, and nothing follows them.
                    Err(_) => None,
                },
                Some(Err(error)) => Some(Err(body_error(&error))),
                None => None,
            });
        }
    }
}

/// The transport tells what it found by the kind of its error. So does hyper, which may see the first half of a bad
/// size line before the transport has the whole. Everything else is a lost connection.
fn body_error(error: &hyper::Error) -> BodyError {
    match error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind) {
        Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) => BodyError::Malformed,
        Some(io::ErrorKind::TimedOut) => BodyError::TimedOut,
        _ => BodyError::Disconnected,
    }
}
