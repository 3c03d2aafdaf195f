//! The request head as a worker sees it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, Method, Version};

use crate::dispatch::shard::Shard;
use crate::stats::Stats;

/// What is the same for all requests of one connection.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionInfo {
    /// The other end.
    pub peer: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
}

/// What a request needs to know of its connection and its server. One for each connection, because the
/// count of references to what all connections share is a cache line that all cores write: requests that
/// each held the server's counters five times over did so ten times.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) info: ConnectionInfo,
    pub(crate) stats: Arc<Stats>,
    /// Who drives the connection.
    pub(crate) shard: Option<Arc<Shard>>,
    /// Whether the server stops.
    pub(crate) is_stopping: Arc<AtomicBool>,
}

/// Method, target, headers and peer of one request.
#[derive(Debug, Clone)]
pub struct RequestHead {
    parts: Parts,
    origin: Arc<Origin>,
}

impl RequestHead {
    pub(crate) fn new(parts: Parts, origin: Arc<Origin>) -> Self {
        Self { parts, origin }
    }

    /// The request method.
    pub fn method(&self) -> &Method {
        &self.parts.method
    }

    /// The HTTP version of the message.
    pub fn version(&self) -> Version {
        self.parts.version
    }

    /// The headers; names are lower case.
    pub fn headers(&self) -> &HeaderMap {
        &self.parts.headers
    }

    /// The connection that carried it.
    pub fn connection(&self) -> &ConnectionInfo {
        &self.origin.info
    }

    /// The path as it was sent: not decoded, nothing folded. `*` for `OPTIONS *`.
    pub fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// What follows the first `?` of the target; "" where there is none.
    pub fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or("")
    }

    /// Host and port that the client asked for: the target's authority if it has one, because it
    /// wins over the Host header (RFC 9112 section 3.2.2).
    pub fn authority(&self) -> Option<&str> {
        match self.parts.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => self.parts.headers.get(HOST).and_then(|value| value.to_str().ok()),
        }
    }

    /// The server's name and port as the client knows them: from [`Self::authority`], without a
    /// port the scheme's default; without an authority (HTTP/1.0) our own address.
    pub fn server(&self) -> (String, u16) {
        match self.authority().filter(|it| !it.is_empty()) {
            Some(authority) => {
                let (name, port) = split_authority(authority);
                (name.to_owned(), port.unwrap_or(DEFAULT_PORT))
            }
            None => {
                let local = self.origin.info.local;
                (bracketed(local), local.port())
            }
        }
    }
}

/// The port of `http`; the engine speaks no other scheme yet (RFC 9110 section 4.2.1).
const DEFAULT_PORT: u16 = 80;

/// `[::1]:8080` gives `[::1]` and 8080; a port that is no number counts as none. There is no userinfo:
/// such a target or Host is refused.
fn split_authority(authority: &str) -> (&str, Option<u16>) {
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    match authority[after_bracket..].rfind(':') {
        Some(colon) => {
            let at = after_bracket + colon;
            (&authority[..at], authority[at + 1..].parse().ok())
        }
        None => (authority, None),
    }
}

fn bracketed(address: SocketAddr) -> String {
    match address.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => ip.to_string(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::split_authority;

    #[test]
    fn authority_splits_into_name_and_port() {
        for (given, name, port) in [
            ("example.org", "example.org", None),
            ("example.org:8080", "example.org", Some(8080)),
            ("[::1]", "[::1]", None),
            ("[::1]:8080", "[::1]", Some(8080)),
            ("example.org:", "example.org", None),
            ("example.org:99999", "example.org", None),
        ] {
            assert_eq!(split_authority(given), (name, port), "{given}");
        }
    }
}
