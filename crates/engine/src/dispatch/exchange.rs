//! What a worker gets: one request and the handle for its answer.

use std::time::Instant;

use http::StatusCode;

use crate::http::body::BodyReader;
use crate::http::reply::Reply;
use crate::http::request::RequestHead;
use crate::http::response::Response;

/// One request in a worker's hands. Dropping it unanswered answers 500.
#[derive(Debug)]
pub struct Exchange {
    /// Method, target, headers, peer.
    pub head: RequestHead,
    /// The request body. Until it is asked for, no more of it is read than came with the head.
    pub body: BodyReader,
    /// The handle for the answer.
    pub reply: Reply,
    /// When its head had come: since then it has waited, for a place in the queue and for a worker.
    pub came: Instant,
}

impl Exchange {
    /// Answers for a server that takes no more requests.
    pub(crate) fn turn_away(self) {
        let _ = self.reply.send(Response::closing(StatusCode::SERVICE_UNAVAILABLE));
    }
}
