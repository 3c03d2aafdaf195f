//! Requests, responses and their bodies, whatever protocol carries them.

pub(crate) mod body;
pub(crate) mod context;
pub(crate) mod date;
pub(crate) mod file;
pub(crate) mod forwarded;
pub(crate) mod pipe;
pub(crate) mod request;
pub(crate) mod response;
pub(crate) mod syntax;
pub(crate) mod watchers;
