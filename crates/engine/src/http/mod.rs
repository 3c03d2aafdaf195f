//! Requests, bodies, replies and responses. Only `framing` and `chunks` know which HTTP version carries
//! them.

pub(crate) mod body;
pub(crate) mod chunks;
pub(crate) mod file;
pub(crate) mod framing;
pub(crate) mod pipe;
pub(crate) mod refusal;
pub(crate) mod reply;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod syntax;
pub(crate) mod watchers;
