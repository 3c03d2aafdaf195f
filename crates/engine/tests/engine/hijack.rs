//! Hijacked connections, and the limits on connections.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, mpsc};

use http::{HeaderMap, HeaderValue, StatusCode};
use kino_engine::{Response, ResponseBody, Settings};

use crate::support::{HANG, Running, ok, settings};

const UPGRADE: &str = "GET /up HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";

fn switching() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert("connection", HeaderValue::from_static("upgrade"));
    headers.insert("upgrade", HeaderValue::from_static("echo"));
    headers.insert("content-length", HeaderValue::from_static("7"));
    Response { status: StatusCode::SWITCHING_PROTOCOLS, headers, body: ResponseBody::empty() }
}

/// A server whose worker hijacks `/raw` without a head and `/up` with one, and answers everything else.
fn hijacking() -> (Running, mpsc::Receiver<UnixStream>) {
    let (send_end, ends) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        let head = match exchange.head.path() {
            "/raw" => None,
            "/up" => Some(switching()),
            path => {
                let path = path.to_owned();
                let _ = exchange.reply.send(ok(path));
                return;
            }
        };
        let end = exchange.reply.hijack(head).unwrap().unwrap();
        end.set_read_timeout(Some(HANG)).unwrap();
        send_end.send(end).unwrap();
    });
    (running, ends)
}

fn read(end: &mut UnixStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    end.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_hijacked_connection_carries_bytes_both_ways() {
    let (running, ends) = hijacking();
    let mut client = running.connect();
    client.send("GET /raw HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut end = ends.recv_timeout(HANG).unwrap();
    end.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").unwrap();
    assert_eq!(client.response().body, b"hi");
    client.send("no HTTP\n\0");
    assert_eq!(read(&mut end, 9), b"no HTTP\n\0");
    drop(end);
    assert!(client.is_closed());
    running.await_stats("the connection is gone", |stats| stats.connections == 0 && stats.in_flight == 0);
    assert_eq!(running.server.stats().disconnects, 0);
    running.stop();
}

#[test]
fn an_upgrade_sends_its_head_and_passes_on_bytes_the_client_sent_early() {
    let (running, ends) = hijacking();
    let mut client = running.connect();
    client.send(format!("{UPGRADE}\0ahead"));
    let mut end = ends.recv_timeout(HANG).unwrap();
    let response = client.head();
    assert_eq!((response.status, response.header("upgrade")), (101, Some("echo")));
    assert_eq!(response.header("content-length"), None, "RFC 9110 section 8.6");
    assert_eq!(read(&mut end, 6), b"\0ahead");
    end.write_all(b"back").unwrap();
    let mut back = [0; 4];
    client.stream.read_exact(&mut back).unwrap();
    assert_eq!(&back, b"back");
    drop(client);
    assert_eq!(end.read(&mut [0]).unwrap(), 0, "the hijacker sees the disconnect");
    running.stop();
}

#[test]
fn a_declined_upgrade_continues_with_http() {
    let (running, _ends) = hijacking();
    let mut client = running.connect();
    client.send(UPGRADE.replace("/up", "/no"));
    assert_eq!(client.response().body, b"/no");
    assert_eq!(client.get("/next").body, b"/next");
    client.send(UPGRADE.replace("/up", "/no") + "GET /pipelined HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.response().body, b"/no");
    assert_eq!(client.response().body, b"/pipelined");
    client.send(UPGRADE.replace("/up", "/no") + "BAD\r\n\r\n");
    assert_eq!(client.response().body, b"/no");
    assert_eq!(client.response().status, 400);
    running.stop();
}

#[test]
fn a_drain_does_not_wait_for_hijacked_connections() {
    let (running, ends) = hijacking();
    let mut client = running.connect();
    client.send(UPGRADE).head();
    let end = ends.recv_timeout(HANG).unwrap();
    assert!(running.server.drain(HANG));
    assert_eq!(running.server.stats().connections, 1);
    running.stop();
    drop(end);
    assert!(client.is_closed());
}

#[test]
fn connections_beyond_the_limit_wait_in_the_backlog() {
    let (entered, entries) = mpsc::channel();
    let entered = Mutex::new(entered);
    let running = Running::new(Settings { max_connections: 2, ..settings() }, 1, move |exchange| {
        entered.lock().unwrap().send(()).unwrap();
        let _ = exchange.reply.send(ok("in"));
    });
    let (mut first, mut second, mut third) = (running.connect(), running.connect(), running.connect());
    assert_eq!(first.get("/").status, 200);
    assert_eq!(second.get("/").status, 200);
    third.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(first.get("/").status, 200);
    assert_eq!(running.server.stats().accepted, 2);
    drop(second);
    assert_eq!(third.response().status, 200);
    assert_eq!(entries.try_iter().count(), 4);
    drop((first, third));
    running.stop();
}

#[test]
fn the_last_response_of_a_connection_says_close() {
    let running = Running::new(Settings { max_requests: Some(2), ..settings() }, 1, |exchange| {
        let _ = exchange.reply.send(ok("ok"));
    });
    let mut client = running.connect();
    assert_eq!(client.get("/").header("connection"), None);
    assert_eq!(client.get("/").header("connection"), Some("close"));
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn a_hijacker_may_half_close_first_and_close_later() {
    let (running, ends) = hijacking();
    let mut client = running.connect();
    client.send("GET /raw HTTP/1.1\r\nHost: a\r\n\r\n");
    let end = ends.recv_timeout(HANG).unwrap();
    end.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(client.is_closed());
    drop(end);
    // Even though the client stays, and sends nothing.
    running.await_stats("the connection is gone", |stats| stats.connections == 0);
    running.stop();
}
