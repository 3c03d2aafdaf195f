//! Responses to clients that have not sent everything, and read nothing before they have.

use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use kino_engine::Settings;

use crate::support::{Client, HANG, Running, SHORT, ok, settings};

const MIB: usize = 1024 * 1024;

/// Answers without reading the body, which it drops first, as the binding does: so the head can say what follows from
/// that.
fn denies(settings: Settings) -> Running {
    Running::new(settings, 1, |exchange| {
        drop(exchange.body);
        let _ = exchange.reply.send(ok("denied"));
    })
}

fn large() -> Settings {
    Settings { max_body_size: Some(64 * MIB as u64), ..settings() }
}

/// More than the system buffers for a server that does not read.
fn upload(version: &str, length: usize) -> Vec<u8> {
    let mut request = format!("POST / HTTP/{version}\r\nHost: test\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    request.resize(request.len() + length, b'x');
    request
}

fn head_of(length: usize) -> String {
    format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n")
}

#[test]
fn a_client_that_sends_everything_before_it_reads_gets_its_response_as_the_last() {
    let running = denies(large());
    for version in ["1.1", "1.0"] {
        let mut client = running.connect();
        let response = client.send(upload(version, 24 * MIB)).response();
        assert_eq!((response.status, &response.body[..]), (200, &b"denied"[..]));
        if version == "1.1" {
            assert_eq!(response.header("connection"), Some("close"));
        }
        assert!(client.is_closed());
    }
    running.stop();
}

#[test]
fn a_client_that_sends_a_chunked_body_before_it_reads_gets_its_response() {
    let running = denies(large());
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("{:x}\r\n{}\r\n", MIB, "x".repeat(MIB));
    for _ in 0..24 {
        client.send(&chunk);
    }
    assert_eq!(client.send("0\r\n\r\n").response().body, b"denied");
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn a_client_whose_body_is_too_large_gets_its_413_however_large_the_body_is() {
    let running = denies(settings());
    let mut client = running.connect();
    assert_eq!(client.send(upload("1.1", 24 * MIB)).response().status, 413);
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn a_client_whose_head_was_refused_gets_its_response_within_the_largest_body() {
    let running = denies(large());
    let mut client = running.connect();
    let response = client.send(upload("1.1", 24 * MIB).split_off("POST".len())).response();
    assert_eq!(response.status, 400);
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn a_body_without_a_length_is_drained_up_to_the_limit() {
    let running = denies(settings());
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("{:x}\r\n{}\r\n", MIB, "x".repeat(MIB));
    let stream = client.stream.get_mut();
    assert!((0..200).any(|_| stream.write_all(chunk.as_bytes()).is_err()), "all of it was read");
    running.await_stats("it is closed", |stats| stats.connections == 0);
    running.stop();
}

#[test]
fn a_small_unread_body_does_not_end_the_connection() {
    let running = denies(settings());
    let mut client = running.connect();
    for _ in 0..3 {
        let response = client.send(upload("1.1", 1000)).response();
        assert_eq!((response.status, response.header("connection")), (200, None));
    }
    drop(client);
    running.stop();
}

/// A lingering connection counts as a connection as long as it lasts.
#[test]
fn lingering_ends_for_a_client_that_pauses_or_sends_for_ever() {
    for sends in [false, true] {
        let running = denies(Settings { linger_timeout: SHORT, max_connections: 1, ..large() });
        let mut client = running.connect();
        assert_eq!(client.send(head_of(8 * MIB)).response().status, 200);
        let (done, is_done) = mpsc::channel::<()>();
        let mut stream = client.stream.get_ref().try_clone().unwrap();
        let sender = thread::spawn(move || {
            while sends && is_done.try_recv().is_err() && stream.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(1)); // like a slow client
            }
        });
        // It waits in the backlog until the first is gone.
        assert_eq!(running.connect().get("/").body, b"denied");
        drop(done);
        sender.join().unwrap();
        running.stop();
    }
}

#[test]
fn without_a_linger_timeout_the_connection_closes_at_once() {
    let running = denies(Settings { linger_timeout: Duration::ZERO, ..large() });
    let mut client = running.connect();
    client.send(head_of(8 * MIB));
    running.await_stats("it is closed", |stats| stats.accepted == 1 && stats.connections == 0);
    running.stop();
}

#[test]
fn lingering_delays_a_stop_only_for_a_moment() {
    let running = denies(Settings { linger_timeout: HANG * 100, ..large() });
    let mut client = running.connect();
    let answered = client.send(head_of(8 * MIB)).response();
    assert_eq!(answered.status, 200);
    let stream = client.stream.get_ref().try_clone().unwrap();
    let mut client = Client::new(stream);
    // Before the hang guard.
    running.stop();
    assert!(client.is_closed());
}

#[test]
fn a_stop_waits_for_a_client_that_is_still_sending() {
    let running = denies(large());
    let mut client = running.connect();
    client.send(head_of(8 * MIB));
    running.await_stats("it is answered", |stats| stats.served == 1);
    assert!(!running.server.drain(SHORT), "nobody waits for it");
    drop(client);
    running.stop();
}
