//! What every protocol asks of a connection's socket.

pub(crate) mod connection_guard;
pub(crate) mod rewind;
pub(crate) mod socket;
pub(crate) mod stall;
