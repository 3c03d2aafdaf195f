//! Proxies: the PROXY protocol, and the headers of trusted ones.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use kino_engine::{ListenerSettings, Reason, Settings, TrustedProxies};

use crate::support::{Client, HANG, Running, SHORT, ok, settings, tcp};

/// Answers with what it knows of the client.
fn running(settings: Settings) -> Running {
    Running::new(settings, 1, |exchange| {
        let (ip, port) = exchange.head.client();
        let (name, server_port) = exchange.head.server();
        let local = exchange.head.connection().local.map(|local| local.to_string());
        let scheme = if exchange.head.is_https() { "https" } else { "http" };
        let client = format!("{} {}", ip.unwrap(), port.map_or_else(String::new, |port| port.to_string()));
        let _ = exchange.reply.send(ok(format!("{client} {scheme}://{name}:{server_port} {}", local.unwrap())));
    })
}

fn introduced() -> Settings {
    Settings { listeners: vec![ListenerSettings { proxy_protocol: true, ..tcp("127.0.0.1", 0) }], ..settings() }
}

fn body(client: &mut Client) -> String {
    String::from_utf8(client.response().body).unwrap()
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n";
const V1: &[u8] = b"PROXY TCP4 192.0.2.1 198.51.100.2 4660 81\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\x12\x34\0\x51";

#[test]
fn the_client_is_the_one_that_the_header_names() {
    let running = running(introduced());
    for header in [V1, V2] {
        // In one piece with the request, and each byte by itself.
        let mut client = running.connect();
        client.send([header, GET].concat());
        assert_eq!(body(&mut client), "192.0.2.1 4660 http://test:80 198.51.100.2:81");
        // Never again on the same connection.
        client.send(GET);
        assert_eq!(body(&mut client), "192.0.2.1 4660 http://test:80 198.51.100.2:81");
        let mut client = running.connect();
        client.stream.get_mut().set_nodelay(true).unwrap();
        for byte in [header, GET].concat() {
            client.send([byte]);
        }
        assert_eq!(body(&mut client), "192.0.2.1 4660 http://test:80 198.51.100.2:81");
    }
    running.stop();
}

#[test]
fn a_header_that_names_nobody_changes_nothing() {
    let running = running(introduced());
    for header in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let mut client = running.connect();
        let own = client.stream.get_ref().local_addr().unwrap();
        client.send([header, GET].concat());
        assert!(body(&mut client).starts_with(&format!("127.0.0.1 {} ", own.port())));
    }
    running.stop();
}

#[test]
fn a_second_header_is_a_malformed_request() {
    let running = running(introduced());
    let mut client = running.connect();
    client.send([V1, V1, GET].concat());
    assert_eq!(client.response().status, 400);
    running.stop();
}

#[test]
fn a_connection_without_a_header_is_closed_and_counted() {
    let running = running(Settings { head_timeout: SHORT, ..introduced() });
    let connections: [&[u8]; 4] = [GET, b"PROXY TCP4 here there 1 2\r\n", b"", b"PROXY TCP4 192."];
    for bytes in connections {
        let mut stream = TcpStream::connect(running.server.tcp_address().unwrap()).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.write_all(bytes).unwrap();
        // Whether it is the end or a reset: what counts is that nothing is answered.
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(answer.is_empty());
    }
    running.await_stats("they are gone", |stats| stats.connections == 0);
    assert_eq!(running.server.stats().refused[Reason::BadProxyHeader.index()], 2, "late ones are not malformed");
    running.stop();
}

#[test]
fn a_stop_does_not_wait_for_a_header() {
    let running = running(introduced());
    let stream = TcpStream::connect(running.server.tcp_address().unwrap()).unwrap();
    running.await_stats("it is accepted", |stats| stats.connections == 1);
    running.stop();
    drop(stream);
}

const FORWARDED: &str = "GET / HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n\
                         X-Forwarded-Proto: https\r\nX-Forwarded-Host: a.example\r\n\r\n";

#[test]
fn headers_of_a_trusted_proxy_count_and_those_of_others_do_not() {
    for (network, expected) in [("127.0.0.0/8", "192.0.2.1  https://a.example:443 "), ("10.0.0.0/8", "127.0.0.1 ")] {
        let trusted_proxies = Arc::new(TrustedProxies { networks: vec![network.parse().unwrap()], unix: true });
        let running = running(Settings { trusted_proxies, ..settings() });
        let mut client = running.connect();
        client.send(FORWARDED);
        let answer = body(&mut client);
        assert!(answer.starts_with(expected), "{answer}");
        assert_eq!(answer.contains(" http://test:80 "), network.starts_with("10"), "{answer}");
        running.stop();
    }
}

#[test]
fn whom_the_proxy_protocol_names_must_be_trusted_for_its_headers_to_count() {
    let trusted_proxies = Arc::new(TrustedProxies { networks: vec!["127.0.0.0/8".parse().unwrap()], unix: false });
    let running = running(Settings { trusted_proxies, ..introduced() });
    let mut client = running.connect();
    client.send([V1, FORWARDED.as_bytes()].concat());
    assert!(body(&mut client).starts_with("192.0.2.1 4660 http://test:80 "));
    running.stop();
}
