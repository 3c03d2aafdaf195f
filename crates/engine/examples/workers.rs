//! The engine with Rust threads as workers: the upper bound that benches measure.
//!
//! `workers [port] [workers] [io threads] [mode] [batch]` answers `Hello World` until it is killed.
//! The mode is `queue`, `driven` (the workers drive the connections) or `lanes`. The batch is how many requests a
//! worker takes at once.
#![allow(clippy::unwrap_used, missing_docs)]

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use kino_engine::{ListenerSettings, Response, ResponseBody, Server, Settings, Source, Take};

fn main() {
    let port = std::env::args().nth(1).map_or(0, |arg| arg.parse().unwrap());
    let mode = std::env::args().nth(4).unwrap_or("queue".into());
    assert!(["queue", "driven", "lanes"].contains(&mode.as_str()), "unknown mode: {mode}");
    let workers = std::env::args().nth(2).map_or(2, |arg| arg.parse().unwrap());
    let settings = Settings {
        listeners: vec![ListenerSettings {
            source: Source::Tcp { host: "127.0.0.1".into(), port },
            is_kept: false,
            tls: None,
            proxy_protocol: false,
        }],
        backlog: 1024,
        reuse_port: false,
        trusted_proxies: Default::default(),
        io_threads: std::env::args().nth(3).map_or(1, |arg| arg.parse().unwrap()),
        shards: if mode == "driven" { workers } else { 0 },
        lanes: mode == "lanes",
        batch: std::env::args().nth(5).map_or(1, |arg| arg.parse().unwrap()),
        queue_depth: 1024,
        queue_timeout: Duration::from_secs(5),
        max_head_size: 64 * 1024,
        max_target_size: 8 * 1024,
        max_headers: 100,
        head_timeout: Duration::from_secs(15),
        handshake_timeout: Duration::from_secs(15),
        keep_alive_timeout: Duration::from_secs(75),
        body_timeout: Duration::from_secs(30),
        send_timeout: Some(Duration::from_secs(30)),
        linger_timeout: Duration::from_secs(30),
        max_connections: 10_000,
        max_requests: None,
        request_timeout: None,
        max_body_size: None,
        http2: true,
        max_streams: 128,
    };
    let server = Server::start(&settings).unwrap();
    println!("listening: http://{}", server.tcp_address().unwrap());
    std::thread::scope(|scope| {
        for index in 0..workers {
            let worker = server.worker_of(index);
            scope.spawn(move || {
                loop {
                    match worker.take(Duration::from_secs(60)) {
                        Take::Exchange(exchange) => {
                            let mut headers = HeaderMap::with_capacity(2);
                            headers.insert("content-type", HeaderValue::from_static("text/plain"));
                            let body = ResponseBody::full(Bytes::from_static(b"Hello World"));
                            let _ = exchange.reply.send(Response { status: StatusCode::OK, headers, body });
                        }
                        Take::Closed => return,
                        _ => {}
                    }
                }
            });
        }
    });
}
