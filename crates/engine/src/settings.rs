//! The settings of a server, as resolved values. Defaults, bounds and their wording live in the code that makes this
//! struct.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::tls::config::Tls;
use crate::trusted_proxies::TrustedProxies;

/// Resolved settings of one server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen, at least one.
    pub listeners: Vec<ListenerSettings>,
    /// Connections that the system holds until they are accepted, for each listener.
    pub backlog: i32,
    /// Whether other processes may listen on the same TCP ports, if they ask for it as well: the system deals
    /// connections out to all of them.
    pub reuse_port: bool,
    /// Clients whose `Forwarded` and `X-Forwarded-*` headers count.
    pub trusted_proxies: Arc<TrustedProxies>,
    /// Threads that drive the network, at least 1.
    pub io_threads: usize,
    /// Shards: workers drive the connections while they wait, each worker those of its shard. Several threads may be
    /// workers of one shard. 0 to leave the connections to the threads above.
    pub shards: usize,
    /// Whether a request goes to a worker that is awake, into a short queue of its own, rather than to one that must be
    /// woken. Has no effect with shards: the worker that reads a request is awake.
    pub lanes: bool,
    /// How many requests a worker takes from the queue at once, at least 1. Other workers take those that it does not
    /// come to.
    pub batch: usize,
    /// How many requests may wait for a worker.
    pub queue_depth: usize,
    /// How long a request may wait for a place in a full queue before it is answered 503.
    pub queue_timeout: Duration,
    /// How long a request may wait and run until its response begins. Then the engine answers 504, and what the worker
    /// answers goes nowhere. `None` for no limit.
    pub request_timeout: Option<Duration>,
    /// Largest request head in bytes: request line and headers.
    pub max_head_size: usize,
    /// Longest request target in bytes, at most 65,534.
    pub max_target_size: usize,
    /// Most header lines of a request.
    pub max_headers: usize,
    /// How long a client may take for a request head, from its first byte; also how long a new connection may stay
    /// silent.
    pub head_timeout: Duration,
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// How long a connection may stay silent between two requests.
    pub keep_alive_timeout: Duration,
    /// How long a client may pause within a request body, once the worker has begun to read it. The next piece is read
    /// ahead while the app works on the last.
    pub body_timeout: Duration,
    /// How long a client may take nothing of its response; `None` for no limit.
    pub send_timeout: Option<Duration>,
    /// How long to read on after the response to a client that has not sent all of its request.
    pub linger_timeout: Duration,
    /// Most open connections; more wait in the system's backlog.
    pub max_connections: usize,
    /// Most requests on one connection; `None` for no limit.
    pub max_requests: Option<u64>,
    /// Largest request body in bytes; `None` for no limit.
    pub max_body_size: Option<u64>,
    /// Whether clients may speak HTTP/2, too: on a cleartext connection with prior knowledge (RFC 9113 section 3.3).
    pub http2: bool,
    /// Most requests at a time on one connection of HTTP/2, at least 1. Those count, too, that the client has reset and
    /// that still wait for a worker or have one.
    pub max_streams: u32,
}

/// Where to listen, and what is spoken there.
#[derive(Debug, Clone)]
pub struct ListenerSettings {
    /// The socket.
    pub source: Source,
    /// Whether somebody else keeps the socket, such as a service manager: it outlives this server, and so does its
    /// file.
    pub is_kept: bool,
    /// What is spoken there is encrypted, if this is set.
    pub tls: Option<Arc<Tls>>,
    /// Whether each connection must begin with a header of the PROXY protocol, which says whose it is.
    pub proxy_protocol: bool,
}

/// Where a listening socket comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// A new TCP socket.
    Tcp {
        /// Host name or address, without brackets: `127.0.0.1`, `::1`, `localhost`.
        host: String,
        /// 0 lets the system pick one.
        port: u16,
    },
    /// A new Unix domain socket.
    Unix {
        /// Its file. One that is left of a server that is gone is replaced.
        path: PathBuf,
        /// The permissions of the file; `None` for what the umask leaves.
        mode: Option<u32>,
    },
    /// A TCP or Unix socket that listens already. It is duplicated; until its owner closes it, too, clients can connect
    /// to it, whichever process accepts.
    Inherited(Arc<OwnedFd>),
}
