//! Heads, keep-alive, pipelining, the queue and its 503.

use std::net::TcpStream;
use std::sync::mpsc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use kino_engine::{Response, ResponseBody, Server, Settings};

use crate::support::{Client, HANG, Running, await_stats, ok, settings};

#[test]
fn a_request_reaches_a_worker_and_its_response_the_client() {
    let running = Running::new(settings(), 2, |exchange| {
        let text = format!(
            "{} {} {} {:?}",
            exchange.head.method(),
            exchange.head.path(),
            exchange.head.query(),
            exchange.head.server()
        );
        let _ = exchange.reply.send(ok(text));
    });
    let mut client = running.connect();
    let response = client.send("GET /a%20b//../c/?x=1&y HTTP/1.1\r\nHost: example.org:81\r\n\r\n").response();
    assert_eq!(response.status, 200);
    assert_eq!(String::from_utf8_lossy(&response.body), r#"GET /a%20b//../c/ x=1&y ("example.org", 81)"#);
    assert!(response.header("date").is_some());
    let response = client.send("GET http://other/x HTTP/1.1\r\nHost: example.org\r\n\r\n").response();
    assert_eq!(String::from_utf8_lossy(&response.body), r#"GET /x  ("other", 80)"#);
    drop(client);
    running.stop();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let running = Running::new(settings(), 4, |exchange| {
        let path = exchange.head.path().to_owned();
        let _ = exchange.reply.send(ok(path));
    });
    let mut client = running.connect();
    let requests: String = (0..200).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: test\r\n\r\n")).collect();
    client.send(requests);
    for n in 0..200 {
        assert_eq!(client.response().body, format!("/{n}").into_bytes());
    }
    assert_eq!(running.server.stats().served, 200);
    assert_eq!(running.server.stats().accepted, 1);
    drop(client);
    running.stop();
}

#[test]
fn connection_close_is_honoured() {
    let running = Running::new(settings(), 1, |exchange| {
        let _ = exchange.reply.send(ok("bye"));
    });
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    assert_eq!(client.response().body, b"bye");
    assert!(client.is_closed());
    let mut old = running.connect();
    old.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(old.response().body, b"bye");
    assert!(old.is_closed());
    running.stop();
}

#[test]
fn header_values_repeat_as_lines() {
    let running = Running::new(settings(), 1, |exchange| {
        let mut headers = HeaderMap::new();
        headers.append("set-cookie", HeaderValue::from_static("a=1"));
        headers.append("set-cookie", HeaderValue::from_static("b=2"));
        let response = Response { status: StatusCode::CREATED, headers, body: ResponseBody::empty() };
        let _ = exchange.reply.send(response);
    });
    let mut client = running.connect();
    let response = client.get("/");
    assert_eq!(response.status, 201);
    assert_eq!(response.values("set-cookie").count(), 2);
    assert_eq!(response.header("content-length"), Some("0"));
    drop(client);
    running.stop();
}

#[test]
fn a_dropped_exchange_is_answered_with_500() {
    let running = Running::new(settings(), 1, drop);
    let mut client = running.connect();
    assert_eq!(client.get("/").status, 500);
    assert_eq!(client.get("/").status, 500, "the connection stays open");
    assert_eq!(running.server.stats().dropped, 2);
    drop(client);
    running.stop();
}

#[test]
fn a_worker_that_panics_is_answered_with_500() {
    let running = Running::new(settings(), 1, |exchange| {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _held = exchange;
            std::panic::resume_unwind(Box::new("a bug in the worker"));
        }));
        assert!(caught.is_err());
    });
    let mut client = running.connect();
    assert_eq!(client.get("/").status, 500);
    drop(client);
    running.stop();
}

#[test]
fn a_queue_that_stays_full_is_answered_with_503_and_retry_after() {
    let (entered, entries) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let short = Settings { queue_depth: 1, queue_timeout: Duration::from_millis(1), ..settings() };
    let running = Running::new(short, 1, move |exchange| {
        entered.send(()).unwrap();
        released.lock().unwrap().recv_timeout(HANG).unwrap();
        let _ = exchange.reply.send(ok("done"));
    });
    let mut busy = running.connect();
    busy.send("GET /busy HTTP/1.1\r\nHost: test\r\n\r\n");
    entries.recv_timeout(HANG).unwrap();
    let mut queued = running.connect();
    queued.send("GET /queued HTTP/1.1\r\nHost: test\r\n\r\n");
    running.await_stats("a request is queued", |stats| stats.queued == 1);

    let mut refused = running.connect();
    let response = refused.get("/refused");
    assert_eq!(response.status, 503);
    assert_eq!(response.header("retry-after"), Some("1"));
    assert_eq!(running.server.stats().rejected, 1);

    release.send(()).unwrap();
    release.send(()).unwrap();
    assert_eq!(busy.response().status, 200);
    assert_eq!(queued.response().status, 200);
    release.send(()).unwrap();
    assert_eq!(refused.get("/again").status, 200, "the refused client keeps its connection");
    drop((busy, queued, refused));
    running.stop();
}

#[test]
fn a_503_to_a_request_with_a_body_closes_the_connection() {
    let server = Server::start(&Settings { queue_depth: 1, queue_timeout: Duration::ZERO, ..settings() }).unwrap();
    let connect = || Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    let mut queued = connect();
    queued.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    await_stats(&server, "a request is queued", |stats| stats.queued == 1);
    let mut refused = connect();
    refused.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nhalf");
    let response = refused.response();
    assert_eq!((response.status, response.header("connection")), (503, Some("close")));
    assert!(refused.is_closed());
    server.shutdown();
}

#[test]
fn a_client_that_disconnects_while_it_waits_for_the_queue_is_counted() {
    let server = Server::start(&Settings { queue_depth: 1, queue_timeout: HANG, ..settings() }).unwrap();
    let connect = || Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    let mut queued = connect();
    queued.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    await_stats(&server, "a request is queued", |stats| stats.queued == 1);
    for _ in 0..3 {
        connect().send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    }
    await_stats(&server, "the disconnects are counted", |stats| stats.disconnects == 3 && stats.connections == 1);
    server.shutdown();
}

#[test]
fn a_queued_request_whose_client_disconnects_never_reaches_a_worker() {
    let (entered, entries) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let running = Running::new(settings(), 1, move |exchange| {
        entered.send(exchange.head.path().to_owned()).unwrap();
        released.lock().unwrap().recv_timeout(HANG).unwrap();
        let _ = exchange.reply.send(ok("done"));
    });
    let mut busy = running.connect();
    busy.send("GET /busy HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(entries.recv_timeout(HANG).unwrap(), "/busy");
    let mut leaver = running.connect();
    leaver.send("GET /left HTTP/1.1\r\nHost: test\r\n\r\n");
    running.await_stats("a request is queued", |stats| stats.queued == 1);
    drop(leaver);
    running.await_stats("the disconnect is noticed", |stats| stats.disconnects == 1);

    release.send(()).unwrap();
    assert_eq!(busy.response().status, 200);
    release.send(()).unwrap();
    assert_eq!(busy.get("/next").status, 200);
    assert_eq!(entries.recv_timeout(HANG).unwrap(), "/next");
    assert_eq!(running.server.stats().dropped, 0);
    drop(busy);
    running.stop();
}

#[test]
fn all_workers_run_at_once_when_all_are_needed() {
    let (entered, entries) = mpsc::channel();
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(4));
    let running = Running::new(settings(), 4, move |exchange| {
        // The barrier opens only when four workers wait at it at once.
        barrier.wait();
        entered.send(()).unwrap();
        let _ = exchange.reply.send(ok("together"));
    });
    for _ in 0..50 {
        let mut clients: Vec<_> = (0..4).map(|_| running.connect()).collect();
        for client in &mut clients {
            client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        }
        for client in &mut clients {
            assert_eq!(client.response().body, b"together");
            entries.recv_timeout(HANG).unwrap();
        }
    }
    running.stop();
}
