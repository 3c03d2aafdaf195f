//! What the first workers of a server leave to those that relieve them, see [`crate::Server::relieve`].

use std::collections::VecDeque;

use crate::dispatch::exchange::Exchange;
use crate::dispatch::queue::Queue;

/// A part of what the queue's lock protects.
#[derive(Debug)]
pub(crate) struct Relief<T> {
    /// Whether the first workers have been told to leave. That does not change any more.
    pub(crate) has_begun: bool,
    /// What they could not answer. It is older than all that waits, holds no place of the queue's, and only those
    /// that relieve them take it.
    pub(crate) put_back: VecDeque<T>,
}

impl<T> Default for Relief<T> {
    fn default() -> Self {
        Self { has_begun: false, put_back: VecDeque::new() }
    }
}

/// Why a request was not put back.
#[derive(Debug)]
pub enum NotPutBack {
    /// Nobody relieves the workers, it was put back before, or it is answered: it is as it was.
    Refused(Box<Exchange>),
    /// The server takes no more requests; it is answered 503.
    Closed,
}

/// Puts `exchange` back for those that relieve the workers. Once only: what the second cannot answer either, a third
/// could not.
pub(crate) fn put_back(queue: &Queue<Box<Exchange>>, mut exchange: Box<Exchange>) -> Result<(), NotPutBack> {
    if !queue.is_relieved() || !exchange.reply.put_back() {
        return Err(NotPutBack::Refused(exchange));
    }
    queue.put_back(exchange).map_err(|exchange| {
        exchange.turn_away();
        NotPutBack::Closed
    })
}
