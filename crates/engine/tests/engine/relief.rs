//! Relief workers, which replace all others.

use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use kino_engine::{Exchange, NotPutBack, Server, Settings, Take, Worker};

use crate::support::{Client, HANG, await_stats, ok, settings};

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

fn connect(server: &Server) -> Client {
    Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap())
}

fn exchange_of(take: Take) -> Box<Exchange> {
    match take {
        Take::Exchange(exchange) => exchange,
        other => panic!("no exchange: {other:?}"),
    }
}

/// Answers `count` requests on another thread, and then expects the close.
fn serve(worker: Worker, count: usize) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for _ in 0..count {
            exchange_of(worker.take(HANG)).reply.send(ok("relief")).unwrap();
        }
        assert!(matches!(worker.take(HANG), Take::Closed));
    })
}

fn drain_and_close(server: &Server) {
    assert!(server.drain(HANG), "{:?}", server.stats());
    server.close();
}

#[test]
fn a_request_put_back_goes_first_and_only_to_the_relief() {
    let server = Server::start(&Settings { queue_depth: 1, ..settings() }).unwrap();
    let (mut first, mut second) = (connect(&server), connect(&server));
    first.send(GET);
    let worker = server.worker_of(0);
    let exchange = exchange_of(worker.take(HANG));
    second.send("GET /second HTTP/1.1\r\nHost: test\r\n\r\n");
    assert!(server.relieve() && !server.relieve());
    // The server drives the shard now, so the second request is queued although no worker waits.
    await_stats(&server, "the second request is queued", |stats| stats.queued == 1);
    worker.put_back(exchange).unwrap();
    let stats = server.stats();
    assert_eq!((stats.queued, stats.in_flight, stats.served, stats.dropped), (2, 0, 0, 0), "past the depth");
    assert!(matches!(worker.try_take(), Take::Closed) && matches!(worker.take(HANG), Take::Closed));
    let late = server.worker_of(1);
    assert!(late.is_leaving() && matches!(late.take(HANG), Take::Closed));
    let relief = server.relief_of(0, 0);
    assert_eq!(server.workers().iter().map(|row| row.is_relieved).collect::<Vec<_>>(), [true, true, false]);
    let again = exchange_of(relief.take(HANG));
    assert_eq!((again.head.path(), again.reply.was_put_back()), ("/", true));
    again.reply.send(ok("again")).unwrap();
    exchange_of(relief.take(HANG)).reply.send(ok("second")).unwrap();
    assert_eq!((first.response().body, second.response().body), (b"again".to_vec(), b"second".to_vec()));
    let stats = server.stats();
    assert_eq!((stats.queued, stats.in_flight, stats.served), (0, 0, 2));
    // The second request's permit is free again, and the first has not added one.
    for client in [&mut first, &mut second] {
        client.send(GET);
    }
    await_stats(&server, "a request is queued", |stats| stats.queued == 1);
    let serving = serve(relief, 2);
    assert_eq!([first.response().status, second.response().status], [200; 2]);
    drop((first, second, worker, late));
    drain_and_close(&server);
    serving.join().unwrap();
    server.shutdown();
}

#[test]
fn a_request_can_be_put_back_once_and_only_after_relieve() {
    let server = Server::start(&settings()).unwrap();
    let mut client = connect(&server);
    client.send(GET);
    let worker = server.worker_of(0);
    let Err(NotPutBack::Refused(exchange)) = worker.put_back(exchange_of(worker.take(HANG))) else {
        panic!("put back")
    };
    assert_eq!(server.stats().in_flight, 1);
    server.relieve();
    worker.put_back(exchange).unwrap();
    let relief = server.relief_of(0, 0);
    let Err(NotPutBack::Refused(exchange)) = relief.put_back(exchange_of(relief.take(HANG))) else {
        panic!("put back")
    };
    drop(exchange);
    assert_eq!(client.response().status, 500);
    assert_eq!((server.stats().served, server.stats().dropped, server.stats().in_flight), (1, 1, 0));
    drop((client, worker, relief));
    drain_and_close(&server);
    server.shutdown();
}

#[test]
fn a_request_put_back_is_answered_however_the_server_ends() {
    for is_closed_before in [true, false] {
        let server = Server::start(&settings()).unwrap();
        let mut client = connect(&server);
        client.send(GET);
        let worker = server.worker_of(0);
        let exchange = exchange_of(worker.take(HANG));
        server.relieve();
        if is_closed_before {
            server.close();
            assert!(matches!(worker.put_back(exchange), Err(NotPutBack::Closed)));
        } else {
            worker.put_back(exchange).unwrap();
            server.abort();
        }
        assert_eq!(client.response().status, 503);
        server.shutdown();
        assert_eq!((server.stats().in_flight, server.stats().queued), (0, 0));
    }
}

/// After the relief, two of the three shards have no worker to drive them, and the third would only be driven by a
/// waiting worker.
#[test]
fn connections_stay_served_while_workers_are_relieved() {
    let server = Arc::new(Server::start(&settings()).unwrap());
    let firsts: Vec<_> = (0..3)
        .map(|index| {
            let worker = server.worker_of(index);
            thread::spawn(move || {
                loop {
                    match worker.take(HANG) {
                        Take::Exchange(exchange) => exchange.reply.send(ok("first")).unwrap(),
                        Take::Closed => return,
                        other => panic!("{other:?}"),
                    }
                }
            })
        })
        .collect();
    let clients: Vec<_> = (0..6)
        .map(|_| {
            let mut client = connect(&server);
            thread::spawn(move || {
                let bodies: Vec<_> = (0..200).map(|_| client.send(GET).response().body).collect();
                let relieved = bodies.iter().position(|body| body == b"relief").unwrap_or(bodies.len());
                assert!(
                    bodies[relieved..].iter().all(|body| body == b"relief"),
                    "a relieved worker has taken a request"
                );
                bodies.len() - relieved
            })
        })
        .collect();
    await_stats(&server, "the workers are busy", |stats| stats.served > 100);
    assert!(server.relieve());
    for worker in firsts {
        worker.join().unwrap();
    }
    let relief = server.relief_of(0, 0);
    let relieving = thread::spawn(move || {
        let mut count = 0;
        loop {
            match relief.take(HANG) {
                Take::Exchange(exchange) => exchange.reply.send(ok("relief")).unwrap(),
                Take::Closed => return count,
                other => panic!("{other:?}"),
            }
            count += 1;
        }
    });
    let relieved: usize = clients.into_iter().map(|client| client.join().unwrap()).sum();
    drain_and_close(&server);
    assert_eq!(relieving.join().unwrap(), relieved);
    assert_eq!((server.stats().served, server.stats().dropped, server.stats().disconnects), (1200, 0, 0));
    server.shutdown();
}

/// It stays busy until after the shutdown.
#[test]
fn a_stuck_worker_does_not_hold_up_the_relief_or_the_stop() {
    let server = Server::start(&settings()).unwrap();
    let (mut slow, mut quick) = (connect(&server), connect(&server));
    slow.send(GET);
    let worker = server.worker_of(0);
    let exchange = exchange_of(worker.take(HANG));
    server.relieve();
    let serving = serve(server.relief_of(0, 0), 1);
    assert_eq!(quick.send(GET).response().body, b"relief");
    assert_eq!(server.workers().iter().filter(|row| row.is_relieved && row.busy.is_some()).count(), 1);
    drop(quick);
    assert!(!server.drain(Duration::ZERO));
    server.close();
    server.abort();
    assert_eq!(slow.response().status, 500);
    serving.join().unwrap();
    server.shutdown();
    drop((exchange, worker));
    assert_eq!(server.stats().in_flight, 0);
}
