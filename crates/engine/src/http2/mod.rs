//! HTTP/2 (RFC 9113), by the `h2` crate behind limits of our own.
//!
//! What one connection may hold, beside what the app holds of its requests:
//!
//! | what | bytes at most |
//! |---|---|
//! | request bodies that nobody has read | [`WINDOW`](options::WINDOW) for each stream |
//! | heads of requests | two of `max_head_size`, and 32 for each header, for each stream |
//! | responses in h2's buffers | [`SEND_BUFFER`](options::SEND_BUFFER) for each stream |
//! | responses in pipes, and pieces of files | as in HTTP/1, for each stream |
//! | frames | one to read and one to write, of 16 KiB |
//!
//! The number of streams is `Settings::max_streams`.

pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod options;
pub(crate) mod request;
pub(crate) mod scanner;
pub(crate) mod state;
pub(crate) mod stream;
pub(crate) mod streams;
pub(crate) mod transport;
