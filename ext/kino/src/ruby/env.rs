//! The Rack env of a request head (Rack 3 SPEC, "The Environment").
//!
//! Keys and the values that repeat are frozen strings made at init and shared by all Ractors.
//! Other values are new binary strings, as Puma's are: the bytes on the wire have no encoding.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::net::IpAddr;
use std::sync::OnceLock;

use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HOST, HeaderName, UPGRADE};
use http::{HeaderMap, Method, Version, header};
use kino_engine::RequestHead;
use magnus::prelude::*;
use magnus::value::Opaque;
use magnus::{Error, Object, RClass, RHash, RModule, Ruby, Value, function};

use crate::ruby::error;
use crate::ruby::vm::hash::{self, Pairs};
use crate::ruby::vm::roots::Frozen;

/// What is made once, at init.
struct Shared {
    keys: Keys,
    headers: HashMap<HeaderName, Frozen, BuildHasherDefault<NameHasher>>,
    methods: Vec<(Method, Frozen)>,
    http_1_0: Frozen,
    http_1_1: Frozen,
    http_2: Frozen,
    empty: Frozen,
    http: Frozen,
}

macro_rules! keys {
    ($($field:ident = $text:literal;)*) => {
        struct Keys { $($field: Frozen,)* }
        impl Keys {
            fn new(ruby: &Ruby) -> Result<Self, Error> { Ok(Self { $($field: Frozen::new(ruby, $text)?,)* }) }
        }
    };
}

keys! {
    request_method = "REQUEST_METHOD";
    script_name = "SCRIPT_NAME";
    path_info = "PATH_INFO";
    query_string = "QUERY_STRING";
    server_name = "SERVER_NAME";
    server_port = "SERVER_PORT";
    server_protocol = "SERVER_PROTOCOL";
    remote_addr = "REMOTE_ADDR";
    content_type = "CONTENT_TYPE";
    content_length = "CONTENT_LENGTH";
    http_host = "HTTP_HOST";
    url_scheme = "rack.url_scheme";
    input = "rack.input";
    errors = "rack.errors";
    response_finished = "rack.response_finished";
    request = "kino.request";
    is_hijack = "rack.hijack?";
    hijack = "rack.hijack";
    protocol = "rack.protocol";
}

/// Methods whose name is made at init.
const USUAL_METHODS: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];

/// Header names whose env key is made at init. Any other name costs a look-up in the VM's string
/// table.
const USUAL_HEADERS: [HeaderName; 44] = [
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::AUTHORIZATION,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::COOKIE,
    header::DATE,
    header::DNT,
    header::EXPECT,
    header::FORWARDED,
    header::FROM,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::MAX_FORWARDS,
    header::ORIGIN,
    header::PRAGMA,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::REFERER,
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_VERSION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::UPGRADE_INSECURE_REQUESTS,
    header::USER_AGENT,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-requested-with"),
];

static SHARED: OnceLock<Shared> = OnceLock::new();
static OBJECTS: OnceLock<Objects> = OnceLock::new();

/// The Rack objects of `lib/kino/rack`. All are shareable: a class, and two frozen instances.
struct Objects {
    input: Opaque<RClass>,
    null_input: Opaque<Value>,
    errors: Opaque<Value>,
}

pub(crate) fn init(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    let shared = Shared::new(ruby)?;
    SHARED.get_or_init(|| shared);
    native.define_singleton_method("rack_objects", function!(rack_objects, 3))
}

impl Shared {
    fn new(ruby: &Ruby) -> Result<Self, Error> {
        let mut methods = Vec::with_capacity(USUAL_METHODS.len());
        for method in USUAL_METHODS {
            let text = Frozen::new(ruby, method.as_str())?;
            methods.push((method, text));
        }
        let mut headers = HashMap::default();
        for name in USUAL_HEADERS {
            let mut buffer = [0; LONGEST_KEY];
            let key = unusual_key(name.as_str(), &mut buffer).and_then(|key| std::str::from_utf8(key).ok());
            if let Some(key) = key {
                headers.insert(name.clone(), Frozen::new(ruby, key)?);
            }
        }
        Ok(Self {
            keys: Keys::new(ruby)?,
            headers,
            methods,
            http_1_0: Frozen::new(ruby, "HTTP/1.0")?,
            http_1_1: Frozen::new(ruby, "HTTP/1.1")?,
            http_2: Frozen::new(ruby, "HTTP/2")?,
            empty: Frozen::new(ruby, "")?,
            http: Frozen::new(ruby, "http")?,
        })
    }
}

/// FNV-1a. A table that is filled at init from a list of our own needs no hash that withstands its
/// users, and the standard one costs more than all the rest of a look-up.
#[derive(Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn write_isize(&mut self, discriminant: isize) {
        self.write_u8(discriminant as u8);
    }

    fn write_u8(&mut self, byte: u8) {
        self.write(&[byte]);
    }

    /// The table looks at the topmost bits as well as at the lowest.
    fn finish(&self) -> u64 {
        self.0 ^ self.0.rotate_left(32)
    }
}

/// Gives the env its Rack objects; called once, at load, on the main Ractor.
fn rack_objects(ruby: &Ruby, input: RClass, null_input: Value, errors: Value) -> Result<(), Error> {
    for object in [input.as_value(), null_input, errors] {
        ruby.gc_register_mark_object(object);
    }
    let objects = Objects { input: input.into(), null_input: null_input.into(), errors: errors.into() };
    OBJECTS.set(objects).map_err(|_| error::general(ruby, "the Rack objects are set once, at load"))
}

/// Builds the env of `head`. `request` becomes `kino.request`, and `rack.input` reads from it
/// unless there is no body.
pub(crate) fn build(ruby: &Ruby, head: &RequestHead, request: Value, has_body: bool) -> Result<RHash, Error> {
    let (Some(shared), Some(objects)) = (SHARED.get(), OBJECTS.get()) else {
        return Err(error::general(ruby, "the extension is used before kino is loaded"));
    };
    let input = if has_body {
        ruby.get_inner(objects.input).new_instance((request,))?
    } else {
        ruby.get_inner(objects.null_input)
    };
    let finished = ruby.ary_new().as_value();
    let errors = ruby.get_inner(objects.errors);
    let yes = ruby.qtrue().as_value();
    let protocol = protocols(ruby, head)?;
    let scalars = Scalars::new(head);
    // `fill` holds references and `Copy` values only, as `hash::build` asks.
    let (scalars, keys) = (&scalars, &shared.keys);
    let fill = move |pairs: &mut Pairs| {
        fill_target(pairs, shared, head, scalars);
        fill_headers(pairs, shared, head, scalars);
        pairs.frozen(keys.url_scheme, shared.http);
        pairs.object(keys.input, input);
        pairs.object(keys.errors, errors);
        pairs.object(keys.response_finished, finished);
        pairs.object(keys.request, request);
        pairs.object(keys.is_hijack, yes);
        pairs.object(keys.hijack, request);
        if let Some(protocol) = protocol {
            pairs.object(keys.protocol, protocol);
        }
    };
    hash::build(ruby, 16 + head.headers().len(), fill)
}

/// What the client would like to speak instead (RFC 9110 section 7.8): `rack.protocol`.
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

/// The members of a list header; empty ones do not count (RFC 9110 section 5.6.1).
fn members(head: &RequestHead, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = head.headers().get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|member| !member.is_empty())
}

/// Text that is made for one env. Made before any Ruby string is, because that may jump.
struct Scalars {
    server_name: String,
    server_port: String,
    remote_addr: String,
    joined: Vec<(HeaderName, Vec<u8>)>,
}

impl Scalars {
    fn new(head: &RequestHead) -> Self {
        let (server_name, port) = head.server();
        Self {
            server_name,
            server_port: port.to_string(),
            remote_addr: address(head.connection().peer.ip()),
            joined: joined(head.headers()),
        }
    }
}

/// An IPv4-mapped IPv6 address is shown as the IPv4 address that it is.
fn address(ip: IpAddr) -> String {
    ip.to_canonical().to_string()
}

/// Headers that stand more than once, joined by `, ` (RFC 9110 section 5.3), cookies by `; `
/// (RFC 6265 section 5.4).
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

fn fill_target(pairs: &mut Pairs, shared: &Shared, head: &RequestHead, scalars: &Scalars) {
    let keys = &shared.keys;
    match shared.methods.iter().find(|(method, _)| method == head.method()) {
        Some((_, text)) => pairs.frozen(keys.request_method, *text),
        None => pairs.text(keys.request_method, head.method().as_str().as_bytes()),
    }
    pairs.frozen(keys.script_name, shared.empty);
    pairs.text(keys.path_info, head.path().as_bytes());
    match head.query() {
        "" => pairs.frozen(keys.query_string, shared.empty),
        query => pairs.text(keys.query_string, query.as_bytes()),
    }
    pairs.text(keys.server_name, scalars.server_name.as_bytes());
    pairs.text(keys.server_port, scalars.server_port.as_bytes());
    pairs.frozen(keys.server_protocol, protocol(shared, head.version()));
    pairs.text(keys.remote_addr, scalars.remote_addr.as_bytes());
    if let Some(authority) = head.authority() {
        pairs.text(keys.http_host, authority.as_bytes());
    }
}

fn protocol(shared: &Shared, version: Version) -> Frozen {
    match version {
        Version::HTTP_10 => shared.http_1_0,
        Version::HTTP_2 => shared.http_2,
        _ => shared.http_1_1,
    }
}

fn fill_headers(pairs: &mut Pairs, shared: &Shared, head: &RequestHead, scalars: &Scalars) {
    for name in head.headers().keys() {
        let joined = scalars.joined.iter().find(|(repeated, _)| repeated == name);
        match (joined, head.headers().get(name)) {
            (Some((_, value)), _) => fill_header(pairs, shared, name, value),
            (None, Some(value)) => fill_header(pairs, shared, name, value.as_bytes()),
            (None, None) => {}
        }
    }
}

fn fill_header(pairs: &mut Pairs, shared: &Shared, name: &HeaderName, value: &[u8]) {
    // Already there, from the authority that wins.
    if name == HOST {
        return;
    }
    if name == CONTENT_TYPE {
        return pairs.text(shared.keys.content_type, value);
    }
    if name == CONTENT_LENGTH {
        return pairs.text(shared.keys.content_length, value);
    }
    if let Some(key) = shared.headers.get(name) {
        return pairs.text(*key, value);
    }
    let mut buffer = [0; LONGEST_KEY];
    if let Some(key) = unusual_key(name.as_str(), &mut buffer) {
        pairs.text_at(key, value);
    }
}

/// Longest env key of a header outside [`USUAL_HEADERS`]. A longer name does not reach the env:
/// nobody reads a header by a name that long, and the key is built on the stack.
const LONGEST_KEY: usize = 256;

const PREFIX: &[u8] = b"HTTP_";

/// `x-foo` becomes `HTTP_X_FOO`. None for a name with an underscore, which would pass for the one
/// with a dash that a proxy has checked.
fn unusual_key<'a>(name: &str, buffer: &'a mut [u8; LONGEST_KEY]) -> Option<&'a [u8]> {
    let length = PREFIX.len() + name.len();
    if length > LONGEST_KEY || name.contains('_') {
        return None;
    }
    buffer[..PREFIX.len()].copy_from_slice(PREFIX);
    for (to, from) in buffer[PREFIX.len()..].iter_mut().zip(name.bytes()) {
        *to = if from == b'-' { b'_' } else { from.to_ascii_uppercase() };
    }
    Some(&buffer[..length])
}
