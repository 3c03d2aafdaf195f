//! Made by `rake generate` from lib/kino/config/directives.rb: change that.

use std::time::Duration;

use magnus::{Error, RHash, Ruby};

use crate::ruby::setting::{fetch, seconds};

/// The directives that the front-end is told of, by their names.
pub(crate) struct Directives {
    pub(crate) backlog: usize,
    pub(crate) reuse_port: bool,
    pub(crate) http2: bool,
    pub(crate) queue_depth: usize,
    pub(crate) queue_timeout: Duration,
    pub(crate) request_timeout: Option<Duration>,
    pub(crate) queue_ms: bool,
    pub(crate) early_hints: bool,
    pub(crate) max_body_size: Option<u64>,
    pub(crate) max_head_size: usize,
    pub(crate) max_target_size: usize,
    pub(crate) max_headers: usize,
    pub(crate) max_connections: usize,
    pub(crate) max_keep_alive_requests: Option<u64>,
    pub(crate) max_concurrent_streams: usize,
    pub(crate) head_timeout: Duration,
    pub(crate) handshake_timeout: Duration,
    pub(crate) keep_alive_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) send_timeout: Option<Duration>,
    pub(crate) linger_timeout: Duration,
    pub(crate) lanes: bool,
    pub(crate) batch: usize,
    pub(crate) tokio_threads: usize,
}

impl Directives {
    /// Reads them from the Hash that `Kino::Native.start` is given.
    pub(crate) fn read(ruby: &Ruby, hash: RHash) -> Result<Self, Error> {
        Ok(Self {
            backlog: fetch(ruby, hash, "backlog")?,
            reuse_port: fetch(ruby, hash, "reuse_port")?,
            http2: fetch(ruby, hash, "http2")?,
            queue_depth: fetch(ruby, hash, "queue_depth")?,
            queue_timeout: duration(ruby, hash, "queue_timeout")?,
            request_timeout: maybe_duration(ruby, hash, "request_timeout")?,
            queue_ms: fetch(ruby, hash, "queue_ms")?,
            early_hints: fetch(ruby, hash, "early_hints")?,
            max_body_size: fetch(ruby, hash, "max_body_size")?,
            max_head_size: fetch(ruby, hash, "max_head_size")?,
            max_target_size: fetch(ruby, hash, "max_target_size")?,
            max_headers: fetch(ruby, hash, "max_headers")?,
            max_connections: fetch(ruby, hash, "max_connections")?,
            max_keep_alive_requests: fetch(ruby, hash, "max_keep_alive_requests")?,
            max_concurrent_streams: fetch(ruby, hash, "max_concurrent_streams")?,
            head_timeout: duration(ruby, hash, "head_timeout")?,
            handshake_timeout: duration(ruby, hash, "handshake_timeout")?,
            keep_alive_timeout: duration(ruby, hash, "keep_alive_timeout")?,
            body_timeout: duration(ruby, hash, "body_timeout")?,
            send_timeout: maybe_duration(ruby, hash, "send_timeout")?,
            linger_timeout: duration(ruby, hash, "linger_timeout")?,
            lanes: fetch(ruby, hash, "lanes")?,
            batch: fetch(ruby, hash, "batch")?,
            tokio_threads: fetch(ruby, hash, "tokio_threads")?,
        })
    }
}

fn duration(ruby: &Ruby, hash: RHash, name: &str) -> Result<Duration, Error> {
    seconds(ruby, fetch(ruby, hash, name)?)
}

fn maybe_duration(ruby: &Ruby, hash: RHash, name: &str) -> Result<Option<Duration>, Error> {
    fetch::<Option<f64>>(ruby, hash, name)?.map(|given| seconds(ruby, given)).transpose()
}
