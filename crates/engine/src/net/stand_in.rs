//! What hyper gets in the place of a head that is refused.
//!
//! So the refusal is answered in its turn behind earlier pipelined requests, and counted like any other
//! answer. No client can send such a request by itself: `*` with GET or HEAD is refused.

use tokio::io::ReadBuf;

const GET: &[u8] = b"GET * HTTP/1.1\r\nhost: refused\r\n\r\n";
const HEAD: &[u8] = b"HEAD * HTTP/1.1\r\nhost: refused\r\n\r\n";

/// The request that stands in for a refused one, or nothing.
#[derive(Debug, Default)]
pub(super) struct StandIn {
    rest: &'static [u8],
    /// How much of it hyper has.
    given: usize,
}

impl StandIn {
    /// For this head: HEAD where the client sent that, because its answer must have no body.
    pub(super) fn stand_for(&mut self, mut head: &[u8]) {
        while let [b'\r', b'\n', rest @ ..] = head {
            head = rest;
        }
        self.rest = if head.starts_with(b"HEAD ") { HEAD } else { GET };
    }

    /// Gives hyper what there is. False if there is nothing.
    pub(super) fn deliver(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let (now, later) = self.rest.split_at(self.rest.len().min(buf.remaining()));
        let has_any = !self.rest.is_empty();
        buf.put_slice(now);
        self.rest = later;
        self.given += now.len();
        has_any
    }

    /// How many bytes hyper has got that never came from the socket.
    pub(super) fn given(&self) -> usize {
        self.given
    }
}
