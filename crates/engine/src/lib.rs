//! The front-end of Kino: it owns the network and hands requests to workers.
//!
//! It knows nothing of Ruby. A worker is whoever calls [`Worker::take`]: a Ruby thread through the
//! binding, or a closure on a std thread in the tests and benches of this crate.
//!
//! The rooms, in the order in which a request walks through them:
//!
//! | room | what it holds |
//! |---|---|
//! | `net::listener` | bind, accept, back off when file descriptors run out |
//! | `net::connection` | one connection: hyper, until HTTP is over on it |
//! | `net::service` | what hyper hands each request to: it queues them |
//! | `net::socket` | what a connection asks of its socket besides bytes |
//! | `net::wire`, `net::shared` | what may come from a client: whole, well-formed heads, in time |
//! | `net::wire::sending`, `net::stall` | what goes to a client, and how long it may take nothing of it |
//! | `net::linger` | how long to read on for a client that was answered before it had sent all |
//! | `net::stand_in` | what hyper gets in the place of a head that is refused |
//! | `http::framing`, `http::chunks`, `http::syntax` | RFC 9112, byte for byte |
//! | [`http::refusal`](Reason) | why the engine answers by itself |
//! | [`http::request`](RequestHead) | the request head, its target and host |
//! | [`http::body`](BodyReader), `http::pipe`, `http::file` | bodies both ways, bounded |
//! | [`dispatch::exchange`](Exchange) | what a worker gets |
//! | `dispatch::queue` | the one bounded queue and its 503 policy |
//! | [`dispatch::worker`](Worker), [`dispatch::signal`](Signal) | a worker's side of the queue, and how it waits |
//! | `dispatch::idle` | the workers that wait there, and which of them is woken |
//! | [`dispatch::lock_group`](LockGroup) | workers that share a lock, as the threads of a Ractor do |
//! | `dispatch::lanes` | short queues of the workers' own in front of it, where they are asked for |
//! | `dispatch::shard`, `dispatch::standby` | connections that workers drive while they wait, and who does meanwhile |
//! | [`dispatch::relief`](NotPutBack), `dispatch::driver` | workers that take the place of all others, and who drives the shards then |
//! | `dispatch::slot` | one worker slot: its wake-up, its interrupt, what it has in flight |
//! | [`dispatch::slots`](WorkerRow) | the worker threads there are, and the times of those that have gone |
//! | [`http::reply`](Reply) | the answer handle: the first to claim it answers |
//! | [`http::watchers`](Watch) | those who wait for the end of a request |
//! | [`http::response`](Response) | the response value and the engine's own answers |
//! | [`server`](Server) | owns all of the above: start, drain, stop |
//! | `alarm` | one timer for many deadlines |
//! | [`stats`](Snapshot), [`histogram`](Percentiles) | counters, times, and their snapshot |
//!
//! Imports point along that way. An answer travels back through the handle that the request
//! carries, never by importing upward.

mod alarm;
mod dispatch;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod histogram;
mod http;
#[cfg(all(test, kino_loom))]
mod models;
mod net;
mod server;
mod settings;
mod stats;
mod sync;

pub use crate::dispatch::exchange::Exchange;
pub use crate::dispatch::lock_group::LockGroup;
pub use crate::dispatch::relief::NotPutBack;
pub use crate::dispatch::signal::{Signal, Wake};
pub use crate::dispatch::slots::{Times, WorkerRow};
pub use crate::dispatch::worker::{Take, Worker};
pub use crate::error::Error;
pub use crate::histogram::Percentiles;
pub use crate::http::body::{BodyReader, BodyWriter, Finish, ReadError, Readable, Writable, WriteError};
pub use crate::http::chunks::{ChunkedDecoder, NotChunked};
pub use crate::http::file::open_file;
pub use crate::http::refusal::Reason;
pub use crate::http::reply::{Client, Gone, Reply};
pub use crate::http::request::{ConnectionInfo, RequestHead};
pub use crate::http::response::{NoLength, Response, ResponseBody, announced, is_bodiless};
pub use crate::http::syntax::decimal;
pub use crate::http::watchers::Watch;
pub use crate::server::Server;
pub use crate::settings::Settings;
pub use crate::stats::Snapshot;
