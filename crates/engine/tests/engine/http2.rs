//! HTTP/2 (RFC 9113), with a client that behaves.

use std::io::Write;
use std::net::Shutdown;
use std::sync::{Mutex, mpsc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Version};
use kino_engine::{
    Exchange, InterimResponse, ReadError, Readable, Reason, Response, ResponseBody, Server, Settings, Take,
};

use crate::http2_client::{Http2, PREFACE, Raw, SETTINGS, frame, get, request};
use crate::support::{Client, HANG, Running, SHORT, await_stats, ok, read_all, read_body, settings, write};

/// Bytes that a client may send of a body that nobody reads.
const WINDOW: usize = 64 * 1024;

fn echo() -> Running {
    Running::new(settings(), 2, |mut exchange| {
        if let Ok(body) = read_all(&mut exchange) {
            let _ = exchange.reply.send(ok(body));
        }
    })
}

fn streamed(exchange: Exchange) -> (kino_engine::BodyWriter, kino_engine::BodyReader) {
    let Exchange { reply, body, .. } = exchange;
    (reply.stream(ok(""), None).unwrap(), body)
}

fn map(headers: &[(&'static str, &'static str)]) -> HeaderMap {
    let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    headers.collect()
}

#[test]
fn requests_of_one_connection_are_served_at_the_same_time() {
    let (entered, entries) = mpsc::channel();
    let (go_on, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let running = Running::new(settings(), 2, move |exchange| {
        let head = &exchange.head;
        let seen =
            (head.version(), head.authority().map(str::to_owned), head.path().to_owned(), head.query().to_owned());
        entered.send(seen).unwrap();
        gate.lock().unwrap().recv_timeout(HANG).unwrap();
        let path = exchange.head.path().to_owned();
        let _ = exchange.reply.send(ok(path));
    });
    let mut client = Http2::new(&running);
    let (first, _) = client.start(get("/a%20b?c=d"), true);
    let (second, _) = client.start(get("/second"), true);
    let mut seen: Vec<_> = (0..2).map(|_| entries.recv_timeout(HANG).unwrap()).collect();
    seen.sort_by(|one, other| one.2.cmp(&other.2));
    let authority = Some("test".to_owned());
    assert_eq!(seen[0], (Version::HTTP_2, authority.clone(), "/a%20b".to_owned(), "c=d".to_owned()));
    assert_eq!(seen[1], (Version::HTTP_2, authority, "/second".to_owned(), String::new()));
    (0..2).for_each(|_| go_on.send(()).unwrap());
    assert_eq!(client.answer(second).body, b"/second");
    assert_eq!(client.answer(first).body, b"/a%20b");
    assert_eq!((running.server.stats().accepted, running.server.stats().served), (1, 2));
    drop(client);
    running.stop();
}

#[test]
fn the_port_speaks_both_protocols_however_their_first_bytes_are_split() {
    let running = echo();
    let mut http1 = running.connect();
    for byte in b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" {
        http1.send([*byte]);
    }
    assert_eq!(http1.response().body, b"hi");
    let mut raw = Raw::silent(running.server.tcp_address().unwrap());
    for byte in [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat() {
        raw.send(&[byte]);
    }
    raw.get(1);
    let head = raw.await_frame(1);
    assert_eq!((head.id, head.payload[0]), (1, 0x88), "status 200");
    let mut http2 = Http2::new(&running);
    assert_eq!(http2.post("/", "hi").body, b"hi");
    // It differs from the preface at its last byte.
    let mut other = running.connect();
    other.send(&PREFACE[..23]).send("x");
    assert_eq!(other.response().status, 505);
    drop((http1, http2, raw, other));
    running.stop();
}

#[test]
fn a_client_that_leaves_within_the_preface_leaves_nothing_behind() {
    let running = echo();
    for length in [0, 1, 23] {
        let mut raw = Raw::silent(running.server.tcp_address().unwrap());
        raw.send(&PREFACE[..length]);
        raw.stream.shutdown(Shutdown::Write).unwrap();
        running.await_stats("the connection is gone", |stats| stats.connections == 0 && stats.accepted > 0);
    }
    running.stop();
}

#[test]
fn half_a_preface_has_the_deadline_of_a_head() {
    let running = Running::new(Settings { head_timeout: SHORT, ..settings() }, 1, |_| {});
    let mut silent = running.connect();
    let mut half = running.connect();
    half.send("PRI");
    assert_eq!(half.response().status, 408);
    assert!(silent.is_closed(), "without a response");
    assert_eq!(running.server.stats().refused[Reason::HeadTimeout.index()], 1);
    drop(half);
    running.stop();
}

#[test]
fn without_http2_its_preface_is_a_version_that_is_not_spoken() {
    let running = Running::new(Settings { http2: false, ..settings() }, 1, |exchange| {
        let _ = exchange.reply.send(ok("hi"));
    });
    let mut client = running.connect();
    assert_eq!(client.send(PREFACE).response().status, 505);
    assert_eq!(running.connect().get("/").body, b"hi");
    running.stop();
}

#[test]
fn uploads_and_downloads_are_larger_than_the_windows() {
    let running = echo();
    let mut client = Http2::new(&running);
    let body: Vec<u8> = (0..1_000_000_u32).map(|number| (number % 251) as u8).collect();
    for _ in 0..2 {
        let answer = client.post("/", body.clone());
        assert_eq!((answer.status, answer.header("content-length")), (StatusCode::OK, Some("1000000")));
        assert!(answer.body == body);
    }
    drop(client);
    running.stop();
}

/// A body belongs to the client until the app reads it (RFC 9113 section 5.2).
#[test]
fn a_client_can_send_no_more_than_the_window_until_the_app_reads() {
    let (go_on, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let running = Running::new(settings(), 1, move |mut exchange| {
        gate.lock().unwrap().recv_timeout(HANG).unwrap();
        let body = read_all(&mut exchange).unwrap();
        let _ = exchange.reply.send(ok(body.len().to_string()));
    });
    let mut client = Http2::new(&running);
    // The settings of the server have come when a response has.
    go_on.send(()).unwrap();
    assert_eq!(client.get("/").body, b"0");
    let (response, mut stream) = client.start(request("POST", "/"), false);
    stream.reserve_capacity(10 * WINDOW);
    let mut sent = 0;
    while sent < WINDOW {
        let room = client.wait(std::future::poll_fn(|cx| stream.poll_capacity(cx))).unwrap().unwrap();
        stream.send_data(vec![b'x'; room].into(), false).unwrap();
        sent += room;
    }
    assert_eq!(sent, WINDOW);
    // Another stream has a window of its own, and its answer shows that nothing has opened the first.
    let (other, mut other_stream) = client.start(request("POST", "/other"), false);
    other_stream.send_data(Bytes::from_static(b"hi"), true).unwrap();
    stream.reserve_capacity(1);
    assert_eq!(stream.capacity(), 0);
    go_on.send(()).unwrap();
    client.send_all(&mut stream, vec![b'x'; WINDOW].into()).unwrap();
    assert_eq!(client.answer(response).body, (2 * WINDOW).to_string().as_bytes());
    go_on.send(()).unwrap();
    assert_eq!(client.answer(other).body, b"2");
    drop(client);
    running.stop();
}

#[test]
fn trailers_are_dropped() {
    let running = echo();
    let mut client = Http2::new(&running);
    let (response, mut stream) = client.start(request("POST", "/"), false);
    stream.send_data(Bytes::from_static(b"body"), false).unwrap();
    stream.send_trailers(map(&[("x-trailer", "1")])).unwrap();
    assert_eq!(client.answer(response).body, b"body");
    drop(client);
    running.stop();
}

#[test]
fn a_body_that_is_not_as_long_as_announced_is_an_error_of_its_stream_only() {
    let (send_result, results) = mpsc::channel();
    let running = Running::new(settings(), 1, move |mut exchange| {
        let _ = send_result.send(read_all(&mut exchange));
        let _ = exchange.reply.send(ok("served"));
    });
    let mut client = Http2::new(&running);
    for (length, body) in [("10", "short"), ("3", "long")] {
        let mut request = request("POST", "/");
        request.headers_mut().insert("content-length", HeaderValue::from_static(length));
        let (response, mut stream) = client.start(request, false);
        stream.send_data(Bytes::from_static(body.as_bytes()), true).unwrap();
        assert_eq!(client.try_answer(response).unwrap_err().reason(), Some(h2::Reason::PROTOCOL_ERROR));
        // The worker may not have come to it before it was reset.
        if let Ok(result) = results.try_recv() {
            assert!(matches!(result, Err(ReadError::Malformed | ReadError::Gone)), "{result:?}");
        }
    }
    assert_eq!(client.post("/", "fine").body, b"served");
    drop(client);
    running.stop();
}

#[test]
fn a_body_beyond_the_limit_is_413() {
    let running = Running::new(Settings { max_body_size: Some(10), ..settings() }, 1, |mut exchange| {
        let result = read_all(&mut exchange);
        assert_eq!(result, Err(ReadError::TooLarge { limit: 10 }));
    });
    let mut client = Http2::new(&running);
    let mut announced = request("POST", "/");
    announced.headers_mut().insert("content-length", HeaderValue::from_static("11"));
    let (response, _stream) = client.start(announced, false);
    assert_eq!(client.answer(response).status, 413);
    assert_eq!(running.server.stats().served, 0);
    let (response, mut stream) = client.start(request("POST", "/"), false);
    stream.send_data(Bytes::from_static(b"12345678901"), false).unwrap();
    assert_eq!(client.answer(response).status, 413);
    assert_eq!(running.server.stats().refused[Reason::BodyTooLarge.index()], 2);
    drop(client);
    running.stop();
}

/// RFC 9113 section 8.1.
#[test]
fn after_an_answer_to_an_unread_body_the_stream_is_reset_without_an_error() {
    let running = Running::new(settings(), 1, |exchange| {
        let _ = exchange.reply.send(ok("enough"));
    });
    let mut client = Http2::new(&running);
    for _ in 0..3 {
        let (response, mut stream) = client.start(request("POST", "/"), false);
        assert_eq!(client.answer(response).body, b"enough");
        let reset = client.wait(std::future::poll_fn(|cx| stream.poll_reset(cx))).unwrap();
        assert_eq!(reset, h2::Reason::NO_ERROR);
    }
    assert_eq!(client.get("/").body, b"enough");
    drop(client);
    running.stop();
}

#[test]
fn the_app_reads_while_it_writes() {
    let running = Running::new(settings(), 1, |exchange| {
        let (mut writer, mut body) = streamed(exchange);
        loop {
            match body.try_read(100).unwrap() {
                Readable::Chunk(chunk) => write(&mut writer, chunk).unwrap(),
                Readable::End => break,
                Readable::Pending => {
                    body.parker().park(HANG);
                }
            }
        }
        write(&mut writer, "end").unwrap();
        writer.finish();
    });
    let mut client = Http2::new(&running);
    let (response, mut stream) = client.start(request("POST", "/"), false);
    let (status, mut answer) = client.head(response);
    assert_eq!(status, 200);
    for word in ["one", "two", "three"] {
        stream.send_data(Bytes::from_static(word.as_bytes()), false).unwrap();
        assert_eq!(client.read(&mut answer), word);
    }
    stream.send_data(Bytes::new(), true).unwrap();
    assert_eq!(client.read_all(&mut answer).unwrap(), b"end");
    drop(client);
    running.stop();
}

/// What was written before comes first, and it must never look complete.
#[test]
fn a_streamed_response_that_breaks_off_is_an_error_of_its_stream_only() {
    let running = Running::new(settings(), 1, |exchange| {
        let (mut writer, _body) = streamed(exchange);
        write(&mut writer, "half").unwrap();
    });
    let mut client = Http2::new(&running);
    for _ in 0..2 {
        let (response, _) = client.start(get("/"), true);
        let (status, mut body) = client.head(response);
        assert_eq!((status.as_u16(), &client.read(&mut body)[..]), (200, &b"half"[..]));
        let error = client.read_all(&mut body).unwrap_err();
        assert_eq!(error.reason(), Some(h2::Reason::INTERNAL_ERROR));
    }
    drop(client);
    running.stop();
}

#[test]
fn heads_are_fit_for_http2() {
    let running = Running::new(settings(), 1, |exchange| {
        let status = exchange.head.path()[1..].parse().unwrap();
        let headers = map(&[
            ("x-a", "1"),
            ("connection", "close, x-b"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "close"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "echo"),
            ("te", "gzip"),
            ("x-b", "2"),
        ]);
        let body = if status == 200 { "body" } else { "" };
        let _ = exchange.reply.send(Response { status, headers, body: ResponseBody::full(body.into()) });
    });
    let mut client = Http2::new(&running);
    for (method, status, length, body) in
        [("GET", 200, Some("4"), "body"), ("HEAD", 200, None, ""), ("GET", 204, None, ""), ("GET", 304, None, "")]
    {
        let answer = client.fetch(request(method, &format!("/{status}")));
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (status, body.as_bytes()));
        let names: Vec<_> = answer.headers.keys().map(HeaderName::as_str).collect();
        let expected = ["x-a", "x-b", "content-length", "date"];
        let expected: Vec<_> =
            expected.into_iter().filter(|name| *name != "content-length" || length.is_some()).collect();
        assert_eq!(names, expected, "{method} {status}");
        assert_eq!(answer.header("content-length"), length);
        assert_eq!(answer.headers.get_all("date").iter().count(), 1);
    }
    assert_eq!(client.get("/101").status, 500, "HTTP/2 switches no protocols");
    drop(client);
    running.stop();
}

#[test]
fn head_keeps_the_length_that_get_would_have_and_a_date_is_the_apps_own() {
    let running = Running::new(settings(), 1, |exchange| {
        let headers = map(&[("content-length", "5"), ("date", "Thu, 01 Jan 1970 00:00:00 GMT")]);
        let response = Response { status: StatusCode::OK, headers, body: ResponseBody::full("hello".into()) };
        let _ = exchange.reply.send(response);
    });
    let mut client = Http2::new(&running);
    for (method, body) in [("HEAD", ""), ("GET", "hello")] {
        let answer = client.fetch(request(method, "/"));
        assert_eq!((answer.header("content-length"), &answer.body[..]), (Some("5"), body.as_bytes()));
        assert_eq!(answer.header("date"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
    }
    drop(client);
    running.stop();
}

#[test]
fn values_have_no_space_around_them() {
    let padded = || map(&[("x-a", " a b\t"), ("x-b", "\t"), ("x-c", "c")]);
    let running = Running::new(settings(), 1, move |exchange| {
        exchange.reply.inform(InterimResponse::early_hints(padded())).unwrap();
        let _ = exchange.reply.send(Response { headers: padded(), ..ok("") });
    });
    let mut client = Http2::new(&running);
    let trimmed = map(&[("x-a", "a b"), ("x-b", ""), ("x-c", "c")]);
    let (mut response, _) = client.start(get("/"), true);
    let hints = client.wait(std::future::poll_fn(|cx| response.poll_informational(cx))).unwrap().unwrap();
    assert_eq!(hints.headers(), &trimmed);
    let answer = client.answer(response);
    let values = ["x-a", "x-b", "x-c"].map(|name| answer.header(name));
    assert_eq!(values, [Some("a b"), Some(""), Some("c")]);
    drop(client);
    running.stop();
}

#[test]
fn interim_responses_come_before_the_response() {
    let (go_on, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let running = Running::new(settings(), 1, move |exchange| {
        for link in ["</a>", "</b>"] {
            let headers = map(&[("link", link), ("connection", "close"), ("keep-alive", "1")]);
            exchange.reply.inform(InterimResponse::early_hints(headers)).unwrap();
            gate.lock().unwrap().recv_timeout(HANG).unwrap();
        }
        let _ = exchange.reply.send(ok("done"));
    });
    let mut client = Http2::new(&running);
    let (mut response, _) = client.start(get("/"), true);
    for link in ["</a>", "</b>"] {
        let hints = client.wait(std::future::poll_fn(|cx| response.poll_informational(cx))).unwrap().unwrap();
        assert_eq!((hints.status().as_u16(), hints.headers()), (103, &map(&[("link", link)])));
        go_on.send(()).unwrap();
    }
    assert_eq!(client.answer(response).body, b"done");
    drop(client);
    running.stop();
}

/// RFC 9110 section 10.1.1.
#[test]
fn a_client_that_expects_100_gets_it_when_the_app_first_reads() {
    let running = Running::new(settings(), 1, |mut exchange| {
        let body = if exchange.head.path() == "/read" { read_all(&mut exchange).unwrap() } else { Vec::new() };
        let _ = exchange.reply.send(ok(body));
    });
    let mut client = Http2::new(&running);
    let expecting = |path| {
        let mut request = request("POST", path);
        request.headers_mut().insert("expect", HeaderValue::from_static("100-continue"));
        request
    };
    let (mut response, mut stream) = client.start(expecting("/read"), false);
    let interim = client.wait(std::future::poll_fn(|cx| response.poll_informational(cx))).unwrap().unwrap();
    assert_eq!(interim.status(), 100);
    stream.send_data(Bytes::from_static(b"body"), true).unwrap();
    assert!(client.wait(std::future::poll_fn(|cx| response.poll_informational(cx))).is_none());
    assert_eq!(client.answer(response).body, b"body");
    let (mut response, _stream) = client.start(expecting("/not"), false);
    assert!(client.wait(std::future::poll_fn(|cx| response.poll_informational(cx))).is_none());
    assert_eq!(client.answer(response).status, 200);
    drop(client);
    running.stop();
}

#[test]
fn a_request_cannot_take_the_connection_over() {
    let (send_result, results) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        send_result.send(exchange.reply.hijack(None).map(|_| ()).map_err(|error| error.kind())).unwrap();
    });
    let mut client = Http2::new(&running);
    assert_eq!(client.get("/").status, 500);
    assert_eq!(results.recv_timeout(HANG).unwrap(), Err(std::io::ErrorKind::Unsupported));
    drop(client);
    running.stop();
}

#[test]
fn a_request_that_its_client_resets_is_abandoned() {
    let (entered, entries) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        if exchange.head.path() == "/" {
            let _ = exchange.reply.send(ok("served"));
            return;
        }
        let client = exchange.reply.client();
        let watch = client.watch();
        entered.send(()).unwrap();
        while !client.is_gone() {
            watch.parker().park(HANG);
        }
        entered.send(()).unwrap();
    });
    let mut client = Http2::new(&running);
    let (response, mut stream) = client.start(get("/wait"), false);
    entries.recv_timeout(HANG).unwrap();
    stream.send_reset(h2::Reason::CANCEL);
    entries.recv_timeout(HANG).unwrap();
    drop(response);
    assert_eq!(client.get("/").body, b"served");
    let stats = running.server.stats();
    assert_eq!((stats.disconnects, stats.dropped), (1, 0));
    drop(client);
    running.stop();
}

#[test]
fn a_client_that_resets_within_a_response_is_noticed_while_the_app_writes_nothing() {
    let (noticed, notices) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        let client = exchange.reply.client();
        let watch = client.watch();
        let (mut writer, _body) = streamed(exchange);
        write(&mut writer, "first").unwrap();
        while !client.is_gone() {
            watch.parker().park(HANG);
        }
        noticed.send(write(&mut writer, "second").is_err()).unwrap();
    });
    let mut client = Http2::new(&running);
    let (response, mut stream) = client.start(get("/"), false);
    let (_, mut body) = client.head(response);
    assert_eq!(client.read(&mut body), "first");
    stream.send_reset(h2::Reason::CANCEL);
    assert!(notices.recv_timeout(HANG).unwrap());
    assert_eq!(running.server.stats().disconnects, 1);
    drop(client);
    running.stop();
}

#[test]
fn a_lost_connection_abandons_all_its_requests() {
    let server = Server::start(&settings()).unwrap();
    let worker = server.worker();
    let mut client = Http2::connect(server.tcp_address().unwrap(), h2::client::Builder::new());
    let starts: Vec<_> = (0..3).map(|_| client.start(get("/"), true)).collect();
    // The worker drives the connection, if that is in a shard.
    let exchange = match worker.take(HANG) {
        Take::Exchange(exchange) => exchange,
        other => panic!("{other:?}"),
    };
    await_stats(&server, "two wait", |stats| stats.queued == 2);
    drop((starts, client));
    await_stats(&server, "all are abandoned", |stats| stats.disconnects == 3 && stats.connections == 0);
    assert!(!exchange.reply.is_open());
    drop(exchange);
    assert!(matches!(worker.try_take(), Take::Empty), "what was abandoned reaches no worker");
    drop(worker);
    server.shutdown();
    assert_eq!((server.stats().in_flight, server.stats().queued), (0, 0));
}

/// One timer would not do for two requests at a time.
#[test]
fn every_request_that_takes_too_long_is_504() {
    let server = Server::start(&Settings { request_timeout: Some(SHORT), ..settings() }).unwrap();
    let mut client = Http2::connect(server.tcp_address().unwrap(), h2::client::Builder::new());
    for _ in 0..2 {
        let starts: Vec<_> = (0..5).map(|number| client.start(get("/"), number % 2 == 0)).collect();
        for (response, _stream) in starts {
            assert_eq!(client.answer(response).status, 504);
        }
    }
    assert_eq!(server.stats().timeouts, 10);
    drop(client);
    server.shutdown();
    assert_eq!((server.stats().in_flight, server.stats().queued), (0, 0));
}

#[test]
fn a_body_that_stalls_is_408_and_others_go_on() {
    let running =
        Running::new(Settings { body_timeout: SHORT, ..settings() }, 2, |mut exchange| match read_all(&mut exchange) {
            Ok(body) => drop(exchange.reply.send(ok(body))),
            Err(error) => assert_eq!(error, ReadError::Stalled),
        });
    let mut client = Http2::new(&running);
    let (response, mut stream) = client.start(request("POST", "/"), false);
    stream.send_data(Bytes::from_static(b"half"), false).unwrap();
    assert_eq!(client.post("/", "whole").body, b"whole");
    assert_eq!(client.answer(response).status, 408);
    assert_eq!(running.server.stats().refused[Reason::BodyTimeout.index()], 1);
    assert_eq!(client.post("/", "whole").body, b"whole");
    drop(client);
    running.stop();
}

#[test]
fn a_full_queue_answers_503_and_the_connection_stays() {
    let settings = Settings { queue_depth: 1, queue_timeout: std::time::Duration::ZERO, ..settings() };
    let server = Server::start(&settings).unwrap();
    let mut client = Http2::connect(server.tcp_address().unwrap(), h2::client::Builder::new());
    let (first, _) = client.start(get("/"), true);
    await_stats(&server, "the queue is full", |stats| stats.queued == 1);
    let (second, _stream) = client.start(request("POST", "/"), false);
    let answer = client.answer(second);
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (503, Some("1")));
    let worker = server.worker();
    match worker.take(HANG) {
        Take::Exchange(exchange) => exchange.reply.send(ok("first")).unwrap(),
        other => panic!("{other:?}"),
    }
    let driving = std::thread::spawn(move || worker.take(HANG));
    assert_eq!(client.answer(first).body, b"first");
    let (third, _) = client.start(get("/"), true);
    match driving.join().unwrap() {
        Take::Exchange(exchange) => exchange.reply.send(ok("third")).unwrap(),
        other => panic!("{other:?}"),
    }
    assert_eq!(client.answer(third).body, b"third");
    drop(client);
    server.shutdown();
}

#[test]
fn the_last_request_of_a_connection_is_told_by_goaway() {
    // Nothing else may end it in time.
    let settings = Settings { max_requests: Some(2), keep_alive_timeout: 10 * HANG, ..settings() };
    let running = Running::new(settings, 1, |exchange| {
        let _ = exchange.reply.send(ok("ok"));
    });
    let mut client = Http2::new(&running);
    assert_eq!(client.get("/").status, 200);
    assert_eq!(client.get("/").status, 200);
    assert!(client.closed().is_none_or(|error| error.reason() == Some(h2::Reason::NO_ERROR)));
    running.stop();
}

#[test]
fn a_connection_without_requests_is_closed_after_the_keep_alive_timeout() {
    for keep_alive_timeout in [SHORT, std::time::Duration::ZERO] {
        let running = Running::new(Settings { keep_alive_timeout, ..settings() }, 1, |exchange| {
            let _ = exchange.reply.send(ok("ok"));
        });
        let mut client = Http2::new(&running);
        assert_eq!(client.get("/").status, 200);
        assert!(client.closed().is_none_or(|error| error.reason() == Some(h2::Reason::NO_ERROR)));
        running.await_stats("it is gone", |stats| stats.connections == 0);
        running.stop();
    }
}

#[test]
fn a_drain_finishes_the_requests_that_have_begun() {
    let (entered, entries) = mpsc::channel();
    let (go_on, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let running = Running::new(settings(), 2, move |exchange| {
        entered.send(()).unwrap();
        gate.lock().unwrap().recv_timeout(HANG).unwrap();
        let (mut writer, _body) = streamed(exchange);
        write(&mut writer, "all of ").unwrap();
        write(&mut writer, "it").unwrap();
        writer.finish();
    });
    let mut client = Http2::new(&running);
    let idle = Http2::new(&running);
    let starts: Vec<_> = (0..2).map(|_| client.start(get("/"), true)).collect();
    (0..2).for_each(|_| entries.recv_timeout(HANG).unwrap());
    std::thread::scope(|scope| {
        let draining = scope.spawn(|| running.server.drain(HANG));
        running.await_stats("the idle connection is gone", |stats| stats.connections == 1);
        (0..2).for_each(|_| go_on.send(()).unwrap());
        for (response, _) in starts {
            assert_eq!(client.answer(response).body, b"all of it");
        }
        assert!(draining.join().unwrap());
    });
    assert!(client.closed().is_none());
    drop(idle);
    running.stop();
}

#[test]
fn an_abort_answers_what_is_left() {
    let server = Server::start(&settings()).unwrap();
    let mut client = Http2::connect(server.tcp_address().unwrap(), h2::client::Builder::new());
    let (taken, _) = client.start(get("/"), true);
    let worker = server.worker();
    let exchange = match worker.take(HANG) {
        Take::Exchange(exchange) => exchange,
        other => panic!("{other:?}"),
    };
    let (waiting, _) = client.start(get("/"), true);
    await_stats(&server, "one waits", |stats| stats.queued == 1);
    std::thread::scope(|scope| {
        let ending = scope.spawn(|| server.shutdown());
        assert_eq!(client.answer(waiting).status, 503);
        assert_eq!(client.answer(taken).status, 500);
        ending.join().unwrap();
    });
    drop((exchange, worker));
    assert_eq!((server.stats().in_flight, server.stats().queued, server.stats().connections), (0, 0, 0));
}

#[test]
fn heads_that_are_refused_leave_the_connection_as_it_is() {
    let running = echo();
    let mut client = Http2::new(&running);
    let long = format!("/{}", "x".repeat(9000));
    let mut many = get("/");
    for _ in 0..101 {
        many.headers_mut().append("a", HeaderValue::from_static("b"));
    }
    let mut large = get("/");
    large.headers_mut().insert("a", HeaderValue::from_str(&"x".repeat(65 * 1024)).unwrap());
    let mut host = get("/");
    host.headers_mut().insert("host", HeaderValue::from_static("other"));
    let connect = Request::builder().method("CONNECT").uri("test:80").body(()).unwrap();
    for (request, reason) in [
        (get(&long), Reason::TargetTooLong),
        (many, Reason::TooManyHeaders),
        (large, Reason::HeadTooLarge),
        (host, Reason::BadHost),
        (connect, Reason::Connect),
    ] {
        assert_eq!(client.fetch(request).status, reason.status(), "{reason:?}");
        assert_eq!(running.server.stats().refused[reason.index()], 1, "{reason:?}");
    }
    assert_eq!(running.server.stats().served, 0);
    assert_eq!(client.post("/", "hi").body, b"hi");
    drop(client);
    running.stop();
}

#[test]
fn a_body_may_be_read_after_the_answer() {
    let (send_body, bodies) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        let Exchange { reply, mut body, .. } = exchange;
        reply.send(ok("early")).unwrap();
        send_body.send(read_body(&mut body)).unwrap();
    });
    let mut client = Http2::new(&running);
    let (response, mut stream) = client.start(request("POST", "/"), false);
    assert_eq!(client.answer(response).body, b"early");
    stream.send_data(Bytes::from_static(b"late"), true).unwrap();
    assert_eq!(bodies.recv_timeout(HANG).unwrap().unwrap(), b"late");
    drop(client);
    running.stop();
}

#[test]
fn a_body_that_is_read_after_the_answer_has_its_deadline() {
    let (send_body, bodies) = mpsc::channel();
    let running = Running::new(Settings { body_timeout: SHORT, ..settings() }, 1, move |exchange| {
        let (writer, mut body) = streamed(exchange);
        writer.finish();
        send_body.send(read_body(&mut body)).unwrap();
    });
    let mut client = Http2::new(&running);
    let (response, mut stream) = client.start(request("POST", "/"), false);
    stream.send_data(Bytes::from_static(b"half"), false).unwrap();
    assert_eq!(client.answer(response).body, b"");
    assert_eq!(bodies.recv_timeout(HANG).unwrap(), Err(ReadError::Stalled));
    drop(client);
    running.stop();
}

#[test]
fn a_client_of_http1_that_pipelines_behind_its_first_read_loses_nothing() {
    let running = echo();
    let mut client: Client = running.connect();
    let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000\r\n\r\n";
    let body = "b".repeat(3000);
    client.stream.get_mut().write_all(format!("{request}{body}{request}{body}").as_bytes()).unwrap();
    for _ in 0..2 {
        assert_eq!(client.response().body, body.as_bytes());
    }
    drop(client);
    running.stop();
}
