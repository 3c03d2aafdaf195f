//! What HTTP/1 may look like on the wire, checked byte for byte (RFC 9112).
//!
//! hyper parses requests; this stands before it because hyper is lenient where request smuggling
//! begins: obs-fold, space before a colon, a missing or doubled Host, bare line feeds, malformed
//! chunk extensions. Nothing here reads or writes: [`Framing`] is fed the bytes of a connection and
//! says how many of them may be passed on.

use memchr::memchr;

use crate::http::refusal::Reason;
use crate::http::syntax::{is_field_value, is_host, is_target, is_token};

/// Bounds of a request head.
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
    /// There is none.
    None,
    /// So many bytes follow.
    Length(u64),
    /// Chunks follow.
    Chunked,
}

/// What is known of a complete, well-formed head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadInfo {
    /// Bytes of it, with the empty line.
    pub(crate) length: usize,
    pub(crate) body: Delimiter,
    /// The client wants to speak another protocol after the answer.
    pub(crate) upgrade: bool,
}

/// Finds the end of the head at the start of `bytes` and checks it. None while it is incomplete.
pub(crate) fn check_head(bytes: &[u8], limits: &HeadLimits) -> Result<Option<HeadInfo>, Reason> {
    let mut lines = Lines { bytes, at: 0 };
    // RFC 9112 section 2.2: an empty line before the request line is ignored.
    let mut empty_lines = 0;
    let request_line = loop {
        match lines.next(limits)? {
            Some([]) if empty_lines == MOST_EMPTY_LINES => return Err(Reason::BadRequestLine),
            Some([]) => empty_lines += 1,
            Some(line) => break line,
            None => {
                // The target is refused as soon as it is too long, not when its line ends.
                if longest_word(&bytes[lines.at..]) > limits.target.saturating_add(MORE_THAN_A_TARGET) {
                    return Err(Reason::TargetTooLong);
                }
                return Ok(None);
            }
        }
    };
    let request = request_line_of(request_line, limits)?;
    let mut fields = Fields::default();
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

/// `name ":" OWS value OWS`, a folded line being none (RFC 9112 section 5).
pub(crate) fn is_field_line(line: &[u8]) -> bool {
    memchr(b':', line).is_some_and(|colon| is_token(&line[..colon]) && is_field_value(&line[colon + 1..]))
}

/// Empty lines that are ignored before a request line. One is what old clients send after a body.
const MOST_EMPTY_LINES: usize = 4;

/// What the `http` crate takes at most; hyper would refuse longer ones by itself, uncounted.
const LONGEST_TARGET: usize = 65_534;
const LONGEST_NAME: usize = 65_535;

/// Bytes of a method; the longest that is registered has 17 (RFC 9110 section 16.1).
const LONGEST_METHOD: usize = 64;

/// A word longer than a target and this is no method either: it is refused as a target although its
/// line has no end yet.
const MORE_THAN_A_TARGET: usize = LONGEST_METHOD;

fn longest_word(bytes: &[u8]) -> usize {
    bytes.split(|byte| *byte == b' ').map(<[u8]>::len).max().unwrap_or(0)
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
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Reason::BadRequestLine);
    };
    if !is_token(method) || method.len() > LONGEST_METHOD || target.is_empty() {
        return Err(Reason::BadRequestLine);
    }
    if target.len() > limits.target.min(LONGEST_TARGET) {
        return Err(Reason::TargetTooLong);
    }
    let is_1_0 = match version {
        b"HTTP/1.1" => false,
        b"HTTP/1.0" => true,
        _ => return Err(Reason::BadVersion),
    };
    if method == b"CONNECT" {
        return Err(Reason::Connect);
    }
    check_target(method, target)?;
    Ok(RequestLine { is_1_0 })
}

/// RFC 9112 section 3.2: origin form, absolute form, and `*` for OPTIONS.
fn check_target(method: &[u8], target: &[u8]) -> Result<(), Reason> {
    if !is_target(target) {
        return Err(Reason::BadTarget);
    }
    match target {
        b"*" if method == b"OPTIONS" => Ok(()),
        [b'/', ..] => Ok(()),
        _ => match absolute_authority(target) {
            // The `http` crate has no escapes there.
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
struct Fields {
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

impl Fields {
    fn add(&mut self, line: &[u8], is_1_0: bool) -> Result<(), Reason> {
        let colon = memchr(b':', line).ok_or(Reason::BadHeader)?;
        let (name, value) = (&line[..colon], trim(&line[colon + 1..]));
        if name.len() > LONGEST_NAME {
            return Err(Reason::HeadTooLarge);
        }
        // An obs-fold starts with a space, which is no token either (RFC 9112 section 5.2).
        if !is_token(name) || !is_field_value(value) {
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
        // hyper has these two for its own use, and no limit is that large.
        if length > u64::MAX - 2 {
            return Err(Reason::BodyTooLarge);
        }
        match self.length.replace(length) {
            Some(other) if other != length => Err(Reason::BadLength),
            _ => Ok(()),
        }
    }

    /// Exactly one `chunked` and nothing else: every other spelling is where two parsers differ.
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

/// A number of nothing but digits (RFC 9110 section 8.6).
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Delimiter, HeadInfo, HeadLimits, check_head};
    use crate::http::refusal::Reason::{self, *};

    const LIMITS: HeadLimits = HeadLimits { head: 300, target: 100, headers: 5 };

    fn check(head: &str) -> Result<Option<HeadInfo>, Reason> {
        check_head(head.as_bytes(), &LIMITS)
    }

    fn with(fields: &str) -> Result<Option<HeadInfo>, Reason> {
        check(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n"))
    }

    fn body(fields: &str) -> Delimiter {
        with(fields).unwrap().unwrap().body
    }

    #[test]
    fn well_formed_heads_pass() {
        for head in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.0\r\n\r\n",
            "OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
            "GET HTTP://example.org:80/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
            "M-SEARCH /%00/..//?a=b&c[]=| HTTP/1.1\r\nHost:a.example:\r\nX: \t\"\u{e9}\" \r\nEmpty:\r\n\r\n",
        ] {
            let info = check(head).unwrap_or_else(|reason| panic!("{head:?}: {reason:?}"));
            assert_eq!(info.map(|info| info.length), Some(head.len()), "{head:?}");
        }
    }

    #[test]
    fn every_beginning_of_a_good_head_is_incomplete() {
        let head = "GET /path HTTP/1.1\r\nHost: example.org\r\nContent-Length: 3\r\n\r\n";
        for end in 0..head.len() {
            assert_eq!(check(&head[..end]), Ok(None), "{:?}", &head[..end]);
        }
    }

    #[test]
    fn malformed_heads_are_refused_for_the_right_reason() {
        for (head, reason) in [
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", BadRequestLine),
            ("GET /\r\nHost: a\r\n\r\n", BadRequestLine),
            ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", BadRequestLine),
            (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", BadRequestLine),
            ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", BadRequestLine),
            ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", BadRequestLine),
            (&format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(65)), BadRequestLine),
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", BareLineEnd),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", BareLineEnd),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", BareLineEnd),
            ("GET / HTTP/1.1\r\nX: a\rb\r\nHost: a\r\n\r\n", BadHeader),
            ("GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("GET / HTTP/1.1\r\nX: a\0b\r\nHost: a\r\n\r\n", BadHeader),
            ("GET / HTTP/1.1\r\nX : a\r\nHost: a\r\n\r\n", BadHeader),
            ("GET / HTTP/1.1\r\nX\r\nHost: a\r\n\r\n", BadHeader),
            ("GET / HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n", BadHeader),
            ("GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", BadHeader),
            ("GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", BadHeader),
            ("GET / HTTP/1.1\r\n\r\n", BadHost),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", BadHost),
            ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", BadHost),
            ("GET / HTTP/1.1\r\nHost:\r\n\r\n", BadHost),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BadHost),
            ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", BadHost),
            ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", BadHost),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BadHost),
            ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", BadHost),
            ("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", BadHost),
            ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", BadHost),
            ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("GET /`<> HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("GET /?\" HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("GET http://a%41/x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("GET http://u@h/x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("GET ftp://h/x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
            ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", Connect),
            ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", BadVersion),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", BadVersion),
            ("GET / http/1.1\r\nHost: a\r\n\r\n", BadVersion),
            ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", BadVersion),
        ] {
            assert_eq!(check(head), Err(reason), "{head:?}");
        }
    }

    #[test]
    fn body_delimiters() {
        assert_eq!(body("A: b"), Delimiter::None);
        assert_eq!(body("Content-Length: 0"), Delimiter::None);
        assert_eq!(body("Content-Length: 007"), Delimiter::Length(7));
        assert_eq!(body("Content-Length: 7\r\nContent-Length: 7"), Delimiter::Length(7));
        assert_eq!(body("Transfer-Encoding: Chunked"), Delimiter::Chunked);
        for (fields, reason) in [
            ("Content-Length:", BadLength),
            ("Content-Length: +7", BadLength),
            ("Content-Length: -7", BadLength),
            ("Content-Length: 0x7", BadLength),
            ("Content-Length: 7, 7", BadLength),
            ("Content-Length: 7 7", BadLength),
            ("Content-Length: 18446744073709551616", BadLength),
            ("Content-Length: 7\r\nContent-Length: 8", BadLength),
            ("Content-Length: 7\r\nTransfer-Encoding: chunked", BadTransferEncoding),
            ("Transfer-Encoding: chunked\r\nContent-Length: 7", BadTransferEncoding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", BadTransferEncoding),
            ("Transfer-Encoding: chunked, chunked", BadTransferEncoding),
            ("Transfer-Encoding: chunked,", BadTransferEncoding),
            ("Transfer-Encoding: , chunked", BadTransferEncoding),
            ("Transfer-Encoding: chunked;q=1", BadTransferEncoding),
            ("Transfer-Encoding: identity", BadTransferEncoding),
            ("Transfer-Encoding: chunked, gzip", BadTransferEncoding),
            ("Transfer-Encoding:", BadTransferEncoding),
            ("Transfer-Encoding: gzip, chunked", UnknownCoding),
        ] {
            assert_eq!(with(fields), Err(reason), "{fields:?}");
        }
        let old = check("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_eq!(old, Err(BadTransferEncoding));
    }

    #[test]
    fn limits_hold_before_the_end_is_seen() {
        let long = "x".repeat(101);
        assert_eq!(check(&format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n")), Err(TargetTooLong));
        assert_eq!(check(&format!("GET /{}", "x".repeat(200))), Err(TargetTooLong));
        assert_eq!(with(&format!("X: {}", "x".repeat(300))), Err(HeadTooLarge));
        assert_eq!(check(&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(300))), Err(HeadTooLarge));
        assert_eq!(with("A: 1\r\nB: 2\r\nC: 3\r\nD: 4"), with("A: 1\r\nB: 2\r\nC: 3\r\nD: 4"));
        assert_eq!(with("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5"), Err(TooManyHeaders));
    }

    #[test]
    fn an_upgrade_needs_both_headers_and_http_1_1() {
        let upgrade = |fields: &str| with(fields).unwrap().unwrap().upgrade;
        assert!(upgrade("Upgrade: websocket\r\nConnection: keep-alive, Upgrade"));
        assert!(!upgrade("Upgrade: websocket"));
        assert!(!upgrade("Connection: upgrade"));
        let old = check("GET / HTTP/1.0\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
        assert!(!old.unwrap().unwrap().upgrade);
    }
}
