//! From a protocol to a worker and back: the queue, the workers' waits, and the exchange between worker and connection.

pub(crate) mod backup_driver;
pub(crate) mod body_reader;
pub(crate) mod body_writer;
pub(crate) mod dispatcher;
pub(crate) mod driver_thread;
pub(crate) mod exchange;
pub(crate) mod exchange_state;
pub(crate) mod idle;
pub(crate) mod in_flight;
pub(crate) mod lanes;
pub(crate) mod lock_group;
pub(crate) mod queue;
pub(crate) mod relief;
pub(crate) mod response_receiver;
pub(crate) mod response_sender;
pub(crate) mod shard;
pub(crate) mod slot;
pub(crate) mod slots;
pub(crate) mod unparker;
pub(crate) mod worker;
