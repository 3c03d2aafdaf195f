//! HTTP/1 (RFC 9112), with hyper behind checks of our own.

pub(crate) mod chunks;
pub(crate) mod connection;
pub(crate) mod framing;
pub(crate) mod head;
pub(crate) mod incoming;
pub(crate) mod linger;
pub(crate) mod options;
pub(crate) mod refused_request;
pub(crate) mod service;
pub(crate) mod state;
pub(crate) mod transport;
pub(crate) mod tunnel;
