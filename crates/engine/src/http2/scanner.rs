//! The frames that a client sends, as far as their headers tell (RFC 9113 section 4.1).
//!
//! h2 counts some kinds of frames that cost more than they bring, but not PING, SETTINGS, PRIORITY and WINDOW_UPDATE,
//! nor frames of unknown types. And it does not say when a header block has begun and does not end.

/// Bytes of a frame's header.
const HEADER: usize = 9;

/// Bytes of the connection preface, which is no frame.
const PREFACE: usize = 24;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Follows the frames in a stream of bytes.
#[derive(Debug)]
pub(crate) struct Scanner {
    header: [u8; HEADER],
    /// How many bytes of the header have come.
    filled: usize,
    /// How many bytes of the payload are to come.
    payload: usize,
    block: Block,
}

/// A header block (RFC 9113 section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    Begun,
    /// It ends with the payload of the current frame.
    Ending,
}

impl Scanner {
    /// A scanner for a connection from its first byte on.
    pub(crate) fn new() -> Self {
        Self { header: [0; HEADER], filled: 0, payload: PREFACE, block: Block::None }
    }

    /// Passes over `bytes`. Returns how many frames have begun in them that carry nothing of a body.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> u32 {
        let mut frames = 0;
        while !bytes.is_empty() {
            if self.payload > 0 {
                let length = self.payload.min(bytes.len());
                self.payload -= length;
                bytes = &bytes[length..];
                self.end_payload();
                continue;
            }
            let length = (HEADER - self.filled).min(bytes.len());
            self.header[self.filled..self.filled + length].copy_from_slice(&bytes[..length]);
            self.filled += length;
            bytes = &bytes[length..];
            if self.filled == HEADER {
                self.filled = 0;
                frames += self.begin();
            }
        }
        frames
    }

    /// Whether a header block has begun that has not ended.
    pub(crate) fn is_in_block(&self) -> bool {
        self.block != Block::None
    }

    fn begin(&mut self) -> u32 {
        let [high, middle, low, kind, flags, ..] = self.header;
        self.payload = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        if matches!(kind, HEADERS | CONTINUATION) {
            self.block = if flags & END_HEADERS == 0 { Block::Begun } else { Block::Ending };
        }
        let carries_body = kind == DATA && (self.payload > 0 || flags & END_STREAM != 0);
        self.end_payload();
        u32::from(!carries_body)
    }

    fn end_payload(&mut self) {
        if self.payload == 0 && self.block == Block::Ending {
            self.block = Block::None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = payload.len() as u32;
        [&length.to_be_bytes()[1..], &[kind, flags], &[0, 0, 0, 1], payload].concat()
    }

    fn preface() -> Vec<u8> {
        vec![b'x'; PREFACE]
    }

    #[test]
    fn frames_are_counted_however_they_are_split() {
        let frames = [
            preface(),
            frame(4, 0, &[0; 6]),
            frame(HEADERS, END_HEADERS, b"block"),
            frame(DATA, 0, &[9; 300]),
            frame(DATA, 0, b""),
            frame(DATA, END_STREAM, b""),
            frame(6, 0, &[1; 8]),
            frame(250, 0, b""),
        ]
        .concat();
        for size in [1, 2, 3, 7, 8, 9, 10, 11, 100, frames.len()] {
            let mut scanner = Scanner::new();
            let count: u32 = frames.chunks(size).map(|piece| scanner.feed(piece)).sum();
            assert_eq!(count, 5, "in pieces of {size}");
            assert!(!scanner.is_in_block());
        }
    }

    #[test]
    fn a_header_block_ends_with_the_last_byte_of_its_last_frame() {
        let frames =
            [frame(HEADERS, 0, b"bl"), frame(CONTINUATION, 0, b""), frame(CONTINUATION, END_HEADERS, b"ock")].concat();
        let mut scanner = Scanner::new();
        scanner.feed(&preface());
        for (at, byte) in frames.iter().enumerate() {
            assert_eq!(scanner.is_in_block(), at >= HEADER, "before byte {at}");
            scanner.feed(&[*byte]);
        }
        assert!(!scanner.is_in_block());
        scanner.feed(&frame(HEADERS, END_HEADERS, b""));
        assert!(!scanner.is_in_block(), "an empty block");
    }
}
