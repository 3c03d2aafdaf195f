//! What the engine is told: resolved values only. Defaults, bounds and their wording live with
//! whoever makes this struct.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

/// Resolved settings of one server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Host name or address to listen on, without brackets: `127.0.0.1`, `::1`, `localhost`.
    pub host: String,
    /// TCP port; 0 lets the system pick one.
    pub port: u16,
    /// A socket that listens already, in place of host and port. It is duplicated; who made it closes it, and until
    /// then clients can connect to it, whoever accepts.
    pub inherited: Option<Arc<TcpListener>>,
    /// Threads that drive the network, at least 1.
    pub io_threads: usize,
    /// Workers that drive connections themselves while they wait, each with its share of them; 0 to
    /// leave that to the threads above. More than one thread may be a worker of the same share.
    pub shards: usize,
    /// Whether a request goes to a worker that is awake, into a short queue of its own, rather than to one
    /// that must be woken. Not where workers drive connections: who reads a request there is awake.
    pub lanes: bool,
    /// How many requests a worker takes from the queue at once, at least 1. Others take what it does not
    /// come to.
    pub batch: usize,
    /// How many requests may wait for a worker.
    pub queue_depth: usize,
    /// How long a request may wait for a place in a full queue before it is answered 503.
    pub queue_timeout: Duration,
    /// How long a request may wait and run until its answer begins; then the engine answers 504 and the
    /// worker goes on for nobody. `None` for no limit.
    pub request_timeout: Option<Duration>,
    /// Largest request head in bytes: request line and headers.
    pub max_head_size: usize,
    /// Longest request target in bytes; beyond 65,534 it counts as that.
    pub max_target_size: usize,
    /// Most header lines of a request.
    pub max_headers: usize,
    /// How long a client may take for a request head, from its first byte; also how long a new
    /// connection may stay silent.
    pub head_timeout: Duration,
    /// How long a connection may stay silent between two requests.
    pub keep_alive_timeout: Duration,
    /// How long a client may pause within a request body, once somebody has begun to read it: the next
    /// piece is waited for while the last is worked on.
    pub body_timeout: Duration,
    /// How long a client may take nothing of its answer; None for as long as it likes.
    pub send_timeout: Option<Duration>,
    /// How long to read on for a client that was answered before it had sent all of its request.
    pub linger_timeout: Duration,
    /// Most connections at a time; more wait in the system's backlog.
    pub max_connections: usize,
    /// Most requests on one connection; `None` for no limit.
    pub max_requests: Option<u64>,
    /// Largest request body in bytes; `None` for no limit.
    pub max_body_size: Option<u64>,
}
