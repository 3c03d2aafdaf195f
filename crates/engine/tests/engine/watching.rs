//! A worker that waits for something else learns that its client has disconnected, or that the server stops.

use std::sync::mpsc;
use std::sync::{Arc, Mutex};

use http::{HeaderMap, StatusCode};
use kino_engine::{Response, ResponseBody, Wake};

use crate::support::{End, HANG, Running, settings, write};

#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Gone,
    Stopping,
}

fn head() -> Response {
    Response { status: StatusCode::OK, headers: HeaderMap::new(), body: ResponseBody::empty() }
}

/// A server whose worker streams one chunk, and then waits for a disconnect or a stop.
fn watching() -> (Running, mpsc::Receiver<Seen>) {
    let (events, seen) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        let client = exchange.reply.client();
        let mut writer = exchange.reply.stream(head(), None).unwrap();
        write(&mut writer, "begun").unwrap();
        let watch = client.watch();
        loop {
            if client.is_gone() {
                events.send(Seen::Gone).unwrap();
                break;
            }
            if client.is_stopping() {
                events.send(Seen::Stopping).unwrap();
                writer.finish();
                break;
            }
            assert_eq!(watch.parker().park(HANG), Wake::Unparked, "the watch was not notified");
        }
    });
    (running, seen)
}

#[test]
fn a_disconnect_from_a_silent_stream_is_noticed() {
    let (running, seen) = watching();
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").head();
    drop(client);
    assert_eq!(seen.recv_timeout(HANG).unwrap(), Seen::Gone);
    running.stop();
}

#[test]
fn a_disconnect_before_the_response_is_noticed() {
    let (events, seen) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    let begin = Arc::new(Mutex::new(begin));
    let running = Running::new(settings(), 1, move |exchange| {
        let client = exchange.reply.client();
        let watch = client.watch();
        begin.lock().unwrap().send(()).unwrap();
        while !client.is_gone() {
            assert_eq!(watch.parker().park(HANG), Wake::Unparked, "the watch was not notified");
        }
        events.send(()).unwrap();
    });
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    begun.recv_timeout(HANG).unwrap();
    drop(client);
    seen.recv_timeout(HANG).unwrap();
    running.stop();
}

#[test]
fn a_stop_is_noticed_and_the_stream_can_still_finish() {
    let (running, seen) = watching();
    let mut client = running.connect();
    let mut response = client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").head();
    running.stop();
    assert_eq!(seen.recv_timeout(HANG).unwrap(), Seen::Stopping);
    client.body(&mut response);
    assert_eq!((response.end, response.body.as_slice()), (End::Complete, &b"begun"[..]));
}
