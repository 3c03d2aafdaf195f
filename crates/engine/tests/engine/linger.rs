//! Responses sent before the client has sent its whole request: a client that reads only after that must still get
//! them.

use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use kino_engine::Settings;

use crate::support::{Client, HANG, Running, SHORT, ok, settings};

const MIB: usize = 1024 * 1024;

/// Responds without reading the body, which is dropped first, as in the binding: the head announces the consequence.
fn denying(settings: Settings) -> Running {
    Running::new(settings, 1, |exchange| {
        drop(exchange.body);
        let _ = exchange.reply.send(ok("denied"));
    })
}

fn large() -> Settings {
    Settings { max_body_size: Some(64 * MIB as u64), ..settings() }
}

/// A request larger than the socket buffers of a server that does not read.
fn upload(version: &str, length: usize) -> Vec<u8> {
    let mut request = format!("POST / HTTP/{version}\r\nHost: test\r\nContent-Length: {length}\r\n\r\n").into_bytes();
    request.resize(request.len() + length, b'x');
    request
}

fn head_of(length: usize) -> String {
    format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n")
}

#[test]
fn a_client_that_sends_everything_before_it_reads_gets_its_response_with_connection_close() {
    let running = denying(large());
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
    let running = denying(large());
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
fn a_client_that_sends_a_body_beyond_the_limit_before_it_reads_gets_its_413() {
    let running = denying(settings());
    let mut client = running.connect();
    assert_eq!(client.send(upload("1.1", 24 * MIB)).response().status, 413);
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn a_client_whose_head_is_refused_may_send_as_much_as_a_body_before_it_reads() {
    let running = denying(large());
    let mut client = running.connect();
    let response = client.send(upload("1.1", 24 * MIB).split_off("POST".len())).response();
    assert_eq!(response.status, 400);
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn an_unread_chunked_body_is_read_only_up_to_the_limit() {
    let running = denying(settings());
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("{:x}\r\n{}\r\n", MIB, "x".repeat(MIB));
    let stream = client.stream.get_mut();
    assert!((0..200).any(|_| stream.write_all(chunk.as_bytes()).is_err()), "the server reads without end");
    running.await_stats("the connection is closed", |stats| stats.connections == 0);
    running.stop();
}

#[test]
fn a_small_unread_body_that_has_arrived_keeps_the_connection_open() {
    let running = denying(settings());
    let mut client = running.connect();
    for _ in 0..3 {
        let response = client.send(upload("1.1", 1000)).response();
        assert_eq!((response.status, response.header("connection")), (200, None));
    }
    drop(client);
    running.stop();
}

/// A lingering connection counts against the limit, and lasts no longer than the linger timeout.
#[test]
fn lingering_ends_in_time_whether_the_client_stops_or_sends_forever() {
    for sends in [false, true] {
        let running = denying(Settings { linger_timeout: SHORT, max_connections: 1, ..large() });
        let mut client = running.connect();
        assert_eq!(client.send(head_of(8 * MIB)).response().status, 200);
        let (done, is_done) = mpsc::channel::<()>();
        let mut stream = client.stream.get_ref().try_clone().unwrap();
        let sender = thread::spawn(move || {
            while sends && is_done.try_recv().is_err() && stream.write_all(b"x").is_ok() {
                thread::sleep(Duration::from_millis(1)); // as a slow client would
            }
        });
        // This client waits in the backlog until the first connection is gone.
        assert_eq!(running.connect().get("/").body, b"denied");
        drop(done);
        sender.join().unwrap();
        running.stop();
    }
}

#[test]
fn a_zero_linger_timeout_closes_the_connection_at_once() {
    let running = denying(Settings { linger_timeout: Duration::ZERO, ..large() });
    let mut client = running.connect();
    client.send(head_of(8 * MIB));
    running.await_stats("the connection is closed", |stats| stats.accepted == 1 && stats.connections == 0);
    running.stop();
}

#[test]
fn a_lingering_connection_delays_a_stop_only_briefly() {
    let running = denying(Settings { linger_timeout: HANG * 100, ..large() });
    let mut client = running.connect();
    let answered = client.send(head_of(8 * MIB)).response();
    assert_eq!(answered.status, 200);
    let stream = client.stream.get_ref().try_clone().unwrap();
    let mut client = Client::new(stream);
    // The stop waits less than the linger timeout.
    running.stop();
    assert!(client.is_closed());
}

#[test]
fn a_stop_waits_for_a_client_that_is_still_sending() {
    let running = denying(large());
    let mut client = running.connect();
    client.send(head_of(8 * MIB));
    running.await_stats("the response is sent", |stats| stats.served == 1);
    assert!(!running.server.drain(SHORT), "the drain does not wait");
    drop(client);
    running.stop();
}
