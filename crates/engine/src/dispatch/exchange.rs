//! What a worker gets: one request, and the handle for its answer.

use std::sync::Arc;
use std::time::Instant;

use crate::dispatch::body_reader::BodyReader;
use crate::dispatch::exchange_state::ExchangeState;
use crate::dispatch::response_receiver::ResponseReceiver;
use crate::dispatch::response_sender::ResponseSender;
use crate::http::body::RequestBody;
use crate::http::context::{ConnectionContext, RequestGuard};
use crate::http::request::RequestHead;

/// One request in a worker's hands. Dropping it unanswered answers 500.
#[derive(Debug)]
pub struct Exchange {
    /// Method, target, headers, peer.
    pub head: RequestHead,
    /// The request body. Until it is read, the front-end reads no more of it than came with the head.
    pub body: BodyReader,
    /// The handle for the answer.
    pub reply: ResponseSender,
    /// When its head was complete. Since then it has waited for a place in the queue and for a worker.
    pub received_at: Instant,
}

impl Exchange {
    /// An exchange, and the receiver of its outcome. `max_body_size` in bytes.
    pub(crate) fn new(
        head: RequestHead,
        body: Option<RequestBody>,
        max_body_size: Option<u64>,
        received_at: Instant,
        context: Arc<ConnectionContext>,
        guard: Option<RequestGuard>,
    ) -> (Box<Self>, ResponseReceiver) {
        let (declared, source) = match body {
            Some(body) => (body.length, Some(body.source)),
            None => (Some(0), None),
        };
        let has_body = source.is_some();
        let state = ExchangeState::new(context, source);
        let body = BodyReader::new(has_body, declared, max_body_size, Arc::clone(&state));
        let exchange =
            Box::new(Self { head, body, reply: ResponseSender::new(Arc::clone(&state), guard), received_at });
        (exchange, ResponseReceiver::new(state))
    }

    /// Answers for a server that takes no more requests.
    pub(crate) fn turn_away(self) {
        self.reply.turn_away();
    }
}
