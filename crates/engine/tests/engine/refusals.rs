//! What a client sees of a refusal: the status, the close, and that no worker is involved. The unit tests of
//! `http1::framing` and `http1::chunks` have the long lists.

use std::sync::mpsc;
use std::time::Duration;

use http::StatusCode;
use kino_engine::{Exchange, ReadError, Reason, Response, Settings};

use crate::support::{Client, HANG, Running, SHORT, ok, read_all, read_body, settings};

fn plain() -> Running {
    Running::new(settings(), 1, |mut exchange| {
        let response = match read_all(&mut exchange) {
            Ok(body) => ok(body),
            Err(_) => return,
        };
        let _ = exchange.reply.send(response);
    })
}

fn refused(running: &Running, reason: Reason) -> u64 {
    running.server.stats().refused[reason.index()]
}

fn assert_refused(client: &mut Client, status: u16) {
    let response = client.response();
    assert_eq!((response.status, response.header("connection")), (status, Some("close")));
    assert!(client.is_closed());
}

#[test]
fn every_kind_of_bad_head_is_refused_before_a_worker_sees_it() {
    let running = plain();
    let long = "x".repeat(9000);
    for (head, reason) in [
        ("GET /\r\n\r\n".to_owned(), Reason::BadRequestLine),
        ("GET / HTTP/1.1\nHost: a\n\n".to_owned(), Reason::BareLineEnd),
        ("GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n".to_owned(), Reason::BadHeader),
        ("GET / HTTP/1.1\r\n\r\n".to_owned(), Reason::BadHost),
        ("GET /#a HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), Reason::BadTarget),
        ("GET * HTTP/1.1\r\nHost: refused\r\n\r\n".to_owned(), Reason::BadTarget),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n".to_owned(), Reason::BadLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n".to_owned(), Reason::BadTransferEncoding),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n".to_owned(), Reason::UnknownCoding),
        ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), Reason::Connect),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n".to_owned(), Reason::BadVersion),
        (format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n"), Reason::TargetTooLong),
        (format!("GET /{long}"), Reason::TargetTooLong),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "X: y\r\n".repeat(100)), Reason::TooManyHeaders),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}", format!("X: {long}\r\n").repeat(8)), Reason::HeadTooLarge),
    ] {
        let before = refused(&running, reason);
        let mut client = running.connect();
        assert_refused(client.send(&head), reason.status().as_u16());
        assert_eq!(refused(&running, reason), before + 1, "{reason:?} for {head:?}");
    }
    assert_eq!(running.server.stats().served, 0);
    running.await_stats("every connection is closed", |stats| stats.connections == 0);
    let mut good = running.connect();
    assert_eq!(good.get("/").status, 200);
    drop(good);
    running.stop();
}

/// RFC 9112 section 2.3: the name is case-sensitive, and there is one digit on each side of the dot.
#[test]
fn a_malformed_version_is_400_and_one_that_the_engine_does_not_speak_is_505() {
    let running = plain();
    let malformed = ["HTTP/1", "HTTP/01.01", "http/1.1", "HTTP/1.1x", "HTTP/a.b", "HTTP/1.10", "HTTP/1,1", "1.1"];
    let unknown = ["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9"];
    for (versions, status, reason) in
        [(&malformed[..], 400, Reason::BadRequestLine), (&unknown[..], 505, Reason::BadVersion)]
    {
        for (count, version) in versions.iter().enumerate() {
            let mut client = running.connect();
            assert_refused(client.send(format!("GET / {version}\r\nHost: a\r\n\r\n")), status);
            assert_eq!(refused(&running, reason), count as u64 + 1, "{version}");
        }
    }
    assert_eq!(running.server.stats().served, 0);
    running.stop();
}

#[test]
fn a_method_beyond_its_limit_is_400_even_if_the_request_line_is_incomplete() {
    let running = plain();
    let (longest, longer) = ("M".repeat(64), "M".repeat(65));
    assert_eq!(running.connect().send(format!("{longest} / HTTP/1.1\r\nHost: a\r\n\r\n")).response().status, 200);
    for (count, head) in
        [format!("{longer} / HTTP/1.1\r\nHost: a\r\n\r\n"), format!("{longer} /"), longer, "M".repeat(9000)]
            .iter()
            .enumerate()
    {
        assert_refused(running.connect().send(head), 400);
        assert_eq!(refused(&running, Reason::BadRequestLine), count as u64 + 1, "{head:?}");
    }
    assert_eq!(running.server.stats().served, 1);
    running.stop();
}

#[test]
fn a_refusal_waits_for_the_responses_before_it() {
    let running = plain();
    let mut client = running.connect();
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    client.send("BAD\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.response().status, 200);
    assert_eq!(client.response().body, b"hi");
    assert_refused(&mut client, 400);
    assert_eq!(running.server.stats().served, 2);
    running.stop();
}

#[test]
fn a_refused_request_with_method_head_gets_no_body() {
    let running = plain();
    let mut client = running.connect();
    let response = client.send("HEAD / HTTP/1.1\r\n\r\n").head();
    assert_eq!((response.status, response.header("connection")), (400, Some("close")));
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn a_request_may_arrive_in_any_pieces() {
    let running = plain();
    let request =
        b"\r\nPOST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nT: x\r\n\r\n";
    for size in [1, 2, 3, 7, 50] {
        let mut client = running.connect();
        for piece in request.chunks(size) {
            client.send(piece);
        }
        assert_eq!(client.response().body, b"abc");
        assert_eq!(client.get("/").status, 200);
    }
    running.stop();
}

#[test]
fn a_malformed_body_is_400_and_fails_the_reader_before_a_response_has_begun() {
    let (seen, errors) = mpsc::channel();
    let running = Running::new(settings(), 1, move |mut exchange| {
        seen.send(format!("{:?}", read_all(&mut exchange))).unwrap();
        assert!(exchange.reply.send(ok("too late")).is_err());
    });
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n-1\r\n");
    assert_refused(&mut client, 400);
    assert_eq!(errors.recv_timeout(HANG).unwrap(), format!("{:?}", Err::<Vec<u8>, _>(ReadError::Malformed)));
    assert_eq!(refused(&running, Reason::BadChunk), 1);
    running.stop();
}

#[test]
fn a_malformed_or_oversized_body_breaks_a_response_that_has_begun() {
    let settings = Settings { max_body_size: Some(4), ..settings() };
    let running = Running::new(settings, 1, move |Exchange { mut body, reply, .. }| {
        let mut writer = reply.stream(Response::canned(StatusCode::OK), None).unwrap();
        let _ = writer.try_write("begun".into()).unwrap();
        assert!(read_body(&mut body).is_err());
        // As an app that ignores the error would.
        writer.finish();
    });
    for chunk in ["3\r\nabc\r\n-1\r\n", "6\r\nabcdef\r\n0\r\n\r\n"] {
        let mut client = running.connect();
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}"));
        let response = client.try_response().expect_err("a response that no client can take for complete");
        assert_eq!((response.status, response.body.as_slice()), (200, &b"begun"[..]));
    }
    assert_eq!((refused(&running, Reason::BadChunk), refused(&running, Reason::BodyTooLarge)), (1, 1));
    running.stop();
}

#[test]
fn a_stalled_body_is_408_and_fails_the_reader() {
    let (seen, errors) = mpsc::channel();
    let running = Running::new(Settings { body_timeout: SHORT, ..settings() }, 1, move |mut exchange| {
        seen.send(format!("{:?}", read_all(&mut exchange))).unwrap();
    });
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf");
    assert_refused(&mut client, 408);
    assert_eq!(errors.recv_timeout(HANG).unwrap(), format!("{:?}", Err::<Vec<u8>, _>(ReadError::Stalled)));
    assert_eq!(refused(&running, Reason::BodyTimeout), 1);
    running.stop();
}

#[test]
fn a_late_head_is_408_and_a_silent_connection_is_closed_silently() {
    let running = Running::new(Settings { head_timeout: SHORT, ..settings() }, 1, drop);
    let mut slow = running.connect();
    slow.send("GET / HTTP/1.1\r\nHo");
    let mut silent = running.connect();
    assert_refused(&mut slow, 408);
    assert!(silent.is_closed());
    assert_eq!(refused(&running, Reason::HeadTimeout), 1);
    running.stop();
}

#[test]
fn a_trickling_head_does_not_extend_its_deadline() {
    // Only the timeout may end it.
    let max_head_size = 1024 * 1024 * 1024;
    let settings = Settings { head_timeout: SHORT, linger_timeout: SHORT, max_head_size, ..settings() };
    let running = Running::new(settings, 1, drop);
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nX: ");
    let trickle = client.stream.get_ref().try_clone().unwrap();
    let feeder = std::thread::spawn(move || {
        let mut trickle = trickle;
        let deadline = std::time::Instant::now() + HANG;
        while std::io::Write::write_all(&mut trickle, b"X").is_ok() {
            assert!(std::time::Instant::now() < deadline, "the server never ends the head");
            std::thread::yield_now();
        }
    });
    assert_eq!(client.head().status, 408);
    feeder.join().unwrap();
    running.stop();
}

#[test]
fn an_idle_connection_is_closed_but_not_one_that_waits_for_its_response() {
    let (entered, entries) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let running = Running::new(Settings { keep_alive_timeout: SHORT, ..settings() }, 2, move |exchange| {
        if exchange.head.path() == "/late" {
            entered.send(()).unwrap();
            released.lock().unwrap().recv_timeout(HANG).unwrap();
        }
        let _ = exchange.reply.send(ok("done"));
    });
    let mut late = running.connect();
    late.send("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    entries.recv_timeout(HANG).unwrap();
    let mut idle = running.connect();
    assert_eq!(idle.get("/").status, 200);
    assert!(idle.is_closed(), "after the timeout, without a response");
    release.send(()).unwrap();
    assert_eq!(late.response().status, 200, "its timeout has not begun");
    running.stop();
}

#[test]
fn a_connection_whose_upgrade_was_declined_still_times_out_when_idle() {
    let running = Running::new(Settings { keep_alive_timeout: SHORT, ..settings() }, 1, |exchange| {
        let _ = exchange.reply.send(ok("no upgrade"));
    });
    let mut clients: Vec<_> = (0..5).map(|_| running.connect()).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
        assert_eq!(client.response().status, 200);
    }
    assert!(clients.iter_mut().all(Client::is_closed));
    running.stop();
}

#[test]
fn a_zero_keep_alive_timeout_does_not_cut_off_a_late_response() {
    let (entered, entries) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let running = Running::new(Settings { keep_alive_timeout: Duration::ZERO, ..settings() }, 1, move |exchange| {
        entered.send(()).unwrap();
        released.lock().unwrap().recv_timeout(HANG).unwrap();
        let _ = exchange.reply.send(ok("done"));
    });
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    entries.recv_timeout(HANG).unwrap();
    running.await_stats("a worker has the request", |stats| stats.in_flight == 1);
    release.send(()).unwrap();
    assert_eq!(client.response().status, 200);
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn the_keep_alive_timeout_does_not_run_while_a_slow_client_reads_its_response() {
    // More than the socket buffers of one connection hold.
    const LENGTH: usize = 32 * 1024 * 1024;
    for idle in [SHORT, Duration::ZERO] {
        let running = Running::new(Settings { keep_alive_timeout: idle, ..settings() }, 1, |exchange| {
            let is_large = exchange.head.path() == "/large";
            let _ = exchange.reply.send(ok(if is_large { vec![b'x'; LENGTH] } else { Vec::new() }));
        });
        let mut slow = running.connect();
        slow.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
        let status = slow.head().status;
        // The slow client's response was handed over first, so its deadline, if one ran, would pass before the
        // witness's.
        let mut witness = running.connect();
        assert_eq!(witness.get("/").status, 200);
        assert!(witness.is_closed());
        let mut body = Vec::new();
        std::io::Read::read_to_end(&mut slow.stream, &mut body).unwrap();
        assert_eq!((status, body.len()), (200, LENGTH), "{idle:?}");
        running.await_stats("the idle connection is closed", |stats| stats.connections == 0);
        running.stop();
    }
}
