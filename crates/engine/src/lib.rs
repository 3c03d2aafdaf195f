//! The front-end of Kino: it owns the network and hands requests to workers.
//!
//! It knows nothing of Ruby. A worker is a thread that calls [`Worker::take`]: a Ruby thread through the binding, or a
//! std thread in the tests and examples of this crate.
//!
//! This table is the map, in the order in which a request passes through. It is also the order of imports: a module
//! imports only modules of later rows. `rake lint:order` checks that.
//!
//! | module | what it does |
//! |---|---|
//! | [`server`](Server) | owns everything below: start, drain, stop |
//! | `net::acceptor` | decides which runtime serves an accepted connection |
//! | `net::listener` | accepts, backs off when file descriptors run out |
//! | [`net::bind`](Address) | opens, replaces, inherits and removes listening sockets |
//! | `net::connection` | one connection: what is the same for every protocol, and which it speaks |
//! | `net::proxy_protocol` | the header by which a proxy says whose connection it passes on |
//! | `tls::handshake` | the beginning of a TLS connection, and what is known of its client |
//! | `net::sniff` | which protocol the first bytes of a connection belong to |
//! | `http2::connection` | HTTP/2 on a connection, by h2, until it ends |
//! | `http2::streams` | the streams of a connection: polls those that something has happened to |
//! | `http2::stream` | one request of HTTP/2, and its response |
//! | `http2::request` | which heads are refused |
//! | `http2::body` | h2's request bodies as body sources |
//! | `http2::transport`, `http2::scanner` | between h2 and the socket: counts frames, and notices stalled clients |
//! | `http2::state` | what transport and streams of a connection tell each other |
//! | `http2::options` | the settings that concern HTTP/2 |
//! | `http1::connection` | HTTP/1 on a connection, by hyper, until it ends or is hijacked |
//! | `http1::service` | hyper's service: dispatches requests, and turns outcomes into HTTP/1 responses |
//! | `http1::incoming` | hyper's request bodies as body sources |
//! | `http1::transport` | between hyper and the socket: well-formed heads and bodies only, in time |
//! | `http1::tunnel` | copies the bytes of a hijacked connection |
//! | `http1::refused_request` | what hyper gets in the place of a refused head |
//! | `http1::state` | what transport and service of a connection tell each other |
//! | `http1::head` | heads that hyper does not write |
//! | `http1::options` | the settings that concern HTTP/1 |
//! | `http1::linger` | reads on for a client that was answered before it had sent everything |
//! | [`http1::chunks`](ChunkedDecoder), `http1::framing` | RFC 9112, byte for byte |
//! | `tls::stream` | TLS connections as sockets |
//! | `io::rewind`, `io::stall` | streams of which some was read already; stalled clients |
//! | `io::stream` | accepted connections, TCP and Unix |
//! | `io::socket`, `io::connection_guard` | sockets; the count of connections |
//! | [`dispatch::worker`](Worker) | a worker's side of the queue |
//! | `dispatch::dispatcher` | the way of every request into the queue, and its deadline |
//! | `dispatch::queue` | the one bounded queue and its 503 policy |
//! | `dispatch::idle` | the idle workers, and which of them is woken |
//! | `dispatch::lanes` | short queues for each worker in front of the shared one, if enabled |
//! | [`dispatch::relief`](NotPutBack) | requests that relieved workers leave behind |
//! | [`dispatch::exchange`](Exchange) | what a worker gets |
//! | `dispatch::response_receiver` | the connection's side of an exchange: its outcome |
//! | [`dispatch::response_sender`](ResponseSender) | the worker's side of an exchange: its answer |
//! | [`dispatch::body_writer`](BodyWriter), [`dispatch::body_reader`](BodyReader) | bodies as a worker sees them |
//! | `dispatch::in_flight` | what a worker has in flight |
//! | [`dispatch::slots`](WorkerRow), `dispatch::slot` | the worker threads, what each is doing, and their times |
//! | [`dispatch::lock_group`](LockGroup) | workers that share a lock, like the threads of a Ractor |
//! | `dispatch::exchange_state` | what both sides of an exchange share: the first to claim it answers |
//! | `dispatch::backup_driver`, `dispatch::driver_thread` | threads that drive shards when no worker does |
//! | `dispatch::shard` | connections that workers drive while they wait |
//! | `dispatch::unparker` | wakes the backup driver |
//! | [`http::request`](RequestHead), [`http::response`](Response) | requests and responses |
//! | [`http::file`](open_file), `http::pipe` | files as response bodies, and streamed ones |
//! | `http::date` | the Date header |
//! | `http::body` | where a request body comes from |
//! | [`http::context`](ConnectionInfo) | what a request knows of its connection |
//! | `http::forwarded` | what trusted proxies say of a request |
//! | [`http::watchers`](Watch) | threads that wait for the end of a request |
//! | [`http::syntax`](decimal) | character classes of RFC 9110 and 9112 |
//! | [`parker`](Parker) | how threads wait, and what they drive meanwhile |
//! | `alarm` | one timer for many deadlines |
//! | [`stats`](Snapshot), [`histogram`](Percentiles) | counters and times |
//! | [`refusal`](Reason) | why a request is refused |
//! | [`settings`](Settings), [`error`](Error), `sync` | settings, lifecycle errors, locks and atomics |
//! | [`trusted_proxies`](TrustedProxies) | which clients are proxies that are believed |
//! | [`tls::config`](Tls), `tls::resolver`, `tls::certificate` | rustls' configuration, and who gets which certificate |
//! | [`tls::info`](TlsInfo), [`tls::settings`](TlsSettings) | clients' certificates, and what a listener needs |
//! | [`tls::development`](development_certificate) | a certificate for development |
//!
//! An answer travels back through the handle that the request carries, never through an import.

mod alarm;
mod dispatch;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod histogram;
mod http;
mod http1;
mod http2;
mod io;
#[cfg(all(test, kino_loom))]
mod models;
mod net;
mod parker;
mod refusal;
mod server;
mod settings;
mod stats;
mod sync;
mod tls;
mod trusted_proxies;

pub use crate::dispatch::body_reader::{BodyReader, ReadError, Readable};
pub use crate::dispatch::body_writer::{BodyWriter, Finish, Writable, WriteError};
pub use crate::dispatch::exchange::Exchange;
pub use crate::dispatch::exchange_state::Gone;
pub use crate::dispatch::lock_group::LockGroup;
pub use crate::dispatch::relief::NotPutBack;
pub use crate::dispatch::response_sender::{Client, ResponseSender};
pub use crate::dispatch::slots::{Times, WorkerRow};
pub use crate::dispatch::worker::{Take, Worker};
pub use crate::error::Error;
pub use crate::histogram::Percentiles;
pub use crate::http::context::ConnectionInfo;
pub use crate::http::file::open_file;
pub use crate::http::request::RequestHead;
pub use crate::http::response::{InterimResponse, NoLength, Response, ResponseBody, announced, is_bodiless};
pub use crate::http::syntax::decimal;
pub use crate::http::watchers::Watch;
pub use crate::http1::chunks::{ChunkedDecoder, NotChunked};
pub use crate::net::bind::Address;
pub use crate::parker::{Parker, Wake};
pub use crate::refusal::Reason;
pub use crate::server::Server;
pub use crate::settings::{ListenerSettings, Settings, Source};
pub use crate::stats::Snapshot;
pub use crate::tls::config::Tls;
pub use crate::tls::development::{Date, development_certificate};
pub use crate::tls::info::{ClientCertificate, TlsInfo};
pub use crate::tls::settings::{CertificatePair, ClientVerification, Pem, TlsError, TlsSettings};
pub use crate::trusted_proxies::TrustedProxies;
