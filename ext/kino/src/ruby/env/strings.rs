//! What all envs share: keys, and values that never change. Frozen Strings, made at init.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use http::header::HeaderName;
use http::{Method, header};
use magnus::{Error, Ruby};

use crate::ruby::vm::roots::Frozen;

pub(super) struct EnvStrings {
    pub(super) keys: Keys,
    headers: HashMap<HeaderName, Header, BuildHasherDefault<NameHasher>>,
    pub(super) methods: Vec<(Method, Frozen)>,
    pub(super) http_1_0: Frozen,
    pub(super) http_1_1: Frozen,
    pub(super) http_2: Frozen,
    pub(super) get: Frozen,
    pub(super) empty: Frozen,
    pub(super) http: Frozen,
    pub(super) https: Frozen,
    pub(super) verified: Frozen,
}

macro_rules! keys {
    ($($field:ident = $text:literal;)*) => {
        pub(super) struct Keys { $(pub(super) $field: Frozen,)* }
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
    remote_port = "REMOTE_PORT";
    content_type = "CONTENT_TYPE";
    content_length = "CONTENT_LENGTH";
    http_host = "HTTP_HOST";
    url_scheme = "rack.url_scheme";
    input = "rack.input";
    errors = "rack.errors";
    response_finished = "rack.response_finished";
    request = "kino.request";
    queue_ms = "kino.queue_ms";
    is_hijack = "rack.hijack?";
    hijack = "rack.hijack";
    early_hints = "rack.early_hints";
    protocol = "rack.protocol";
    client_verify = "SSL_CLIENT_VERIFY";
    client_subject = "SSL_CLIENT_S_DN";
    client_certificate = "SSL_CLIENT_CERT";
}

/// Methods whose names are made at init.
const COMMON_METHODS: [Method; 8] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
];

/// Headers whose values repeat from request to request. A worker keeps the last few values of each.
const REPEATING_HEADERS: [HeaderName; REPEATING] = [
    header::ACCEPT,
    header::ACCEPT_CHARSET,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::CACHE_CONTROL,
    header::CONNECTION,
    header::DNT,
    header::ORIGIN,
    header::PRAGMA,
    header::TE,
    header::UPGRADE,
    header::UPGRADE_INSECURE_REQUESTS,
    header::USER_AGENT,
    header::VIA,
    HeaderName::from_static("priority"),
    HeaderName::from_static("sec-ch-ua"),
    HeaderName::from_static("sec-ch-ua-mobile"),
    HeaderName::from_static("sec-ch-ua-platform"),
    HeaderName::from_static("sec-fetch-dest"),
    HeaderName::from_static("sec-fetch-mode"),
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("sec-fetch-user"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-requested-with"),
];

/// How many there are.
pub(super) const REPEATING: usize = 28;

/// Other headers whose env keys are made at init. A header that is not listed costs a look-up in the VM's string table.
const COMMON_HEADERS: [HeaderName; 25] = [
    header::AUTHORIZATION,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::COOKIE,
    header::DATE,
    header::EXPECT,
    header::FORWARDED,
    header::FROM,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::MAX_FORWARDS,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::REFERER,
    header::SEC_WEBSOCKET_EXTENSIONS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::SEC_WEBSOCKET_VERSION,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-request-id"),
];

/// How a listed header gets into the env.
#[derive(Clone, Copy)]
pub(super) enum Header {
    /// With a value from the worker's cache with this number, see [`REPEATING`].
    Repeats(Frozen, usize),
    /// With a new value.
    New(Frozen),
    /// Not at all: the template has it, from the authority, which wins.
    InTemplate,
}

impl EnvStrings {
    pub(super) fn new(ruby: &Ruby) -> Result<Self, Error> {
        let mut methods = Vec::with_capacity(COMMON_METHODS.len());
        for method in COMMON_METHODS {
            let text = Frozen::new(ruby, method.as_str())?;
            methods.push((method, text));
        }
        let keys = Keys::new(ruby)?;
        let mut headers = HashMap::default();
        for (kind, name) in REPEATING_HEADERS.into_iter().enumerate() {
            let key = header_key(ruby, &name)?;
            headers.insert(name, Header::Repeats(key, kind));
        }
        for name in COMMON_HEADERS {
            let key = header_key(ruby, &name)?;
            headers.insert(name, Header::New(key));
        }
        headers.insert(header::HOST, Header::InTemplate);
        headers.insert(header::CONTENT_TYPE, Header::New(keys.content_type));
        headers.insert(header::CONTENT_LENGTH, Header::New(keys.content_length));
        Ok(Self {
            keys,
            headers,
            methods,
            http_1_0: Frozen::new(ruby, "HTTP/1.0")?,
            http_1_1: Frozen::new(ruby, "HTTP/1.1")?,
            http_2: Frozen::new(ruby, "HTTP/2")?,
            get: Frozen::new(ruby, "GET")?,
            empty: Frozen::new(ruby, "")?,
            http: Frozen::new(ruby, "http")?,
            https: Frozen::new(ruby, "https")?,
            verified: Frozen::new(ruby, "SUCCESS")?,
        })
    }

    /// None for a header that is not listed.
    pub(super) fn header(&self, name: &HeaderName) -> Option<Header> {
        self.headers.get(name).copied()
    }
}

fn header_key(ruby: &Ruby, name: &HeaderName) -> Result<Frozen, Error> {
    let mut buffer = [0; MAX_KEY];
    let key = unlisted_key(name.as_str(), &mut buffer).unwrap_or_default();
    Frozen::new(ruby, &String::from_utf8_lossy(key))
}

/// FNV-1a. The table is filled at init from our own lists, so it needs no hash that withstands attacks, and the
/// standard one costs more than the rest of a look-up.
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

    /// The table uses the topmost bits as well as the lowest.
    fn finish(&self) -> u64 {
        self.0 ^ self.0.rotate_left(32)
    }
}

/// Bytes of the longest env key of a header that is not listed. A longer one does not reach the env: no app reads a
/// header with such a long name, and the key is built on the stack.
pub(super) const MAX_KEY: usize = 256;

const PREFIX: &[u8] = b"HTTP_";

/// Turns `x-foo` into `HTTP_X_FOO`. None for a name with an underscore, which would pass for the name with a dash that
/// a proxy has checked.
pub(super) fn unlisted_key<'a>(name: &str, buffer: &'a mut [u8; MAX_KEY]) -> Option<&'a [u8]> {
    let length = PREFIX.len() + name.len();
    if length > MAX_KEY || name.contains('_') {
        return None;
    }
    buffer[..PREFIX.len()].copy_from_slice(PREFIX);
    for (to, from) in buffer[PREFIX.len()..].iter_mut().zip(name.bytes()) {
        *to = if from == b'-' { b'_' } else { from.to_ascii_uppercase() };
    }
    Some(&buffer[..length])
}
