//! The chunked transfer coding, checked byte for byte (RFC 9112 section 7.1).

use memchr::memchr;

use crate::http::syntax::is_token;
use crate::http1::framing::is_field_line;
use crate::refusal::Reason;

/// Bytes of one chunk-size line, extension included. Extensions have no known use; without a limit they are a body that
/// no other limit counts.
const MAX_LINE: usize = 256;

/// Bytes of all extensions and trailers in one body.
const MAX_OVERHEAD: usize = 16 * 1024;

/// Hex digits of a chunk size: as many as fit into a u64, so that leading zeros cannot hide an overflow.
const MAX_DIGITS: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expecting {
    Size,
    Data(u64),
    DataCr,
    DataLf,
    Trailer,
    Nothing,
}

/// Parses one chunked body.
#[derive(Debug)]
pub(crate) struct Chunks {
    expecting: Expecting,
    /// The part of a line that came in an earlier read.
    partial: Vec<u8>,
    overhead: usize,
}

impl Chunks {
    pub(crate) fn new() -> Self {
        Self { expecting: Expecting::Size, partial: Vec::new(), overhead: 0 }
    }

    /// Whether the body is complete.
    pub(crate) fn is_done(&self) -> bool {
        self.expecting == Expecting::Nothing
    }

    /// Takes bytes until they or the body end. Returns how many it took.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<usize, Reason> {
        self.split(bytes, |_| ())
    }

    /// Like [`Chunks::feed`], and calls `data` with the data of the chunks.
    fn split(&mut self, bytes: &[u8], mut data: impl FnMut(&[u8])) -> Result<usize, Reason> {
        let mut at = 0;
        while at < bytes.len() && !self.is_done() {
            let rest = &bytes[at..];
            at += match self.expecting {
                Expecting::Data(left) => {
                    let taken = self.skip(left, rest);
                    data(&rest[..taken]);
                    taken
                }
                Expecting::DataCr => self.byte(rest[0], b'\r', Expecting::DataLf)?,
                Expecting::DataLf => self.byte(rest[0], b'\n', Expecting::Size)?,
                Expecting::Size | Expecting::Trailer => self.line(rest)?,
                Expecting::Nothing => 0,
            };
        }
        Ok(at)
    }

    fn skip(&mut self, left: u64, rest: &[u8]) -> usize {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
        let left = left - taken as u64;
        self.expecting = if left == 0 { Expecting::DataCr } else { Expecting::Data(left) };
        taken
    }

    fn byte(&mut self, byte: u8, wanted: u8, then: Expecting) -> Result<usize, Reason> {
        if byte != wanted {
            return Err(Reason::BadChunk);
        }
        self.expecting = then;
        Ok(1)
    }

    fn line(&mut self, rest: &[u8]) -> Result<usize, Reason> {
        let longest = if self.expecting == Expecting::Size { MAX_LINE } else { MAX_OVERHEAD };
        let end = memchr(b'\n', rest);
        let taken = end.map_or(rest.len(), |end| end + 1);
        if self.partial.len() + taken > longest {
            return Err(Reason::BadChunk);
        }
        if end.is_some() && self.partial.is_empty() {
            self.complete_line(&rest[..taken])?;
            return Ok(taken);
        }
        self.partial.extend_from_slice(&rest[..taken]);
        if end.is_some() {
            let line = std::mem::take(&mut self.partial);
            self.complete_line(&line)?;
        }
        Ok(taken)
    }

    fn complete_line(&mut self, line: &[u8]) -> Result<(), Reason> {
        let line = line.strip_suffix(b"\r\n").ok_or(Reason::BadChunk)?;
        if self.expecting == Expecting::Trailer {
            return self.trailer(line);
        }
        let (digits, extension) = match memchr(b';', line) {
            Some(at) => line.split_at(at),
            None => (line, &line[line.len()..]),
        };
        self.spend(extension.len())?;
        if !is_extension(extension) {
            return Err(Reason::BadChunk);
        }
        self.expecting = match chunk_size(digits).ok_or(Reason::BadChunk)? {
            0 => Expecting::Trailer,
            size => Expecting::Data(size),
        };
        Ok(())
    }

    fn trailer(&mut self, line: &[u8]) -> Result<(), Reason> {
        if line.is_empty() {
            self.expecting = Expecting::Nothing;
            return Ok(());
        }
        self.spend(line.len())?;
        if is_field_line(line) { Ok(()) } else { Err(Reason::BadChunk) }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Reason> {
        self.overhead += bytes;
        if self.overhead > MAX_OVERHEAD { Err(Reason::BadChunk) } else { Ok(()) }
    }
}

/// Decodes a response body that the app has chunked itself. The connection then frames the body as its protocol asks:
/// HTTP/1.0, for example, has no chunks.
#[derive(Debug)]
pub struct ChunkedDecoder(Chunks);

/// A body that should be chunked is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body is not chunked, as transfer-encoding says it is")]
pub struct NotChunked;

impl Default for ChunkedDecoder {
    fn default() -> Self {
        Self(Chunks::new())
    }
}

impl ChunkedDecoder {
    /// Returns the data of the chunks in `bytes`. Extensions and trailers are dropped.
    ///
    /// # Errors
    ///
    /// [`NotChunked`] if the bytes break the rules of RFC 9112 section 7.1, or continue behind the last chunk.
    pub fn decode(&mut self, bytes: &[u8]) -> Result<Vec<u8>, NotChunked> {
        let mut data = Vec::with_capacity(bytes.len());
        match self.0.split(bytes, |part| data.extend_from_slice(part)) {
            Ok(taken) if taken == bytes.len() => Ok(data),
            _ => Err(NotChunked),
        }
    }

    /// Whether the last chunk has come.
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }
}

fn chunk_size(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return None;
    }
    digits.iter().try_fold(0_u64, |size, digit| {
        let value = (*digit as char).to_digit(16)?;
        Some(size << 4 | u64::from(value))
    })
}

/// `*( ";" name [ "=" value ] )` without the white space that RFC 9112 section 7.1.1 calls bad.
fn is_extension(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let [b';', after @ ..] = rest {
        let name = after.iter().take_while(|byte| is_token(&[**byte])).count();
        if name == 0 {
            return false;
        }
        rest = &after[name..];
        if let [b'=', value @ ..] = rest {
            let Some(length) = value_length(value) else { return false };
            rest = &value[length..];
        }
    }
    rest.is_empty()
}

/// The length of the token or quoted string (RFC 9110 section 5.6.4) at the start.
fn value_length(bytes: &[u8]) -> Option<usize> {
    let [b'"', quoted @ ..] = bytes else {
        let length = bytes.iter().take_while(|byte| is_token(&[**byte])).count();
        return (length > 0).then_some(length);
    };
    let mut at = 0;
    loop {
        match quoted.get(at..)? {
            [b'"', ..] => return Some(at + 2),
            [b'\\', escaped, ..] if is_text(*escaped) => at += 2,
            [byte, ..] if *byte != b'\\' && is_text(*byte) => at += 1,
            _ => return None,
        }
    }
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= 0x20 && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::{ChunkedDecoder, Chunks, NotChunked};
    use crate::refusal::Reason;

    fn whole(body: &[u8]) -> Result<(usize, bool), Reason> {
        let mut chunks = Chunks::new();
        let taken = chunks.feed(body)?;
        Ok((taken, chunks.is_done()))
    }

    fn in_pieces(body: &[u8], size: usize) -> Result<bool, Reason> {
        let mut chunks = Chunks::new();
        for piece in body.chunks(size) {
            assert_eq!(chunks.feed(piece)?, piece.len());
        }
        Ok(chunks.is_done())
    }

    const GOOD: [&[u8]; 8] = [
        b"0\r\n\r\n",
        b"3\r\nabc\r\n0\r\n\r\n",
        b"a\r\n0123456789\r\nA\r\n0123456789\r\n00\r\n\r\n",
        b"3;a\r\nabc\r\n0;b=c\r\n\r\n",
        b"3;a=\"b;\\\"\t c\";d=e\r\nabc\r\n0\r\n\r\n",
        b"0\r\nX: y\r\nZ:\r\n\r\n",
        b"0000000000000003\r\n\r\n\n\r\n0\r\n\r\n",
        b"2\r\n\r\n\r\n0\r\n\r\n",
    ];

    #[test]
    fn good_bodies_pass_whole_and_in_pieces() {
        for body in GOOD {
            assert_eq!(whole(body), Ok((body.len(), true)), "{:?}", String::from_utf8_lossy(body));
            for size in 1..body.len() {
                assert_eq!(in_pieces(body, size), Ok(true));
            }
        }
    }

    #[test]
    fn what_chunks_hold_comes_out_whole_and_in_pieces() {
        for (body, held) in
            GOOD.into_iter().zip(["", "abc", "01234567890123456789", "abc", "abc", "", "\r\n\n", "\r\n"])
        {
            for size in 1..=body.len() {
                let mut decoder = ChunkedDecoder::default();
                let data: Result<Vec<_>, _> = body.chunks(size).map(|piece| decoder.decode(piece)).collect();
                assert_eq!((data.map(|data| data.concat()), decoder.is_done()), (Ok(held.into()), true));
            }
        }
    }

    #[test]
    fn nothing_may_follow_the_last_chunk_that_is_decoded() {
        let mut decoder = ChunkedDecoder::default();
        assert_eq!(decoder.decode(b"1\r\na\r\n0\r\n\r\nb"), Err(NotChunked));
        let mut decoder = ChunkedDecoder::default();
        assert_eq!(decoder.decode(b"0\r\n\r\n"), Ok(Vec::new()));
        assert_eq!(decoder.decode(b""), Ok(Vec::new()));
        assert_eq!(decoder.decode(b"0\r\n\r\n"), Err(NotChunked));
        assert_eq!(ChunkedDecoder::default().decode(b"plain\r\n"), Err(NotChunked));
    }

    #[test]
    fn what_follows_is_left() {
        assert_eq!(whole(b"3\r\nabc\r\n0\r\n\r\nGET"), Ok((13, true)));
        assert_eq!(whole(b"3\r\nab"), Ok((5, false)));
    }

    #[test]
    fn bad_bodies_are_refused_whole_and_in_pieces() {
        let endless = [b"3;".as_slice(), &[b'x'; 300]].concat();
        let trailers = b"0\r\n".iter().copied().chain(b"Aaaaaaaa: bbbbbbbb\r\n".repeat(1000)).collect::<Vec<_>>();
        for body in [
            b"\r\n".as_slice(),
            b"+3\r\nabc\r\n",
            b"-3\r\nabc\r\n",
            b" 3\r\nabc\r\n",
            b"3 \r\nabc\r\n",
            b"0x3\r\nabc\r\n",
            b"3\nabc\r\n",
            b"3\rabc\r\n",
            b"g\r\n",
            b"10000000000000000\r\n",
            b"00000000000000003\r\n",
            b"3;\r\nabc\r\n",
            b"3;;a\r\nabc\r\n",
            b"3; a\r\nabc\r\n",
            b"3;a \r\nabc\r\n",
            b"3;a=\r\nabc\r\n",
            b"3;a=\"b\r\nabc\r\n",
            b"3;a=\"b\\\r\nabc\r\n",
            b"3;a=\"b\"c\r\nabc\r\n",
            b"3;a\0\r\nabc\r\n",
            b"3;a=\"\x01\"\r\nabc\r\n",
            b"3\r\nabcd\r\n",
            b"3\r\nabc\n0\r\n\r\n",
            b"3\r\nabc\r0\r\n\r\n",
            b"0\r\nX : y\r\n\r\n",
            b"0\r\n folded\r\n\r\n",
            b"0\r\nX: y\n\r\n",
            b"0\r\nX\r\n\r\n",
            &endless,
            &trailers,
        ] {
            assert_eq!(whole(body), Err(Reason::BadChunk), "{:?}", String::from_utf8_lossy(body));
            assert_eq!(in_pieces(body, 1), Err(Reason::BadChunk));
        }
    }
}
