//! From the queue to a worker, and how a worker waits.

pub(crate) mod driver;
pub(crate) mod exchange;
pub(crate) mod idle;
pub(crate) mod lanes;
pub(crate) mod lock_group;
pub(crate) mod queue;
pub(crate) mod relief;
pub(crate) mod shard;
pub(crate) mod signal;
pub(crate) mod slot;
pub(crate) mod slots;
pub(crate) mod standby;
pub(crate) mod worker;
