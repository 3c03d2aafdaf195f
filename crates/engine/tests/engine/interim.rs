//! Interim responses: 103 before the response.

use std::io::Read;
use std::sync::{Mutex, mpsc};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use kino_engine::{Exchange, Gone, InterimResponse, Response, ResponseBody};

use crate::support::{Client, HANG, Running, ok, read_body, settings};

/// Larger than what the sockets and the server hold of a response.
const MUCH: usize = 64 * 1024 * 1024;

fn hints(headers: &[(&'static str, &'static str)]) -> InterimResponse {
    let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    InterimResponse::early_hints(headers.collect())
}

fn inform(exchange: &Exchange, link: &'static str) -> Result<(), Gone> {
    exchange.reply.inform(hints(&[("link", link)]))
}

/// Reads a head that must be a 103 with these headers.
fn assert_hints(client: &mut Client, headers: &[(&str, &str)]) {
    let head = client.head();
    assert_eq!(head.status, 103, "{head:?}");
    let wanted: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    assert_eq!(head.headers, wanted);
}

#[test]
fn hints_reach_the_client_while_the_app_is_at_work() {
    let (go_on, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let running = Running::new(settings(), 1, move |exchange| {
        inform(&exchange, "</a.css>").unwrap();
        gate.lock().unwrap().recv_timeout(HANG).unwrap();
        inform(&exchange, "</b.js>").unwrap();
        let _ = exchange.reply.send(ok("done"));
    });
    let mut client = running.connect();
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_hints(&mut client, &[("link", "</a.css>")]);
        go_on.send(()).unwrap();
        assert_hints(&mut client, &[("link", "</b.js>")]);
        assert_eq!(client.response().body, b"done");
    }
    drop(client);
    running.stop();
}

#[test]
fn hints_come_before_a_response_that_follows_at_once() {
    let running = Running::new(settings(), 1, |exchange| {
        for link in ["</1>", "</2>", "</3>"] {
            inform(&exchange, link).unwrap();
        }
        let path = exchange.head.path().to_owned();
        let _ = exchange.reply.send(ok(path));
    });
    let mut client = running.connect();
    client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n");
    for path in ["/a", "/b"] {
        for link in ["</1>", "</2>", "</3>"] {
            assert_hints(&mut client, &[("link", link)]);
        }
        assert_eq!(client.response().body, path.as_bytes());
    }
    drop(client);
    running.stop();
}

#[test]
fn hints_have_no_framing_and_close_no_connection() {
    let running = Running::new(settings(), 1, |exchange| {
        let headers = [
            ("connection", "close"),
            ("link", "</a>"),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "echo"),
            ("x-b", "2"),
        ];
        exchange.reply.inform(hints(&headers)).unwrap();
        let _ = exchange.reply.send(ok("hi"));
    });
    let mut client = running.connect();
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_hints(&mut client, &[("link", "</a>"), ("x-b", "2")]);
        assert_eq!(client.response().body, b"hi");
    }
    drop(client);
    running.stop();
}

#[test]
fn hints_are_not_for_http_1_0_and_not_for_a_client_that_has_left() {
    let (send_outcome, outcomes) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        inform(&exchange, "</a>").unwrap();
        if exchange.head.path() == "/late" {
            let watch = exchange.reply.client().watch();
            while exchange.reply.is_open() {
                watch.parker().park(HANG);
            }
            send_outcome.send(inform(&exchange, "</b>")).unwrap();
        }
        let _ = exchange.reply.send(ok("hi"));
    });
    let mut client = running.connect();
    assert_eq!(client.send("GET / HTTP/1.0\r\n\r\n").response().status, 200);
    let mut client = running.connect();
    client.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_hints(&mut client, &[("link", "</a>")]);
    drop(client);
    assert_eq!(outcomes.recv_timeout(HANG).unwrap(), Err(Gone));
    running.stop();
}

#[test]
fn hints_do_not_break_into_a_response_that_the_client_has_not_read() {
    let running = Running::new(settings(), 2, |exchange| {
        if exchange.head.path() == "/large" {
            // hyper begins the next request while the response waits for its client, if it has read the body last.
            let Exchange { reply, mut body, .. } = exchange;
            reply.send(ok(vec![b'a'; MUCH])).unwrap();
            assert_eq!(read_body(&mut body).unwrap(), b"body");
            return;
        }
        for _ in 0..1_000 {
            inform(&exchange, "</a>").unwrap();
        }
        let _ = exchange.reply.send(ok("next"));
    });
    let mut client = running.connect();
    client.send("POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n");
    let mut large = client.head();
    client.send("bodyGET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    running.await_stats("both are answered", |stats| stats.served == 2);
    client.body(&mut large);
    assert!(large.body.len() == MUCH && large.body.iter().all(|byte| *byte == b'a'), "hints are within the body");
    // Hints that come after the client has begun to read are sent.
    let mut response = client.head();
    while response.status == 103 {
        response = client.head();
    }
    client.body(&mut response);
    assert_eq!(response.body, b"next");
    drop(client);
    running.stop();
}

#[test]
fn hints_come_before_the_head_of_an_upgraded_connection() {
    let (send_end, ends) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        inform(&exchange, "</a>").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("connection", HeaderValue::from_static("upgrade"));
        headers.insert("upgrade", HeaderValue::from_static("echo"));
        let body = ResponseBody::empty();
        let head = Response { status: StatusCode::SWITCHING_PROTOCOLS, headers, body };
        send_end.send(exchange.reply.hijack(Some(head)).unwrap().unwrap()).unwrap();
    });
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
    assert_hints(&mut client, &[("link", "</a>")]);
    assert_eq!(client.head().status, 101);
    let mut end = ends.recv_timeout(HANG).unwrap();
    client.send("hello");
    let mut bytes = [0; 5];
    end.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"hello");
    drop((client, end));
    running.stop();
}
