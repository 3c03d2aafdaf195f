//! Requests that relieved workers leave behind, see [`Server::relieve`](crate::Server::relieve).

use std::collections::VecDeque;

use crate::dispatch::exchange::Exchange;

/// A part of what the queue's lock protects.
#[derive(Debug)]
pub(crate) struct Relief<T> {
    /// Whether the first workers were told to leave. Never becomes false again.
    pub(crate) has_begun: bool,
    /// Requests that they could not answer. These are older than all that wait, hold no place in the queue, and go only
    /// to the workers that relieve them.
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
    /// The workers are not relieved, it was put back before, or it is answered. It is unchanged.
    Refused(Box<Exchange>),
    /// The server takes no more requests. It was answered 503.
    Closed,
}
