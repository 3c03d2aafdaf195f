//! A strict parser of responses, for the fuzz targets and the engine's tests: it panics on anything that RFC 9112 does
//! not let a server send.

#[derive(Debug)]
pub(crate) struct ClientResponse {
    pub(crate) status: u16,
    pub(crate) is_1_0: bool,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) end: End,
    /// Bytes of the whole response.
    pub(crate) length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The framing says that the response is complete.
    Complete,
    /// The framing says that more follows.
    Truncated,
    /// Only the end of the connection ends the response.
    Close,
}

#[derive(Debug)]
pub(crate) enum Parsed {
    Nothing,
    PartialHead,
    Response(ClientResponse),
}

impl ClientResponse {
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).and_then(|(_, value)| std::str::from_utf8(value).ok())
    }
}

/// The response at the start of `bytes`. `to_head`: it answers a HEAD request.
pub(crate) fn parse(bytes: &[u8], to_head: bool) -> Parsed {
    if bytes.is_empty() {
        return Parsed::Nothing;
    }
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Parsed::PartialHead };
    let mut lines = bytes[..end].split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status_line = lines.next().unwrap();
    assert!(status_line.len() >= 13, "{:?}", String::from_utf8_lossy(status_line));
    let is_1_0 = match &status_line[..9] {
        b"HTTP/1.1 " => false,
        b"HTTP/1.0 " => true,
        other => panic!("not a response: {:?}", String::from_utf8_lossy(other)),
    };
    assert!(status_line[9..12].iter().all(u8::is_ascii_digit) && status_line[12] == b' ');
    assert!(status_line[13..].iter().all(|byte| matches!(byte, b' '..=b'~')));
    let status = std::str::from_utf8(&status_line[9..12]).unwrap().parse().unwrap();
    let headers = lines.map(header).collect();
    let mut response =
        ClientResponse { status, is_1_0, headers, body: Vec::new(), end: End::Complete, length: end + 4 };
    take_body(&mut response, &bytes[end + 4..], to_head);
    Parsed::Response(response)
}

fn header(line: &[u8]) -> (String, Vec<u8>) {
    let colon = line.iter().position(|byte| *byte == b':').expect("a colon");
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    assert!(!name.is_empty() && name.iter().all(is_token), "{:?}", String::from_utf8_lossy(line));
    let is_text = |byte: &u8| *byte == b'\t' || (*byte >= 0x20 && *byte != 0x7f);
    assert!(value.iter().all(is_text), "{:?}", String::from_utf8_lossy(line));
    (String::from_utf8_lossy(name).to_ascii_lowercase(), value.trim_ascii().to_vec())
}

fn take_body(response: &mut ClientResponse, rest: &[u8], to_head: bool) {
    let codings: Vec<_> = response.values("transfer-encoding").map(<[u8]>::to_vec).collect();
    let lengths: Vec<_> = response.values("content-length").map(<[u8]>::to_vec).collect();
    assert!(lengths.len() <= 1, "{response:?}");
    assert!(codings.is_empty() || (lengths.is_empty() && codings == [b"chunked"] && !response.is_1_0), "{response:?}");
    if response.status < 200 || response.status == 204 {
        assert!(codings.is_empty() && lengths.is_empty(), "RFC 9110 section 8.6: {response:?}");
        return;
    }
    let length = lengths.first().map(|text| {
        assert!(!text.is_empty() && text.iter().all(u8::is_ascii_digit), "{response:?}");
        std::str::from_utf8(text).unwrap().parse::<u64>().unwrap()
    });
    if to_head || response.status == 304 {
        return;
    }
    let (taken, end) = match length {
        Some(length) => {
            let taken = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
            response.body.extend_from_slice(&rest[..taken]);
            (taken, if (taken as u64) < length { End::Truncated } else { End::Complete })
        }
        None if codings.is_empty() => {
            response.body.extend_from_slice(rest);
            (rest.len(), End::Close)
        }
        None => match chunks(rest, &mut response.body) {
            Some(taken) => (taken, End::Complete),
            None => (rest.len(), End::Truncated),
        },
    };
    response.length += taken;
    response.end = end;
}

/// The length of the chunked body; None if it is truncated.
fn chunks(rest: &[u8], body: &mut Vec<u8>) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = rest[at..].iter().position(|byte| *byte == b'\n')?;
        let digits = rest[at..at + line].strip_suffix(b"\r").expect("a line ends in CRLF");
        let size = usize::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).expect("a chunk size");
        at += line + 1;
        let data = &rest[at..];
        body.extend_from_slice(&data[..size.min(data.len())]);
        let after = data.get(size..size + 2)?;
        assert_eq!(after, b"\r\n", "a chunk ends in CRLF");
        at += size + 2;
        if size == 0 {
            return Some(at);
        }
    }
}
