//! The HTTP client's side of a response, for the tests and the fuzz targets: a parser that panics on anything that
//! RFC 9112 does not let a server send.
//!
//! It reads from a [`BufRead`], so a socket and a slice of received bytes go through the same rules.

use std::io::{BufRead, ErrorKind, Read, Result};

#[derive(Debug)]
pub(crate) struct ClientResponse {
    pub(crate) status: u16,
    pub(crate) is_1_0: bool,
    /// Names in lower case, values trimmed.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
}

/// How the body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// Where the framing says.
    Complete,
    /// The connection ended before that.
    Cut,
    /// With the connection, which is the only end that it has.
    Close,
}

/// The connection ended before the head did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// Not a byte has come.
    Closed,
    Cut,
}

impl ClientResponse {
    /// Reads a whole response. `to_head`: the request was HEAD.
    pub(crate) fn read(stream: &mut impl BufRead, to_head: bool) -> std::result::Result<Self, HeadError> {
        let mut response = Self::read_head(stream)?;
        if !to_head {
            response.read_body(stream);
        }
        Ok(response)
    }

    /// Reads the head only.
    pub(crate) fn read_head(stream: &mut impl BufRead) -> std::result::Result<Self, HeadError> {
        let mut lines = Vec::new();
        loop {
            match line(stream) {
                Ok(Some(line)) if line.is_empty() => break,
                Ok(Some(line)) => lines.push(line),
                Ok(None) => return Err(HeadError::Cut),
                Err(_) if lines.is_empty() => return Err(HeadError::Closed),
                Err(_) => return Err(HeadError::Cut),
            }
        }
        let status_line = lines.first().expect("a status line before the empty line");
        let (status, is_1_0) = parse_status_line(status_line);
        let headers = lines[1..].iter().map(|line| parse_header(line)).collect();
        let response = Self { status, is_1_0, headers, body: Vec::new(), end: End::Complete };
        response.check_framing();
        Ok(response)
    }

    /// Reads the body that follows the head.
    pub(crate) fn read_body(&mut self, stream: &mut impl BufRead) {
        if self.status < 200 || matches!(self.status, 204 | 304) {
            return;
        }
        let body = &mut Vec::new();
        self.end = if let Some(length) = self.content_length() {
            let whole = read_up_to(stream, length, body) == length;
            if whole { End::Complete } else { End::Cut }
        } else if self.values("transfer-encoding").next().is_some() {
            let whole = read_chunks(stream, body).is_some();
            if whole { End::Complete } else { End::Cut }
        } else {
            match ended(stream.read_to_end(body)) {
                Ok(_) => End::Close,
                Err(_) => End::Cut,
            }
        };
        self.body.append(body);
    }

    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    /// Whether a client may not send another request after this.
    pub(crate) fn closes(&self) -> bool {
        let is_kept_alive = !self.is_1_0 || self.connection_has("keep-alive");
        !is_kept_alive || self.connection_has("close") || self.end != End::Complete || self.status == 101
    }

    fn connection_has(&self, token: &str) -> bool {
        self.values("connection")
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|member| member.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }

    fn content_length(&self) -> Option<u64> {
        let text = self.values("content-length").next()?;
        assert!(!text.is_empty() && text.iter().all(u8::is_ascii_digit), "{self:?}");
        Some(std::str::from_utf8(text).unwrap().parse().unwrap())
    }

    /// RFC 9112 sections 6.1 and 6.2.
    fn check_framing(&self) {
        let codings: Vec<_> = self.values("transfer-encoding").collect();
        let lengths = self.values("content-length").count();
        assert!(lengths <= 1, "{self:?}");
        assert!(codings.is_empty() || (lengths == 0 && codings == [b"chunked"] && !self.is_1_0), "{self:?}");
        let has_framing = lengths > 0 || !codings.is_empty();
        let may_have_none = self.status < 200 || self.status == 204;
        assert!(!(has_framing && may_have_none), "RFC 9110 section 8.6: {self:?}");
        self.content_length();
    }
}

fn parse_status_line(line: &[u8]) -> (u16, bool) {
    let text = String::from_utf8_lossy(line);
    let is_1_0 = match line.get(..9) {
        Some(b"HTTP/1.1 ") => false,
        Some(b"HTTP/1.0 ") => true,
        _ => panic!("not a status line: {text:?}"),
    };
    assert!(line.len() >= 13 && line[9..12].iter().all(u8::is_ascii_digit) && line[12] == b' ', "{text:?}");
    assert!(line[13..].iter().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
    (text[9..12].parse().unwrap(), is_1_0)
}

fn parse_header(line: &[u8]) -> (String, Vec<u8>) {
    let text = String::from_utf8_lossy(line);
    let colon = line.iter().position(|byte| *byte == b':').unwrap_or_else(|| panic!("no colon: {text:?}"));
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    assert!(!name.is_empty() && name.iter().all(is_token), "{text:?}");
    let is_text = |byte: &u8| *byte == b'\t' || (*byte >= 0x20 && *byte != 0x7f);
    assert!(value.iter().all(is_text), "{text:?}");
    (String::from_utf8_lossy(name).to_ascii_lowercase(), value.trim_ascii().to_vec())
}

/// None if the body is cut. The engine sends neither chunk extensions nor trailers.
fn read_chunks(stream: &mut impl BufRead, body: &mut Vec<u8>) -> Option<()> {
    loop {
        let digits = line(stream).ok()??;
        assert!(
            !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit),
            "{:?}",
            String::from_utf8_lossy(&digits)
        );
        let size = u64::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).expect("a chunk size");
        if read_up_to(stream, size, body) < size {
            return None;
        }
        let mut end = Vec::new();
        if read_up_to(stream, 2, &mut end) < 2 {
            return None;
        }
        assert_eq!(end, b"\r\n", "a chunk ends in CRLF");
        if size == 0 {
            return Some(());
        }
    }
}

/// A line without its CRLF. None if it is cut, an error if nothing of it has come.
fn line(stream: &mut impl BufRead) -> Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = ended(stream.read_until(b'\n', &mut line));
    if line.is_empty() {
        return Err(read.err().unwrap_or_else(|| ErrorKind::UnexpectedEof.into()));
    }
    if line.pop() != Some(b'\n') {
        return Ok(None);
    }
    assert_eq!(line.pop(), Some(b'\r'), "a line ends in CRLF: {:?}", String::from_utf8_lossy(&line));
    Ok(Some(line))
}

/// Appends `length` bytes, or all up to the end of the connection. Returns how many.
fn read_up_to(stream: &mut impl BufRead, length: u64, to: &mut Vec<u8>) -> u64 {
    let before = to.len();
    let _ = ended(stream.take(length).read_to_end(to));
    (to.len() - before) as u64
}

/// The end of a connection, orderly or not, is something to test for. A timeout is a server that hangs.
fn ended(read: Result<usize>) -> Result<usize> {
    if let Err(error) = &read {
        assert!(!matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "the server hangs");
    }
    read
}
