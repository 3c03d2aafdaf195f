//! The first bytes of a connection: a header of the PROXY protocol, and whether HTTP/1 or HTTP/2 follows.
//!
//! The first byte of an input says in how many pieces the rest arrives.

use kino_engine::fuzzing::{frames, proxy_header, sniff};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::run::block_on;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// No header is longer.
const MAX_PROXY_HEADER: usize = 4096;

pub fn run(data: &[u8]) {
    let Some((pieces, sent)) = data.split_first() else { return };
    let size = sent.len().div_ceil(usize::from(*pieces).max(1)).max(1);
    let rest = introduced(sent);
    sniffed(sent, size);
    sniffed(rest, size);
    // What a client has sent costs the same, however it is cut.
    let once = frames([rest]);
    assert_eq!(frames(rest.chunks(size)), once);
    assert_eq!(frames(rest.chunks(1)), once);
}

/// What is behind the header of the PROXY protocol; all of it if there is none.
fn introduced(sent: &[u8]) -> &[u8] {
    let whole = proxy_header(sent);
    // A shorter piece says the same, or that it is not enough; never something else.
    for length in 0..=sent.len().min(MAX_PROXY_HEADER + 1) {
        match proxy_header(&sent[..length]) {
            Ok(None) => {}
            decided => {
                assert_eq!(decided, whole, "{length} bytes");
                break;
            }
        }
    }
    match whole {
        Ok(Some((length, _))) => {
            assert!(length <= sent.len().min(MAX_PROXY_HEADER));
            assert_eq!(proxy_header(&sent[..length]), whole, "what follows does not count");
            &sent[length..]
        }
        Ok(None) => {
            assert!(sent.len() < MAX_PROXY_HEADER, "the wait for a header ends");
            sent
        }
        Err(_) => sent,
    }
}

/// Nothing is lost, nothing is invented, and the preface decides.
fn sniffed(sent: &[u8], size: usize) {
    let sent = sent.to_vec();
    block_on(async move {
        let (mut client, mut server) = duplex(64);
        let first = sent[..size.min(sent.len()) / 2].to_vec();
        let (skipped, bytes) = (first.len(), sent.clone());
        let sending = tokio::spawn(async move {
            for piece in bytes[skipped..].chunks(size) {
                if client.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
        });
        let (is_http2, mut read) = sniff(&mut server, first).await;
        assert_eq!(is_http2, sent.starts_with(PREFACE));
        server.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, sent);
        sending.await.unwrap();
    });
}
