//! What a Rack app returns, to the engine's response (Rack 3 SPEC, "The Response").

use bytes::{Bytes, BytesMut};
use http::header::{HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use kino_engine::{Response, ResponseBody, announced, decimal};
use magnus::prelude::*;
use magnus::r_hash::ForEach;
use magnus::{Error, Integer, RArray, RHash, RString, Ruby, Value};

use crate::ruby::error::{bad_response, server_header};
use crate::ruby::fields::{Field, Fields};
use crate::ruby::vm::string;

/// A head, and the Content-Length that it announces.
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) declared: Option<u64>,
}

impl Head {
    /// # Errors
    ///
    /// `Kino::InvalidResponseError` for what must not be sent: nothing of it has been, then.
    pub(crate) fn from_rack(ruby: &Ruby, fields: &Fields, status: Value, headers: Value) -> Result<Self, Error> {
        Self::within(ruby, fields, 200, status, headers)
    }

    /// The same for a connection on which HTTP ends, so that the status may be 101 too.
    pub(crate) fn from_rack_or_101(ruby: &Ruby, fields: &Fields, status: Value, headers: Value) -> Result<Self, Error> {
        Self::within(ruby, fields, 101, status, headers)
    }

    fn within(ruby: &Ruby, fields: &Fields, least: u16, status: Value, headers: Value) -> Result<Self, Error> {
        let status = status_code(ruby, least, status)?;
        let headers = header_map(ruby, fields, headers, least < 200)?;
        let declared = announced(&headers).map_err(|failed| bad_response(ruby, failed.to_string()))?;
        Ok(Self { status, headers, declared })
    }

    pub(crate) fn with(self, body: ResponseBody) -> Response {
        Response { status: self.status, headers: self.headers, body }
    }
}

/// An Integer, or a String of digits.
pub(crate) fn status(status: Value) -> Option<StatusCode> {
    let number = match Integer::from_value(status) {
        Some(number) => number.to_u16().ok(),
        None => RString::from_value(status).and_then(|text| string::with_bytes(text, decimal)?.try_into().ok()),
    };
    number.and_then(|number| StatusCode::from_u16(number).ok())
}

/// Final statuses only: an interim one would leave the client waiting for the answer.
fn status_code(ruby: &Ruby, least: u16, given: Value) -> Result<StatusCode, Error> {
    status(given).filter(|status| (least..600).contains(&status.as_u16())).ok_or_else(|| {
        bad_response(ruby, format!("the status must be an Integer from {least} to 599, got {}", given.inspect()))
    })
}

/// `is_special`: the worker does what its headers ask for.
fn header_map(ruby: &Ruby, fields: &Fields, headers: Value, is_special: bool) -> Result<HeaderMap, Error> {
    let Some(hash) = RHash::from_value(headers) else {
        return Err(bad_response(ruby, format!("the headers must be a Hash, got {}", headers.class())));
    };
    let mut map = HeaderMap::with_capacity(hash.len().min(USUAL_HEADERS));
    hash.foreach(|key: Value, value: Value| {
        let Some(key) = RString::from_value(key) else {
            return Err(bad_response(ruby, format!("a header name must be a String, got {}", key.inspect())));
        };
        let field = match fields.known(key) {
            Some(field) => field,
            None => {
                match audience(key) {
                    Audience::Client => {}
                    Audience::Server => return Ok(ForEach::Continue),
                    Audience::Worker if is_special || value.is_nil() => return Ok(ForEach::Continue),
                    Audience::Worker => return Err(server_header(ruby)),
                }
                fields.learn(key, header_name(ruby, key)?)
            }
        };
        // Framing is the engine's: a coding that the app claims and does not apply would let its body
        // run into the next answer. Not removed afterwards, because that changes the order of the rest.
        if field.name == TRANSFER_ENCODING {
            return Ok(ForEach::Continue);
        }
        match RArray::from_value(value) {
            Some(lines) => {
                for line in lines {
                    append(ruby, &mut map, fields, &field, line)?;
                }
            }
            None => append(ruby, &mut map, fields, &field, value)?,
        }
        Ok(ForEach::Continue)
    })?;
    Ok(map)
}

/// Room that is made at once; more is made when it is needed.
const USUAL_HEADERS: usize = 64;

fn append(ruby: &Ruby, map: &mut HeaderMap, fields: &Fields, field: &Field, value: Value) -> Result<(), Error> {
    let text = match RString::from_value(value) {
        Some(text) => text,
        None => value.to_r_string()?,
    };
    let value = string::with_bytes(text, |bytes| fields.value(field, bytes))
        .map_err(|_| forbidden_value(ruby, &field.name, text))?;
    map.try_append(field.name.clone(), value).map(|_| ()).map_err(|_| bad_response(ruby, "too many headers"))
}

enum Audience {
    Client,
    /// `rack.*` keys speak to the server, and are not sent.
    Server,
    /// These change what follows the head, which is the worker's to do.
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

fn forbidden_value(ruby: &Ruby, name: &HeaderName, text: RString) -> Error {
    let text = text.inspect();
    bad_response(ruby, format!("the value of header {name} must not hold control characters, got {text}"))
}

/// The chunks of an array body as one run of bytes.
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
