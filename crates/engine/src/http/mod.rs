//! Requests, bodies, replies and responses; none of it knows which HTTP version carries it.

pub(crate) mod body;
pub(crate) mod pipe;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod response;
