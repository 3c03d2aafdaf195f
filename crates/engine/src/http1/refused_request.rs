//! The request that hyper gets in the place of a refused one.
//!
//! So the refusal is answered in its turn behind earlier pipelined requests, and counted like any other. No client can
//! send such a request itself: `*` with GET or HEAD is refused.

use tokio::io::ReadBuf;

const GET: &[u8] = b"GET * HTTP/1.1\r\nhost: refused\r\n\r\n";
const HEAD: &[u8] = b"HEAD * HTTP/1.1\r\nhost: refused\r\n\r\n";

/// The bytes of such a request, if one is due.
#[derive(Debug, Default)]
pub(super) struct RefusedRequest {
    rest: &'static [u8],
    delivered: usize,
}

impl RefusedRequest {
    /// Makes one due in the place of `head`: a HEAD request if the client sent one, because its response must have no
    /// body.
    pub(super) fn replace(&mut self, mut head: &[u8]) {
        while let [b'\r', b'\n', rest @ ..] = head {
            head = rest;
        }
        self.rest = if head.starts_with(b"HEAD ") { HEAD } else { GET };
    }

    /// Gives hyper what is left of it. False if nothing is.
    pub(super) fn deliver(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let (now, later) = self.rest.split_at(self.rest.len().min(buf.remaining()));
        let has_any = !self.rest.is_empty();
        buf.put_slice(now);
        self.rest = later;
        self.delivered += now.len();
        has_any
    }

    /// Bytes that hyper got that never came from the socket.
    pub(super) fn delivered(&self) -> usize {
        self.delivered
    }
}
