//! The network: listeners and connections.

pub(crate) mod connection;
pub(crate) mod linger;
pub(crate) mod listener;
pub(crate) mod service;
pub(crate) mod shared;
pub(crate) mod socket;
mod stall;
mod stand_in;
pub(crate) mod wire;
