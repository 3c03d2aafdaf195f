//! A worker that waits for something else learns that no client waits for its response any more.

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

/// Streams one chunk, and then waits for the end of the request.
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
fn a_client_that_leaves_before_its_response_is_noticed() {
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
    let (_, head) = client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").head();
    running.stop();
    assert_eq!(seen.recv_timeout(HANG).unwrap(), Seen::Stopping);
    assert_eq!(client.response_of(head).unwrap().body, b"begun");
}
