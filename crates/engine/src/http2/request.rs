//! What a request head may look like in HTTP/2 (RFC 9113 section 8).
//!
//! h2 resets the streams of requests that are malformed: those with connection-specific fields, with missing or repeated
//! pseudo-header fields, or with an authority or a path that is no part of a URI. It ends the connection for bytes that
//! are in no header at all: control characters, upper-case or empty names. It cuts off a fragment. Here is what remains: what HTTP/1 refuses, too, and the limits.

use http::header::{CONTENT_LENGTH, HOST};
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::http::response::announced;
use crate::http::syntax::{is_host, is_target};
use crate::http1::framing::{HeadLimits, MAX_METHOD};
use crate::refusal::Reason;

/// Bytes that HTTP/1 needs beside names and values: for each line, and for the first.
const LINE_OVERHEAD: usize = 4;
const FIRST_LINE_OVERHEAD: usize = 12;

/// Refuses what no app should see.
pub(super) fn check(head: &Parts, limits: &HeadLimits) -> Result<(), Reason> {
    let method = head.method.as_str();
    if head.method == Method::CONNECT {
        return Err(Reason::Connect);
    }
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    if method.len() > MAX_METHOD {
        return Err(Reason::BadRequestLine);
    }
    if target.len() > limits.target {
        return Err(Reason::TargetTooLong);
    }
    if head.headers.len() > limits.headers {
        return Err(Reason::TooManyHeaders);
    }
    let first_line = method.len() + target.len() + FIRST_LINE_OVERHEAD;
    let lines = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + LINE_OVERHEAD);
    if first_line + lines.sum::<usize>() > limits.head {
        return Err(Reason::HeadTooLarge);
    }
    let is_known_form = target.starts_with('/') || (target == "*" && head.method == Method::OPTIONS);
    // h2 keeps the scheme only beside an authority.
    let is_known_scheme = matches!(head.uri.scheme_str(), None | Some("http" | "https"));
    if !is_known_form || !is_known_scheme || !is_target(target.as_bytes()) {
        return Err(Reason::BadTarget);
    }
    check_host(head)?;
    check_fields(&head.headers)
}

/// `:authority` and Host must not contradict each other (RFC 9113 section 8.3.1), or else a proxy and the app might not
/// agree on whose request it is.
fn check_host(head: &Parts) -> Result<(), Reason> {
    let mut hosts = head.headers.get_all(HOST).iter().map(|value| value.as_bytes());
    let (host, more) = (hosts.next(), hosts.next());
    let authority = head.uri.authority().map(|authority| authority.as_str().as_bytes());
    let agree = match (authority, host) {
        (Some(authority), Some(host)) => authority.eq_ignore_ascii_case(host),
        (Some(_), None) | (None, Some(_)) => true,
        (None, None) => false,
    };
    // Which also refuses user information.
    let is_whole = authority.or(host).is_some_and(is_host);
    if agree && is_whole && more.is_none() { Ok(()) } else { Err(Reason::BadHost) }
}

fn check_fields(headers: &HeaderMap) -> Result<(), Reason> {
    if announced(headers).is_err() || headers.get_all(CONTENT_LENGTH).iter().nth(1).is_some() {
        return Err(Reason::BadLength);
    }
    // RFC 9113 section 8.2.1. Control characters are not among the values that h2 can make.
    if headers.values().any(|value| is_padded(value.as_bytes())) { Err(Reason::BadHeader) } else { Ok(()) }
}

/// Whether a value begins or ends with space.
pub(super) fn is_padded(value: &[u8]) -> bool {
    matches!(value, [b' ' | b'\t', ..] | [.., b' ' | b'\t'])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::Request;

    use super::*;

    const LIMITS: HeadLimits = HeadLimits { head: 1000, target: 100, headers: 10 };

    fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn what_http_1_takes_is_taken() {
        for (method, uri, headers) in [
            ("GET", "http://a/", &[][..]),
            ("GET", "https://a:443/b?c=d|e", &[("host", "A:443")]),
            ("GET", "/", &[("host", "a")]),
            ("OPTIONS", "*", &[("host", "a")]),
            ("POST", "http://[::1]:80/", &[("content-length", "5"), ("te", "trailers")]),
        ] {
            assert_eq!(check(&head(method, uri, headers), &LIMITS), Ok(()), "{method} {uri} {headers:?}");
        }
    }

    #[test]
    fn what_http_1_refuses_is_refused_for_the_same_reason() {
        let long = format!("http://a/{}", "x".repeat(100));
        let large = "x".repeat(1000);
        let many = [("a", "b"); 11];
        for (method, uri, headers, reason) in [
            ("CONNECT", "a:80", &[][..], Reason::Connect),
            (&"M".repeat(65), "http://a/", &[], Reason::BadRequestLine),
            ("GET", "*", &[("host", "a")], Reason::BadTarget),
            ("GET", "ftp://a/", &[], Reason::BadTarget),
            ("GET", "http://a/\u{e9}", &[], Reason::BadTarget),
            ("GET", &long, &[], Reason::TargetTooLong),
            ("GET", "http://a/", &many, Reason::TooManyHeaders),
            ("GET", "http://a/", &[("a", &large)], Reason::HeadTooLarge),
            ("GET", "/", &[], Reason::BadHost),
            ("GET", "/", &[("host", "")], Reason::BadHost),
            ("GET", "/", &[("host", "a"), ("host", "a")], Reason::BadHost),
            ("GET", "/", &[("host", "a,b")], Reason::BadHost),
            ("GET", "http://a/", &[("host", "b")], Reason::BadHost),
            ("GET", "http://user@a/", &[], Reason::BadHost),
            ("GET", "http://a/", &[("a", " b")], Reason::BadHeader),
            ("GET", "http://a/", &[("a", "b\t")], Reason::BadHeader),
            ("POST", "http://a/", &[("content-length", "+1")], Reason::BadLength),
            ("POST", "http://a/", &[("content-length", "1"), ("content-length", "1")], Reason::BadLength),
        ] {
            assert_eq!(check(&head(method, uri, headers), &LIMITS), Err(reason), "{method} {uri} {headers:?}");
        }
    }
}
