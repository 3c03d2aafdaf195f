//! The request head as a worker sees it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, Method, Version};

use crate::http::context::{ConnectionContext, ConnectionInfo};
use crate::http::forwarded::{Client, Forwarded};

/// Method, target, headers and peer of one request.
#[derive(Debug, Clone)]
pub struct RequestHead {
    parts: Parts,
    context: Arc<ConnectionContext>,
    /// What a trusted proxy says.
    forwarded: Option<Box<Forwarded>>,
}

impl RequestHead {
    pub(crate) fn new(parts: Parts, context: Arc<ConnectionContext>) -> Self {
        let forwarded = context.trusted.as_ref().and_then(|proxies| Forwarded::of(&parts.headers, proxies));
        Self { parts, context, forwarded }
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
        &self.context.info
    }

    /// The path as the client sent it: not decoded, not normalised. `*` for `OPTIONS *`.
    pub fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// The part of the target after the first `?`; "" if there is none.
    pub fn query(&self) -> &str {
        self.parts.uri.query().unwrap_or("")
    }

    /// The address and port of the client, whom a trusted proxy may name, without a port. None if it is not known, or
    /// has none.
    pub fn client(&self) -> (Option<IpAddr>, Option<u16>) {
        match self.forwarded.as_ref().and_then(|forwarded| forwarded.client) {
            Some(Client::Known(ip)) => (Some(ip), None),
            Some(Client::Unknown) => (None, None),
            None => (self.context.info.peer.map(|peer| peer.ip()), self.context.info.peer.map(|peer| peer.port())),
        }
    }

    /// The host and port that the client asked for. The target's authority wins over the Host header (RFC 9112 section
    /// 3.2.2), and what a trusted proxy says over both.
    pub fn authority(&self) -> Option<&str> {
        if let Some(host) = self.forwarded.as_ref().and_then(|forwarded| forwarded.host.as_deref()) {
            return Some(host);
        }
        match self.parts.uri.authority() {
            Some(authority) => Some(authority.as_str()),
            None => self.parts.headers.get(HOST).and_then(|value| value.to_str().ok()),
        }
    }

    /// Whether the client's connection is encrypted: the one to this server, or that to a trusted proxy.
    pub fn is_https(&self) -> bool {
        let forwarded = self.forwarded.as_ref().and_then(|forwarded| forwarded.is_https);
        forwarded.unwrap_or(self.context.info.tls.is_some())
    }

    /// The scheme's default port (RFC 9110 sections 4.2.1 and 4.2.2).
    fn default_port(&self) -> u16 {
        if self.is_https() { 443 } else { 80 }
    }

    /// The server's name and port as the client knows them: from [`Self::authority`], with the scheme's default port if
    /// it has none; without an authority (HTTP/1.0), from the server's own address, or `localhost` if it has none.
    pub fn server(&self) -> (String, u16) {
        match self.authority().filter(|it| !it.is_empty()) {
            Some(authority) => {
                let (name, port) = split_authority(authority);
                (name.to_owned(), port.unwrap_or(self.default_port()))
            }
            None => match self.context.info.local {
                Some(local) => (bracketed(local), local.port()),
                None => ("localhost".to_owned(), self.default_port()),
            },
        }
    }
}

/// Splits `[::1]:8080` into `[::1]` and 8080. A port that is not a number counts as none. There is no userinfo: a
/// target or Host with userinfo was refused.
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
