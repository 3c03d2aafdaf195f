//! From what a Rack app returns to the engine's response (Rack 3 SPEC, "The Response").

use bytes::{Bytes, BytesMut};
use http::header::{HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use kino_engine::{Response, ResponseBody, announced, decimal};
use magnus::prelude::*;
use magnus::r_hash::ForEach;
use magnus::{Error, Integer, RArray, RHash, RString, Ruby, Symbol, Value};

use crate::ruby::error::{bad_response, server_header};
use crate::ruby::header_cache::{CachedName, HeaderCache};
use crate::ruby::vm::string;

/// A response head, and what it says about the body.
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Content-Length.
    pub(crate) declared: Option<u64>,
    /// The app has chunked the body itself. Transfer-Encoding is not in `headers`: the engine frames the body.
    pub(crate) is_chunked: bool,
}

impl Head {
    /// # Errors
    ///
    /// `Kino::InvalidResponseError` for what must not be sent. Nothing of it is sent then.
    pub(crate) fn from_rack(ruby: &Ruby, cache: &HeaderCache, status: Value, headers: Value) -> Result<Self, Error> {
        Self::build(ruby, cache, 200, status, headers)
    }

    /// The same for a connection that is hijacked, so the status may be 101, too.
    pub(crate) fn from_rack_or_101(
        ruby: &Ruby,
        cache: &HeaderCache,
        status: Value,
        headers: Value,
    ) -> Result<Self, Error> {
        Self::build(ruby, cache, 101, status, headers)
    }

    fn build(ruby: &Ruby, cache: &HeaderCache, min_status: u16, status: Value, headers: Value) -> Result<Self, Error> {
        let status = status_code(ruby, min_status, status)?;
        let (headers, is_chunked) = header_map(ruby, Some(cache), headers, min_status < 200)?;
        let declared = announced(&headers).map_err(|failed| bad_response(ruby, failed.to_string()))?;
        // A client that believes one of them takes what the other leaves over for the next response (RFC 9112 section
        // 6.3).
        if is_chunked && declared.is_some() {
            return Err(bad_response(ruby, "content-length beside transfer-encoding: leave out one of them"));
        }
        Ok(Self { status, headers, declared, is_chunked })
    }

    /// Leaves the framing to the app, on a hijacked connection.
    pub(crate) fn framed_by_app(mut self) -> Self {
        if self.is_chunked && !self.status.is_informational() {
            self.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        self
    }

    pub(crate) fn with(self, body: ResponseBody) -> Response {
        Response { status: self.status, headers: self.headers, body }
    }
}

/// A status from an Integer, or from a String of digits.
pub(crate) fn status(status: Value) -> Option<StatusCode> {
    let number = match Integer::from_value(status) {
        Some(number) => number.to_u16().ok(),
        None => RString::from_value(status).and_then(|text| string::with_bytes(text, decimal)?.try_into().ok()),
    };
    number.and_then(|number| StatusCode::from_u16(number).ok())
}

/// Only final statuses: an interim one would leave the client waiting for the response.
fn status_code(ruby: &Ruby, min: u16, given: Value) -> Result<StatusCode, Error> {
    status(given).filter(|status| (min..600).contains(&status.as_u16())).ok_or_else(|| {
        bad_response(ruby, format!("the status must be an Integer from {min} to 599, got {}", given.inspect()))
    })
}

/// The headers of an interim response. Its worker's cache is not at hand: the app may call from any thread of the
/// Ractor.
///
/// # Errors
///
/// `Kino::InvalidResponseError` for what must not be sent. Nothing of it is sent then.
pub(crate) fn interim_headers(ruby: &Ruby, headers: Value) -> Result<HeaderMap, Error> {
    header_map(ruby, None, headers, true).map(|(headers, _)| headers)
}

/// The headers without Transfer-Encoding, and whether that says that the body is chunked. `is_hijack`: the worker does
/// what `rack.hijack` or `rack.protocol` asks for.
fn header_map(
    ruby: &Ruby,
    cache: Option<&HeaderCache>,
    headers: Value,
    is_hijack: bool,
) -> Result<(HeaderMap, bool), Error> {
    let Some(hash) = RHash::from_value(headers) else {
        return Err(bad_response(ruby, format!("the headers must be a Hash, got {}", headers.class())));
    };
    let mut map = HeaderMap::with_capacity(hash.len().min(INITIAL_CAPACITY));
    let mut is_chunked = false;
    hash.foreach(|key: Value, value: Value| {
        let Some(key) = RString::from_value(key) else {
            return Err(bad_name(ruby, key));
        };
        let name = match cache.and_then(|cache| cache.get(key)) {
            Some(name) => name,
            None => {
                match audience(key) {
                    Audience::Client => {}
                    Audience::Server => return Ok(ForEach::Continue),
                    Audience::Worker if is_hijack || value.is_nil() => return Ok(ForEach::Continue),
                    Audience::Worker => return Err(server_header(ruby)),
                }
                let name = header_name(ruby, key)?;
                match cache {
                    Some(cache) => cache.insert(key, name),
                    None => CachedName::uncached(name),
                }
            }
        };
        // Not removed afterwards, because that would change the order of the rest.
        if name.name == TRANSFER_ENCODING {
            is_chunked |= says_chunked(ruby, value)?;
            return Ok(ForEach::Continue);
        }
        match RArray::from_value(value) {
            Some(lines) => {
                for line in lines {
                    append(ruby, &mut map, cache, &name, line)?;
                }
            }
            None => append(ruby, &mut map, cache, &name, value)?,
        }
        Ok(ForEach::Continue)
    })?;
    Ok((map, is_chunked))
}

/// Only the coding that can be checked is accepted: one that the app claims and does not apply would let its body run
/// into the next response. nil and an empty Array count as no header.
fn says_chunked(ruby: &Ruby, value: Value) -> Result<bool, Error> {
    let line = match RArray::from_value(value) {
        Some(lines) if lines.is_empty() => return Ok(false),
        Some(lines) if lines.len() == 1 => lines.entry(0)?,
        _ => value,
    };
    if line.is_nil() {
        return Ok(false);
    }
    let is_chunked = RString::from_value(line)
        .is_some_and(|text| string::with_bytes(text, |bytes| bytes.trim_ascii().eq_ignore_ascii_case(b"chunked")));
    if is_chunked {
        return Ok(true);
    }
    let got = value.inspect();
    Err(bad_response(
        ruby,
        format!("the header transfer-encoding may only say that the body is \"chunked\" already, got {got}"),
    ))
}

/// Headers that there is room for at first.
const INITIAL_CAPACITY: usize = 64;

fn append(
    ruby: &Ruby,
    map: &mut HeaderMap,
    cache: Option<&HeaderCache>,
    name: &CachedName,
    value: Value,
) -> Result<(), Error> {
    let text = match RString::from_value(value) {
        Some(text) => text,
        None => value.to_r_string()?,
    };
    let value = string::with_bytes(text, |bytes| match cache {
        Some(cache) => cache.value(name, bytes),
        None => HeaderValue::from_bytes(bytes),
    });
    let value = value.map_err(|_| forbidden_value(ruby, &name.name, text))?;
    map.try_append(name.name.clone(), value).map(|_| ()).map_err(|_| bad_response(ruby, "too many headers"))
}

/// For whom a key of the headers is.
enum Audience {
    Client,
    /// Other `rack.*` keys, which are not sent.
    Server,
    /// Changes what follows the head. The worker acts on it.
    Worker,
}

fn audience(key: RString) -> Audience {
    string::with_bytes(key, |name| match name {
        b"rack.hijack" | b"rack.protocol" => Audience::Worker,
        _ if name.starts_with(b"rack.") => Audience::Server,
        _ => Audience::Client,
    })
}

fn header_name(ruby: &Ruby, key: RString) -> Result<HeaderName, Error> {
    string::with_bytes(key, HeaderName::from_bytes)
        .map_err(|_| bad_response(ruby, format!("a header name must be a token (RFC 9110 5.1), got {}", key.inspect())))
}

fn bad_name(ruby: &Ruby, key: Value) -> Error {
    let hint = Symbol::from_value(key).and_then(|name| name.name().ok().map(|name| format!(": write {name:?}")));
    bad_response(ruby, format!("a header name must be a String, got {}{}", key.inspect(), hint.unwrap_or_default()))
}

fn forbidden_value(ruby: &Ruby, name: &HeaderName, text: RString) -> Error {
    let has_lines = string::with_bytes(text, |bytes| bytes.contains(&b'\n'));
    let hint = if has_lines { ": for several lines give an Array of Strings" } else { "" };
    let text = text.inspect();
    bad_response(ruby, format!("the value of header {name} must not hold control characters, got {text}{hint}"))
}

/// The chunks of an array body, joined.
pub(crate) fn join(ruby: &Ruby, chunks: RArray) -> Result<Bytes, Error> {
    if chunks.len() == 1 {
        return Ok(string::copy(chunk(ruby, chunks.entry(0)?)?));
    }
    let mut all = BytesMut::new();
    for item in chunks {
        string::append(&mut all, chunk(ruby, item)?);
    }
    Ok(all.freeze())
}

fn chunk(ruby: &Ruby, item: Value) -> Result<RString, Error> {
    RString::from_value(item)
        .ok_or_else(|| bad_response(ruby, format!("a body must hold Strings, got {}", item.class())))
}
