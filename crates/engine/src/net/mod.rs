//! Listening, accepting, and choosing a protocol.

pub(crate) mod acceptor;
pub(crate) mod connection;
pub(crate) mod listener;
mod sniff;
