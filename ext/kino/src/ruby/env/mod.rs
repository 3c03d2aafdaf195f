//! The Rack env of a request head (Rack 3 SPEC, "The Environment").
//!
//! Most of an env is the same from request to request. A worker keeps a template for each of the last few hosts, and
//! copies it, which hashes nothing. Then it sets what differs.
//!
//! Keys, and values that never change, are frozen Strings made at init and shared by all Ractors. Values that repeat
//! are frozen Strings of the worker's Ractor. Others are new. All values are binary, like Puma's: the bytes on the wire
//! have no encoding.

mod cache;
mod strings;

use std::sync::OnceLock;
use std::time::Duration;

use http::header::{CONNECTION, COOKIE, HeaderName, UPGRADE};
use http::{HeaderMap, Method, Version};
use kino_engine::RequestHead;
use magnus::prelude::*;
use magnus::value::Opaque;
use magnus::{Error, Object, RClass, RHash, RModule, Ruby, Value, function};

pub(crate) use crate::ruby::env::cache::Cache;
use crate::ruby::env::strings::{EnvStrings, Header, MAX_KEY, unlisted_key};
use crate::ruby::error;
use crate::ruby::vm::hash::{self, Setter};

static STRINGS: OnceLock<EnvStrings> = OnceLock::new();
static OBJECTS: OnceLock<Objects> = OnceLock::new();

/// The Rack objects of `lib/kino/rack`: two classes and two frozen instances, all shareable.
struct Objects {
    input: Opaque<RClass>,
    null_input: Opaque<Value>,
    errors: Opaque<Value>,
    early_hints: Opaque<RClass>,
}

/// What envs have beside what Rack requires.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extras {
    /// `kino.queue_ms`
    pub(crate) queue_ms: bool,
    /// `rack.early_hints`
    pub(crate) early_hints: bool,
}

pub(crate) fn init(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    let strings = EnvStrings::new(ruby)?;
    STRINGS.get_or_init(|| strings);
    native.define_singleton_method("rack_objects", function!(rack_objects, 4))
}

/// Sets the Rack objects. Called once, at load, on the main Ractor.
fn rack_objects(
    ruby: &Ruby,
    input: RClass,
    null_input: Value,
    errors: Value,
    early_hints: RClass,
) -> Result<(), Error> {
    for object in [input.as_value(), null_input, errors, early_hints.as_value()] {
        ruby.gc_register_mark_object(object);
    }
    let objects = Objects {
        input: input.into(),
        null_input: null_input.into(),
        errors: errors.into(),
        early_hints: early_hints.into(),
    };
    OBJECTS.set(objects).map_err(|_| error::general(ruby, "the Rack objects are set once, at load"))
}

/// Builds the env of `head`. `request` becomes `kino.request`; `rack.input` reads from it if there is a body.
pub(crate) fn build(
    ruby: &Ruby,
    cache: &Cache,
    head: &RequestHead,
    request: Value,
    has_body: bool,
    waited: Option<Duration>,
    has_early_hints: bool,
) -> Result<RHash, Error> {
    let (Some(strings), Some(objects)) = (STRINGS.get(), OBJECTS.get()) else {
        return Err(error::general(ruby, "the extension is used before kino is loaded"));
    };
    let keys = &strings.keys;
    let input = has_body.then(|| ruby.get_inner(objects.input).new_instance((request,))).transpose()?;
    let early_hints =
        has_early_hints.then(|| ruby.get_inner(objects.early_hints).new_instance((request,))).transpose()?;
    let finished = ruby.ary_new().as_value();
    let protocol = protocols(ruby, head)?;
    let queue_ms = waited.map(|waited| ruby.float_from_f64((waited.as_secs_f64() * 1e6).round() / 1e3).as_value());
    let (ip, port) = head.client();
    // Both are empty, as in the template, for the client of a Unix domain socket. Not 127.0.0.1 as in Puma: apps trust
    // that address, and such a client is usually a proxy.
    let remote_addr = ip.map(|ip| cache.peer(ruby, ip));
    let remote_port = port.map(|port| cache.port(ruby, port));
    let client = head.connection().tls.as_ref().and_then(|tls| tls.client.as_ref());
    let template = cache.template(ruby, strings, objects, head)?;
    // Made before the closure runs, because a raise jumps out of the closure. `fill` holds only references and `Copy`
    // values, as `hash::copy` asks.
    let joined = &joined(head.headers());
    let fill = move |env: &mut Setter| {
        fill_target(env, strings, head);
        if let Some(remote_addr) = remote_addr {
            env.object(keys.remote_addr, remote_addr);
        }
        if let Some(remote_port) = remote_port {
            env.object(keys.remote_port, remote_port);
        }
        env.object(keys.request, request);
        if head.version() != Version::HTTP_2 {
            env.object(keys.hijack, request);
        }
        env.object(keys.response_finished, finished);
        if let Some(input) = input {
            env.object(keys.input, input);
        }
        if let Some(early_hints) = early_hints {
            env.object(keys.early_hints, early_hints);
        }
        if let Some(protocol) = protocol {
            env.object(keys.protocol, protocol);
        }
        if let Some(client) = client {
            env.frozen(keys.client_verify, strings.verified);
            env.text(keys.client_subject, client.subject.as_bytes());
            env.text(keys.client_certificate, client.pem.as_bytes());
        }
        if let Some(queue_ms) = queue_ms {
            env.object(keys.queue_ms, queue_ms);
        }
        fill_headers(env, strings, cache, head.headers(), joined);
    };
    hash::copy(ruby, template, fill)
}

/// `rack.protocol`: the protocols that the client would like to upgrade to (RFC 9110 section 7.8).
fn protocols(ruby: &Ruby, head: &RequestHead) -> Result<Option<Value>, Error> {
    let asks = head.version() == Version::HTTP_11
        && head.headers().contains_key(UPGRADE)
        && members(head, CONNECTION).any(|member| member.eq_ignore_ascii_case("upgrade"));
    if !asks {
        return Ok(None);
    }
    let names = ruby.ary_new();
    for name in members(head, UPGRADE) {
        names.push(ruby.str_from_slice(name.as_bytes()))?;
    }
    Ok((!names.is_empty()).then(|| names.as_value()))
}

/// The members of a list header, without empty ones (RFC 9110 section 5.6.1).
fn members(head: &RequestHead, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = head.headers().get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|member| !member.is_empty())
}

/// Headers with several lines, joined by `, ` (RFC 9110 section 5.3), cookies by `; ` (RFC 6265 section 5.4).
fn joined(headers: &HeaderMap) -> Vec<(HeaderName, Vec<u8>)> {
    if headers.len() == headers.keys_len() {
        return Vec::new();
    }
    let repeated = headers.keys().filter(|name| headers.get_all(*name).iter().nth(1).is_some());
    repeated
        .map(|name| {
            let separator: &[u8] = if name == COOKIE { b"; " } else { b", " };
            let values: Vec<&[u8]> = headers.get_all(name).iter().map(|value| value.as_bytes()).collect();
            (name.clone(), values.join(separator))
        })
        .collect()
}

/// Sets the parts of the request line that differ from the template.
fn fill_target(env: &mut Setter, strings: &EnvStrings, head: &RequestHead) {
    let keys = &strings.keys;
    if head.method() != Method::GET {
        match strings.methods.iter().find(|(method, _)| method == head.method()) {
            Some((_, text)) => env.frozen(keys.request_method, *text),
            None => env.text(keys.request_method, head.method().as_str().as_bytes()),
        }
    }
    env.text(keys.path_info, head.path().as_bytes());
    if !head.query().is_empty() {
        env.text(keys.query_string, head.query().as_bytes());
    }
    // The template has that of the others.
    if head.version() == Version::HTTP_10 {
        env.frozen(keys.server_protocol, strings.http_1_0);
    }
}

fn fill_headers(
    env: &mut Setter,
    strings: &EnvStrings,
    cache: &Cache,
    headers: &HeaderMap,
    joined: &[(HeaderName, Vec<u8>)],
) {
    if joined.is_empty() {
        return headers.iter().for_each(|(name, value)| fill_header(env, strings, cache, name, value.as_bytes()));
    }
    for name in headers.keys() {
        let joined = joined.iter().find(|(repeated, _)| repeated == name);
        match (joined, headers.get(name)) {
            (Some((_, value)), _) => fill_header(env, strings, cache, name, value),
            (None, Some(value)) => fill_header(env, strings, cache, name, value.as_bytes()),
            (None, None) => {}
        }
    }
}

fn fill_header(env: &mut Setter, strings: &EnvStrings, cache: &Cache, name: &HeaderName, value: &[u8]) {
    match strings.header(name) {
        Some(Header::Repeats(key, kind)) => env.cached(key, cache.values(kind), value),
        Some(Header::New(key)) => env.text(key, value),
        Some(Header::InTemplate) => {}
        None => {
            let mut buffer = [0; MAX_KEY];
            if let Some(key) = unlisted_key(name.as_str(), &mut buffer) {
                env.text_at(key, value);
            }
        }
    }
}
