//! A client that takes nothing but what RFC 9112 lets a server send.

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) is_1_0: bool,
    pub(super) headers: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) end: End,
    /// Bytes of all of it.
    pub(super) length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The framing says that it is complete.
    Complete,
    /// The framing says that more follows.
    Cut,
    /// Only the end of the connection ends it.
    Close,
}

#[derive(Debug)]
pub(super) enum Parsed {
    Nothing,
    CutHead,
    Answer(Answer),
}

impl Answer {
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_slice())
    }

    fn connection_has(&self, token: &str) -> bool {
        self.values("connection")
            .flat_map(|value| value.split(|byte| *byte == b','))
            .any(|member| member.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }

    /// Whether a client may not send another request after this.
    pub(super) fn closes(&self) -> bool {
        let kept = !self.is_1_0 || self.connection_has("keep-alive");
        !kept || self.connection_has("close") || self.end != End::Complete || self.status == 101
    }
}

/// The answer at the start of `bytes`; `to_head` if HEAD was what it answers.
pub(super) fn parse(bytes: &[u8], to_head: bool) -> Parsed {
    if bytes.is_empty() {
        return Parsed::Nothing;
    }
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Parsed::CutHead };
    let mut lines = bytes[..end].split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status_line = lines.next().unwrap();
    assert!(status_line.len() >= 13, "{:?}", String::from_utf8_lossy(status_line));
    let is_1_0 = match &status_line[..9] {
        b"HTTP/1.1 " => false,
        b"HTTP/1.0 " => true,
        other => panic!("no answer: {:?}", String::from_utf8_lossy(other)),
    };
    assert!(status_line[9..12].iter().all(u8::is_ascii_digit) && status_line[12] == b' ');
    assert!(status_line[13..].iter().all(|byte| matches!(byte, b' '..=b'~')));
    let status = std::str::from_utf8(&status_line[9..12]).unwrap().parse().unwrap();
    let headers = lines.map(header).collect();
    let mut answer = Answer { status, is_1_0, headers, body: Vec::new(), end: End::Complete, length: end + 4 };
    take_body(&mut answer, &bytes[end + 4..], to_head);
    Parsed::Answer(answer)
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

fn take_body(answer: &mut Answer, rest: &[u8], to_head: bool) {
    let codings: Vec<_> = answer.values("transfer-encoding").map(<[u8]>::to_vec).collect();
    let lengths: Vec<_> = answer.values("content-length").map(<[u8]>::to_vec).collect();
    assert!(lengths.len() <= 1, "{answer:?}");
    assert!(codings.is_empty() || (lengths.is_empty() && codings == [b"chunked"] && !answer.is_1_0), "{answer:?}");
    if answer.status < 200 || answer.status == 204 {
        assert!(codings.is_empty() && lengths.is_empty(), "RFC 9110 section 8.6: {answer:?}");
        return;
    }
    let length = lengths.first().map(|text| {
        assert!(!text.is_empty() && text.iter().all(u8::is_ascii_digit), "{answer:?}");
        std::str::from_utf8(text).unwrap().parse::<u64>().unwrap()
    });
    if to_head || answer.status == 304 {
        return;
    }
    let (taken, end) = match length {
        Some(length) => {
            let taken = usize::try_from(length).unwrap_or(usize::MAX).min(rest.len());
            answer.body.extend_from_slice(&rest[..taken]);
            (taken, if (taken as u64) < length { End::Cut } else { End::Complete })
        }
        None if codings.is_empty() => {
            answer.body.extend_from_slice(rest);
            (rest.len(), End::Close)
        }
        None => match chunks(rest, &mut answer.body) {
            Some(taken) => (taken, End::Complete),
            None => (rest.len(), End::Cut),
        },
    };
    answer.length += taken;
    answer.end = end;
}

/// How long the chunked body is; None if it is cut.
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
