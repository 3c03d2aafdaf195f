//! What a request head may look like in HTTP/1, checked byte for byte (RFC 9112).
//!
//! hyper parses requests; these checks come first because hyper is lenient where request smuggling begins: obs-fold,
//! space before a colon, a missing or doubled Host, bare line feeds, malformed chunk extensions. Nothing here reads or
//! writes: [`check_head`] gets the bytes that have come of a head, and returns whether it is whole and how its body is
//! framed.

use memchr::memchr;

use crate::http::syntax::{decimal, is_field_value, is_host, is_target, is_token, split_token};
use crate::refusal::Reason;
use crate::settings::Settings;

/// Limits of a request head.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HeadLimits {
    /// Bytes of request line and headers together.
    pub(crate) head: usize,
    /// Bytes of the request target.
    pub(crate) target: usize,
    /// Header lines.
    pub(crate) headers: usize,
}

/// How the body of a request is delimited (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delimiter {
    /// There is no body.
    None,
    /// This many bytes follow.
    Length(u64),
    /// Chunks follow.
    Chunked,
}

/// A complete, well-formed head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadInfo {
    /// Its bytes, with the empty line at the end.
    pub(crate) length: usize,
    pub(crate) body: Delimiter,
    /// The client wants to speak another protocol after the answer.
    pub(crate) upgrade: bool,
}

impl HeadLimits {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            head: settings.max_head_size,
            target: settings.max_target_size.min(MAX_TARGET),
            headers: settings.max_headers,
        }
    }
}

/// Checks the head at the start of `bytes`. None while it is incomplete.
pub(crate) fn check_head(bytes: &[u8], limits: &HeadLimits) -> Result<Option<HeadInfo>, Reason> {
    let mut lines = Lines { bytes, at: 0 };
    let Some(request) = next_request_line(&mut lines, limits)? else { return Ok(None) };
    let mut fields = FramingFields::default();
    loop {
        let Some(line) = lines.next(limits)? else { return Ok(None) };
        if line.is_empty() {
            break;
        }
        fields.count += 1;
        if fields.count > limits.headers {
            return Err(Reason::TooManyHeaders);
        }
        fields.add(line, request.is_1_0)?;
    }
    if fields.hosts == 0 && !request.is_1_0 {
        return Err(Reason::BadHost);
    }
    let body = fields.delimiter()?;
    let upgrade = fields.upgrade && fields.connection_upgrade && !request.is_1_0;
    Ok(Some(HeadInfo { length: lines.at, body, upgrade }))
}

/// The request line; None while it is incomplete. Empty lines before it are ignored (RFC 9112 section 2.2).
fn next_request_line(lines: &mut Lines<'_>, limits: &HeadLimits) -> Result<Option<RequestLine>, Reason> {
    let mut empty_lines = 0;
    loop {
        // No further than up to the byte that makes the head too large.
        let rest = &lines.bytes[lines.at..lines.bytes.len().min(limits.head.saturating_add(1))];
        // A word that is too long decides, as it does before the line is complete: the refusal must not depend on how
        // the line is split.
        let long_word = || {
            let line = rest.split(|byte| *byte == b'\n').next()?;
            PartialLine::default().extend(line, limits)
        };
        return match lines.next(limits) {
            Ok(Some([])) if empty_lines < MAX_EMPTY_LINES => {
                empty_lines += 1;
                continue;
            }
            Ok(Some(line)) => request_line_of(line, limits).map(Some).map_err(|reason| long_word().unwrap_or(reason)),
            Ok(None) => long_word().map_or(Ok(None), Err),
            Err(reason) => Err(long_word().unwrap_or(reason)),
        };
    }
}

/// `name ":" OWS value OWS` (RFC 9112 section 5). Not a folded line.
pub(crate) fn is_field_line(line: &[u8]) -> bool {
    memchr(b':', line).is_some_and(|colon| is_token(&line[..colon]) && is_field_value(&line[colon + 1..]))
}

/// Empty lines that are ignored before a request line. Old clients send one after a body.
const MAX_EMPTY_LINES: usize = 4;

/// The limits of the `http` crate; hyper would refuse what is longer by itself, uncounted.
const MAX_TARGET: usize = 65_534;
const MAX_NAME: usize = 65_535;

/// Bytes of a method. The longest registered one has 17 (RFC 9110 section 16.1).
pub(crate) const MAX_METHOD: usize = 64;

/// An incomplete head. It decides whether new bytes are worth another check: a client that sends one byte at a time
/// could else have us check megabytes for each kilobyte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartialHead {
    length: usize,
    /// Set while the request line is incomplete.
    request_line: Option<PartialLine>,
}

impl PartialHead {
    pub(crate) fn new(bytes: &[u8], limits: &HeadLimits) -> Self {
        let mut line = bytes;
        while let [b'\r', b'\n', rest @ ..] = line {
            line = rest;
        }
        let request_line = memchr(b'\n', line).is_none().then(|| {
            let mut partial = PartialLine::default();
            partial.extend(line, limits);
            partial
        });
        Self { length: bytes.len(), request_line }
    }

    /// Adds bytes. Whether the head may now be whole or too large, so that it should be checked again.
    pub(crate) fn extend(&mut self, new: &[u8], limits: &HeadLimits) -> bool {
        self.length += new.len();
        self.length > limits.head
            || memchr(b'\n', new).is_some()
            || self.request_line.as_mut().is_some_and(|line| line.extend(new, limits).is_some())
    }
}

/// A request line without its end. Each of its words is refused as soon as it is too long, not only when the line ends.
#[derive(Debug, Clone, Copy, Default)]
struct PartialLine {
    /// 0 for the method, 1 for the target, and so on.
    word: usize,
    /// Bytes of that word so far.
    length: usize,
}

impl PartialLine {
    /// Adds bytes. Why the line is refused, if a word is too long.
    fn extend(&mut self, new: &[u8], limits: &HeadLimits) -> Option<Reason> {
        new.split(|byte| *byte == b' ').enumerate().find_map(|(index, part)| {
            if index > 0 {
                self.word += 1;
                self.length = 0;
            }
            self.length += part.len();
            match self.word {
                0 => (self.length > MAX_METHOD).then_some(Reason::BadRequestLine),
                1 => (self.length > limits.target).then_some(Reason::TargetTooLong),
                _ => (self.length > limits.target).then_some(Reason::BadRequestLine),
            }
        })
    }
}

/// Lines that end in CRLF, without it.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self, limits: &HeadLimits) -> Result<Option<&'a [u8]>, Reason> {
        let rest = &self.bytes[self.at..];
        let Some(end) = memchr(b'\n', rest) else {
            return if self.bytes.len() > limits.head { Err(Reason::HeadTooLarge) } else { Ok(None) };
        };
        if self.at + end + 1 > limits.head {
            return Err(Reason::HeadTooLarge);
        }
        let Some((b'\r', line)) = rest[..end].split_last() else { return Err(Reason::BareLineEnd) };
        self.at += end + 1;
        Ok(Some(line))
    }
}

struct RequestLine {
    is_1_0: bool,
}

fn request_line_of(line: &[u8], limits: &HeadLimits) -> Result<RequestLine, Reason> {
    let (method, rest) = split_token(line);
    let [b' ', rest @ ..] = rest else { return Err(Reason::BadRequestLine) };
    let Some(end) = memchr(b' ', rest) else { return Err(Reason::BadRequestLine) };
    let (target, version) = (&rest[..end], &rest[end + 1..]);
    let is_1_0 = match version {
        b"HTTP/1.1" => Ok(false),
        b"HTTP/1.0" => Ok(true),
        // Case-sensitive, and one digit on each side (RFC 9112 section 2.3).
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Err(Reason::BadVersion),
        _ => return Err(Reason::BadRequestLine),
    };
    if method.is_empty() || method.len() > MAX_METHOD || target.is_empty() {
        return Err(Reason::BadRequestLine);
    }
    if target.len() > limits.target {
        return Err(Reason::TargetTooLong);
    }
    let is_1_0 = is_1_0?;
    if method == b"CONNECT" {
        return Err(Reason::Connect);
    }
    check_target(method, target)?;
    Ok(RequestLine { is_1_0 })
}

/// Origin form, absolute form, and `*` for OPTIONS (RFC 9112 section 3.2).
fn check_target(method: &[u8], target: &[u8]) -> Result<(), Reason> {
    if !is_target(target) {
        return Err(Reason::BadTarget);
    }
    match target {
        b"*" if method == b"OPTIONS" => Ok(()),
        [b'/', ..] => Ok(()),
        _ => match absolute_authority(target) {
            // The `http` crate takes no escapes there.
            Some(authority) if is_host(authority) && memchr(b'%', authority).is_none() => Ok(()),
            _ => Err(Reason::BadTarget),
        },
    }
}

fn absolute_authority(target: &[u8]) -> Option<&[u8]> {
    let rest = [&b"http://"[..], b"https://"].iter().find_map(|scheme| {
        let (start, rest) = target.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    })?;
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    Some(&rest[..end])
}

#[derive(Default)]
struct FramingFields {
    count: usize,
    hosts: usize,
    length: Option<u64>,
    coding: Coding,
    upgrade: bool,
    connection_upgrade: bool,
}

#[derive(Default, PartialEq, Eq)]
enum Coding {
    #[default]
    None,
    Chunked,
}

impl FramingFields {
    fn add(&mut self, line: &[u8], is_1_0: bool) -> Result<(), Reason> {
        // This refuses an obs-fold, too: it starts with a space, which is not a token (RFC 9112 section 5.2).
        let (name, rest) = split_token(line);
        let [b':', value @ ..] = rest else { return Err(Reason::BadHeader) };
        if name.len() > MAX_NAME {
            return Err(Reason::HeadTooLarge);
        }
        let value = trim(value);
        if name.is_empty() || !is_field_value(value) {
            return Err(Reason::BadHeader);
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.add_host(value),
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.upgrade = true;
                Ok(())
            }
            10 if name.eq_ignore_ascii_case(b"connection") => {
                self.connection_upgrade |= members(value).any(|member| member.eq_ignore_ascii_case(b"upgrade"));
                Ok(())
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => self.add_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.add_coding(value, is_1_0),
            _ => Ok(()),
        }
    }

    fn add_host(&mut self, value: &[u8]) -> Result<(), Reason> {
        self.hosts += 1;
        if self.hosts > 1 || !is_host(value) { Err(Reason::BadHost) } else { Ok(()) }
    }

    fn add_length(&mut self, value: &[u8]) -> Result<(), Reason> {
        let length = decimal(value).ok_or(Reason::BadLength)?;
        // hyper uses the two largest numbers for itself, and no limit is that large.
        if length > u64::MAX - 2 {
            return Err(Reason::BodyTooLarge);
        }
        match self.length.replace(length) {
            Some(other) if other != length => Err(Reason::BadLength),
            _ => Ok(()),
        }
    }

    /// Exactly one `chunked` and nothing else: parsers differ about every other spelling.
    fn add_coding(&mut self, value: &[u8], is_1_0: bool) -> Result<(), Reason> {
        if is_1_0 || self.coding == Coding::Chunked {
            return Err(Reason::BadTransferEncoding);
        }
        if value.eq_ignore_ascii_case(b"chunked") {
            self.coding = Coding::Chunked;
            return Ok(());
        }
        let ends_chunked = members(value).last().is_some_and(|last| last.eq_ignore_ascii_case(b"chunked"));
        let clean = members(value).all(is_token);
        let all_chunked = members(value).all(|member| member.eq_ignore_ascii_case(b"chunked"));
        Err(if ends_chunked && clean && !all_chunked { Reason::UnknownCoding } else { Reason::BadTransferEncoding })
    }

    fn delimiter(&self) -> Result<Delimiter, Reason> {
        match (&self.coding, self.length) {
            (Coding::Chunked, Some(_)) => Err(Reason::BadTransferEncoding),
            (Coding::Chunked, None) => Ok(Delimiter::Chunked),
            (Coding::None, Some(0) | None) => Ok(Delimiter::None),
            (Coding::None, Some(length)) => Ok(Delimiter::Length(length)),
        }
    }
}

fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trim)
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
#[path = "framing_tests.rs"]
mod tests;
