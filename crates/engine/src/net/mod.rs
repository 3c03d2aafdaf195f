//! Listening, accepting, and choosing a protocol.

pub(crate) mod acceptor;
pub(crate) mod bind;
pub(crate) mod connection;
pub(crate) mod listener;
pub(crate) mod proxy_protocol;
pub(crate) mod sniff;
