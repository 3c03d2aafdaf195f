//! A worker that waits for something else learns that nobody waits for its answer any more.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, StatusCode};
use kino_engine::{Response, ResponseBody, Wake};

use crate::support::{HANG, Running, settings, write};

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Gone,
    Stopping,
}

fn head() -> Response {
    Response { status: StatusCode::OK, headers: HeaderMap::new(), body: ResponseBody::empty() }
}

/// Streams one chunk, and then waits for the end on another thread's behalf.
fn watches() -> (Running, mpsc::Receiver<Seen>) {
    let (told, seen) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        let client = exchange.reply.client();
        let mut writer = exchange.reply.stream(head(), None).unwrap();
        write(&mut writer, "begun").unwrap();
        let watch = client.watch();
        loop {
            if client.is_gone() {
                told.send(Seen::Gone).unwrap();
                break;
            }
            if client.is_stopping() {
                told.send(Seen::Stopping).unwrap();
                writer.finish();
                break;
            }
            assert_eq!(watch.parker().park(HANG), Wake::Unparked, "nobody was told");
        }
    });
    (running, seen)
}

#[test]
fn a_client_that_leaves_a_silent_stream_is_noticed() {
    let (running, seen) = watches();
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").head();
    drop(client);
    assert_eq!(seen.recv_timeout(HANG).unwrap(), Seen::Gone);
    running.stop();
}

#[test]
fn so_is_one_that_leaves_before_the_answer() {
    let (told, seen) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    let begin = Arc::new(Mutex::new(begin));
    let running = Running::new(settings(), 1, move |exchange| {
        let client = exchange.reply.client();
        let watch = client.watch();
        begin.lock().unwrap().send(()).unwrap();
        while !client.is_gone() {
            assert_eq!(watch.parker().park(HANG), Wake::Unparked, "nobody was told");
        }
        told.send(()).unwrap();
    });
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    begun.recv_timeout(HANG).unwrap();
    drop(client);
    seen.recv_timeout(HANG).unwrap();
    running.stop();
}

#[test]
fn a_stop_is_noticed_and_the_stream_can_end_well() {
    let (running, seen) = watches();
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").head();
    running.stop();
    assert_eq!(seen.recv_timeout(HANG).unwrap(), Seen::Stopping);
    let mut body = Vec::new();
    client.chunks(&mut body).unwrap();
    assert_eq!(body, b"begun");
}
