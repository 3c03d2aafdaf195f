//! Character classes of HTTP/1 (RFC 9110 section 5, RFC 9112 section 3, RFC 3986).

/// `token`: method and header names (RFC 9110 section 5.6.2). Not empty.
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| TOKEN[*byte as usize])
}

/// A number that consists of digits only (RFC 9110 section 8.6).
pub fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// A header value: visible characters, bytes above 0x7f, and white space within (RFC 9110 5.5).
///
/// Without a table and without an early return, so that the compiler checks 16 bytes at a time: values are most of what
/// a browser sends.
pub(crate) fn is_field_value(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |is_value, &byte| is_value & (((byte >= 0x20) & (byte != 0x7f)) | (byte == b'\t')))
}

/// The number of leading bytes in `class`.
fn span(bytes: &[u8], class: &[bool; 256]) -> usize {
    bytes.iter().position(|byte| !class[*byte as usize]).unwrap_or(bytes.len())
}

/// Splits off the token at the start, which may be empty.
pub(crate) fn split_token(bytes: &[u8]) -> (&[u8], &[u8]) {
    bytes.split_at(span(bytes, &TOKEN))
}

/// A request target: visible ASCII without a fragment, and without what the `http` crate refuses, because hyper would
/// answer that by itself, uncounted. Everything else is left to the app: browsers send `|` and `[`.
pub(crate) fn is_target(bytes: &[u8]) -> bool {
    match &bytes[span(bytes, &PATH)..] {
        [] => true,
        [b'?', query @ ..] => span(query, &QUERY) == query.len(),
        _ => false,
    }
}

/// `uri-host [ ":" port ]` (RFC 9110 section 7.2), not empty. A comma is refused although it is a sub-delimiter in RFC
/// 3986: it is how two Hosts are folded into one.
pub(crate) fn is_host(bytes: &[u8]) -> bool {
    let (host, rest) = if bytes.first() == Some(&b'[') {
        let Some(end) = bytes.iter().position(|byte| *byte == b']') else { return false };
        let literal = &bytes[1..end];
        let address = std::str::from_utf8(literal).ok().and_then(|text| text.parse::<std::net::Ipv6Addr>().ok());
        if address.is_none() {
            return false;
        }
        bytes.split_at(end + 1)
    } else {
        bytes.split_at(span(bytes, &NAME))
    };
    !host.is_empty() && is_port(rest)
}

/// Nothing, or a colon followed by nothing or by a port of up to five digits.
fn is_port(rest: &[u8]) -> bool {
    match rest {
        [] => true,
        [b':', digits @ ..] => {
            digits.len() <= 5 && (digits.is_empty() || decimal(digits).is_some_and(|port| port <= 65_535))
        }
        _ => false,
    }
}

const fn table(punctuation: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut at = 0;
    while at < punctuation.len() {
        table[punctuation[at] as usize] = true;
        at += 1;
    }
    table
}

static TOKEN: [bool; 256] = table(b"!#$%&'*+-.^_`|~");
static NAME: [bool; 256] = table(b"-._~%!$&'()*+;=");
static PATH: [bool; 256] = table(b"!\"$%&'()*+,-./:;=@[\\]^_{|}~");
static QUERY: [bool; 256] = table(b"!$%&'()*+,-./:;=?@[\\]^_`{|}~");
