//! Which protocol a client speaks that nobody has asked.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::io::rewind::Opened;
use crate::io::socket::Socket;

/// What every client of HTTP/2 sends first (RFC 9113 section 3.4). No request of HTTP/1 that is answered begins so.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Bytes that are read at a time: a usual head, so that it costs HTTP/1 no other read.
const BUFFER: usize = 2048;

/// What was found.
#[derive(Debug)]
pub(crate) struct Sniffed {
    /// Whether it is HTTP/2. If that was not decided, it is not.
    pub(crate) is_http2: bool,
    /// All that was read.
    pub(crate) read: Vec<u8>,
    pub(crate) opened: Opened,
}

/// Reads behind what was `read` already, until the first byte that only one protocol has. HTTP/1 gets what is undecided at `deadline`, or when the
/// server stops: it knows what to do with silent clients and with half a head.
pub(crate) async fn sniff<S: Socket>(
    stream: &mut S,
    mut read: Vec<u8>,
    deadline: Option<Instant>,
    mut stopping: watch::Receiver<bool>,
) -> Sniffed {
    let mut opened = Opened { at: Instant::now(), first_byte_at: None };
    let reading = poll_fn(|cx| {
        loop {
            if let Some(is_http2) = is_preface(&read) {
                return Poll::Ready(is_http2);
            }
            let is_over = ready!(poll_some(stream, &mut read, cx));
            opened.first_byte_at.get_or_insert_with(Instant::now);
            if is_over && is_preface(&read).is_none() {
                return Poll::Ready(false);
            }
        }
    });
    let late = async {
        match deadline {
            Some(deadline) => sleep_until(deadline).await,
            None => std::future::pending().await,
        }
    };
    let is_http2 = tokio::select! {
        biased;
        is_http2 = reading => is_http2,
        () = late => false,
        _ = stopping.wait_for(|stop| *stop) => false,
    };
    if read.is_empty() {
        opened.first_byte_at = None;
    }
    Sniffed { is_http2, read, opened }
}

/// Reads what is there. True at the end of the stream; an error comes again when the stream is read again.
///
/// The buffer is on the stack: a connection that is silent has none.
fn poll_some<S: Socket>(stream: &mut S, read: &mut Vec<u8>, cx: &mut Context<'_>) -> Poll<bool> {
    let mut buffer = [0; BUFFER];
    let mut buffer = ReadBuf::new(&mut buffer);
    let result = ready!(Pin::new(stream).poll_read(cx, &mut buffer));
    read.extend_from_slice(buffer.filled());
    Poll::Ready(result.is_err() || buffer.filled().is_empty())
}

/// Whether `bytes` begin with the preface. None while they may.
fn is_preface(bytes: &[u8]) -> Option<bool> {
    let length = bytes.len().min(PREFACE.len());
    if bytes[..length] != PREFACE[..length] {
        return Some(false);
    }
    (length == PREFACE.len()).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_that_differs_decides() {
        for (bytes, expected) in [
            (&b""[..], None),
            (b"P", None),
            (b"PR", None),
            (b"PO", Some(false)),
            (b"GET / HTTP/1.1\r\n", Some(false)),
            (b"PRI * HTTP/1.1\r\n", Some(false)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r", None),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Some(true)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0", Some(true)),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rx", Some(false)),
        ] {
            assert_eq!(is_preface(bytes), expected, "{:?}", String::from_utf8_lossy(bytes));
        }
    }
}
