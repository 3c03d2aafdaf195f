//! A second, plain implementation of the rules for requests, so that the engine is not tested against itself.

use kino_engine::Settings;

#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) is_1_0: bool,
    /// Names in lower case, values trimmed.
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) ends: Ends,
    pub(super) is_sized: bool,
}

/// How the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Complete,
    Incomplete,
    Malformed,
}

#[derive(Debug, Default)]
pub(super) struct Meaning {
    pub(super) requests: Vec<Request>,
    /// The bytes after the last request are malformed, and must be refused.
    pub(super) refused: bool,
    /// The bytes after the last request are the start of another.
    pub(super) unfinished: bool,
    /// The bytes after the last request.
    pub(super) rest: Vec<u8>,
}

impl Request {
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_slice())
    }
}

pub(super) fn read(mut bytes: &[u8], settings: &Settings) -> Meaning {
    let mut meaning = Meaning::default();
    while !bytes.is_empty() {
        match head(bytes, settings) {
            Ok(Some((mut request, length))) => {
                bytes = &bytes[length..];
                let taken = body(&mut request, bytes, settings);
                let is_whole = request.ends == Ends::Complete;
                meaning.requests.push(request);
                if !is_whole {
                    return meaning;
                }
                bytes = &bytes[taken..];
            }
            Ok(None) => {
                meaning.unfinished = true;
                break;
            }
            Err(Bad) => {
                meaning.refused = true;
                break;
            }
        }
    }
    meaning.rest = bytes.to_vec();
    meaning
}

struct Bad;

fn ensure(good: bool) -> Result<(), Bad> {
    if good { Ok(()) } else { Err(Bad) }
}

fn head(bytes: &[u8], settings: &Settings) -> Result<Option<(Request, usize)>, Bad> {
    let start = bytes.chunks(2).take_while(|pair| *pair == b"\r\n").count();
    ensure(start <= 4)?;
    let Some(end) = bytes[2 * start..].windows(4).position(|window| window == b"\r\n\r\n") else {
        // A bare line feed is refused even in an incomplete head.
        let bare = bytes.iter().enumerate().any(|(at, byte)| *byte == b'\n' && (at == 0 || bytes[at - 1] != b'\r'));
        ensure(!bare)?;
        return Ok(None);
    };
    let length = 2 * start + end + 4;
    ensure(length <= settings.max_head_size)?;
    let text = &bytes[2 * start..2 * start + end];
    let mut lines = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        lines.push(line);
    }
    let last = lines.len() - 1;
    for line in &mut lines[..last] {
        *line = line.strip_suffix(b"\r").ok_or(Bad)?;
    }
    let mut request = request_line(lines[0], settings)?;
    ensure(lines.len() - 1 <= settings.max_headers)?;
    for line in &lines[1..] {
        request.headers.push(field(line)?);
    }
    host(&request)?;
    framing(&request)?;
    Ok(Some((request, length)))
}

fn request_line(line: &[u8], settings: &Settings) -> Result<Request, Bad> {
    let line = std::str::from_utf8(line).map_err(|_| Bad)?;
    let words: Vec<_> = line.split(' ').collect();
    let [method, target, version] = words[..] else { return Err(Bad) };
    ensure(!method.is_empty() && method.bytes().all(is_token) && method != "CONNECT")?;
    ensure(method.len() <= 64)?;
    ensure(target.len() <= settings.max_target_size)?;
    ensure(version == "HTTP/1.1" || version == "HTTP/1.0")?;
    ensure(target.bytes().all(|byte| byte > b' ' && byte < 0x7f && byte != b'#'))?;
    // Browsers escape these, and the http crate refuses them unescaped.
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    ensure(!path.contains(['<', '>', '`']) && !query.contains(['<', '>', '"']))?;
    let lower = target.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("http://").or_else(|| lower.strip_prefix("https://")) {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        ensure(is_host(authority) && !authority.contains('%'))?;
    } else {
        ensure(target.starts_with('/') || (target == "*" && method == "OPTIONS"))?;
    }
    Ok(Request {
        method: method.to_owned(),
        target: target.to_owned(),
        is_1_0: version == "HTTP/1.0",
        headers: Vec::new(),
        body: Vec::new(),
        ends: Ends::Complete,
        is_sized: false,
    })
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte)
}

fn field(line: &[u8]) -> Result<(String, Vec<u8>), Bad> {
    let mut halves = line.splitn(2, |byte| *byte == b':');
    let (Some(name), Some(value)) = (halves.next(), halves.next()) else { return Err(Bad) };
    ensure(!name.is_empty() && name.iter().copied().all(is_token))?;
    ensure(value.iter().all(|byte| !byte.is_ascii_control() || *byte == b'\t'))?;
    Ok((String::from_utf8_lossy(name).to_ascii_lowercase(), trim(value)))
}

fn trim(value: &[u8]) -> Vec<u8> {
    value.trim_ascii().to_vec()
}

fn host(request: &Request) -> Result<(), Bad> {
    let hosts: Vec<_> = request.values("host").collect();
    match hosts[..] {
        [] => ensure(request.is_1_0),
        [host] => ensure(std::str::from_utf8(host).is_ok_and(is_host)),
        _ => Err(Bad),
    }
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (address, port)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_name = text.starts_with('[')
        || name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(&byte));
    let digits = port.strip_prefix(':').unwrap_or(port);
    let is_port = port.is_empty()
        || port == ":"
        || (port.starts_with(':')
            && digits.len() <= 5
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && digits.parse::<u16>().is_ok());
    !name.is_empty() && is_name && is_port
}

fn framing(request: &Request) -> Result<(), Bad> {
    let codings: Vec<_> = request.values("transfer-encoding").collect();
    let mut lengths = Vec::new();
    for value in request.values("content-length") {
        ensure(!value.is_empty() && value.iter().all(u8::is_ascii_digit))?;
        lengths.push(std::str::from_utf8(value).unwrap().parse::<u64>().map_err(|_| Bad)?);
    }
    lengths.dedup();
    match (&codings[..], &lengths[..]) {
        ([], [] | [_]) => Ok(()),
        ([coding], []) => ensure(coding.eq_ignore_ascii_case(b"chunked") && !request.is_1_0),
        _ => Err(Bad),
    }
}

/// Reads the body from the start of `bytes`, and returns its length on the wire.
fn body(request: &mut Request, bytes: &[u8], settings: &Settings) -> usize {
    let length = request.values("content-length").next().map(|value| std::str::from_utf8(value).unwrap().to_owned());
    if let Some(length) = length {
        let length = length.parse::<u64>().unwrap();
        request.is_sized = true;
        let taken = usize::try_from(length).unwrap_or(usize::MAX).min(bytes.len());
        request.body = bytes[..taken].to_vec();
        request.ends = if (taken as u64) < length { Ends::Incomplete } else { Ends::Complete };
        return taken;
    }
    if request.values("transfer-encoding").next().is_none() {
        return 0;
    }
    let (mut at, mut is_last) = (0, false);
    while !is_last {
        match chunk(&bytes[at..], &mut request.body) {
            Ok((taken, size)) => {
                at += taken;
                is_last = size == 0;
            }
            Err(ends) => {
                request.ends = ends;
                return at;
            }
        }
    }
    let mut trailers = 0;
    loop {
        match line(&bytes[at..], 16 * 1024) {
            Ok((b"", taken)) if trailers <= settings.max_headers => return at + taken,
            Ok((text, taken)) if field(text).is_ok() => {
                at += taken;
                trailers += 1;
            }
            Ok(_) => request.ends = Ends::Malformed,
            Err(ends) => request.ends = ends,
        }
        if request.ends != Ends::Complete {
            return at;
        }
    }
}

fn line(bytes: &[u8], longest: usize) -> Result<(&[u8], usize), Ends> {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Err(if bytes.len() > longest { Ends::Malformed } else { Ends::Incomplete });
    };
    match bytes[..end].strip_suffix(b"\r") {
        Some(line) if end < longest => Ok((line, end + 1)),
        _ => Err(Ends::Malformed),
    }
}

/// Reads a chunk. Returns its length on the wire, and its size.
fn chunk(bytes: &[u8], body: &mut Vec<u8>) -> Result<(usize, u64), Ends> {
    let (text, at) = line(bytes, 256)?;
    let mut parts = text.splitn(2, |byte| *byte == b';');
    let digits = std::str::from_utf8(parts.next().unwrap_or_default()).map_err(|_| Ends::Malformed)?;
    let is_size = (1..=16).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_size || parts.next().is_some_and(|extension| !is_extension(extension)) {
        return Err(Ends::Malformed);
    }
    let size = u64::from_str_radix(digits, 16).map_err(|_| Ends::Malformed)?;
    if size == 0 {
        return Ok((at, 0));
    }
    let rest = &bytes[at..];
    let length = usize::try_from(size).unwrap_or(usize::MAX);
    body.extend_from_slice(&rest[..length.min(rest.len())]);
    match rest.get(length..) {
        Some([b'\r', b'\n', ..]) => Ok((at + length + 2, size)),
        Some([] | [b'\r']) | None => Err(Ends::Incomplete),
        Some(_) => Err(Ends::Malformed),
    }
}

/// `name [ "=" value ] *( ";" name [ "=" value ] )`, as a state machine in one pass.
fn is_extension(text: &[u8]) -> bool {
    #[derive(PartialEq)]
    enum At {
        NameStart,
        Name,
        ValueStart,
        Value,
        Quoted,
        Escape,
        Closed,
    }
    let mut at = At::NameStart;
    for &byte in text {
        let is_text = byte == b'\t' || !byte.is_ascii_control();
        at = match at {
            At::NameStart | At::Name if is_token(byte) => At::Name,
            At::Name if byte == b'=' => At::ValueStart,
            At::Name | At::Value | At::Closed if byte == b';' => At::NameStart,
            At::ValueStart if byte == b'"' => At::Quoted,
            At::ValueStart | At::Value if is_token(byte) => At::Value,
            At::Quoted if byte == b'"' => At::Closed,
            At::Quoted if byte == b'\\' => At::Escape,
            At::Quoted | At::Escape if is_text => At::Quoted,
            _ => return false,
        };
    }
    matches!(at, At::Name | At::Value | At::Closed)
}
