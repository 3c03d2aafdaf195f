//! Heads that hyper does not write: those of interim responses and of hijacked connections.

use http::header::DATE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::http::date;

/// Appends a head as HTTP/1.1 has it on the wire (RFC 9112 section 4).
pub(crate) fn write_head(out: &mut Vec<u8>, status: StatusCode, headers: &HeaderMap) {
    let reason = status.canonical_reason().unwrap_or_default();
    out.extend_from_slice(format!("HTTP/1.1 {} {reason}\r\n", status.as_u16()).as_bytes());
    if !status.is_informational() && !headers.contains_key(DATE) {
        write_field(out, &DATE, &date::now());
    }
    headers.iter().for_each(|(name, value)| write_field(out, name, value));
    out.extend_from_slice(b"\r\n");
}

fn write_field(out: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) {
    for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
        out.extend_from_slice(part);
    }
}
