//! Requests that take too long, workers that are retired or quarantined, and inherited sockets.

use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use kino_engine::{Exchange, ReadError, Server, Settings, Take};

use crate::support::{Client, HANG, Running, await_stats, ok, read_body, settings, write};

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// A short request timeout, yet long enough for a request that nothing holds up.
fn short_timeout() -> Settings {
    Settings { request_timeout: Some(Duration::from_millis(100)), ..settings() }
}

fn exchange_of(take: Take) -> Box<Exchange> {
    match take {
        Take::Exchange(exchange) => exchange,
        other => panic!("no exchange: {other:?}"),
    }
}

fn assert_clean_shutdown(server: Server) {
    server.shutdown();
    assert_eq!((server.stats().in_flight, server.stats().queued, server.stats().connections), (0, 0, 0));
}

#[test]
fn a_request_that_takes_too_long_is_504_and_its_late_response_is_discarded() {
    let server = Server::start(&short_timeout()).unwrap();
    let mut client = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    client.send(GET);
    let (slow, other) = (server.worker(), server.worker());
    let exchange = exchange_of(slow.take(HANG));
    let response = thread::scope(|scope| {
        // An idle worker drives the connections.
        let next = scope.spawn(|| exchange_of(other.take(HANG)));
        let late = client.response();
        assert_eq!((late.status, late.header("connection")), (504, None));
        assert_eq!((server.stats().timeouts, server.stats().in_flight), (1, 1));
        client.send(GET);
        let _ = next.join().unwrap().reply.send(ok("on the same connection"));
        client.response()
    });
    assert_eq!(response.body, b"on the same connection");
    assert!(!exchange.reply.is_open());
    assert!(exchange.reply.send(ok("late")).is_err());
    assert_eq!((server.stats().timeouts, server.stats().in_flight, server.stats().served), (1, 0, 2));
    assert_eq!((server.stats().dropped, server.stats().disconnects), (0, 0));
    drop((client, slow, other));
    assert_clean_shutdown(server);
}

#[test]
fn a_request_queued_for_too_long_never_reaches_a_worker() {
    let server = Server::start(&short_timeout()).unwrap();
    let mut client = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    client.send(GET);
    assert_eq!(client.response().status, 504);
    assert!(matches!(server.worker().try_take(), Take::Empty));
    assert_eq!((server.stats().timeouts, server.stats().served), (1, 0));
    drop(client);
    assert_clean_shutdown(server);
}

#[test]
fn a_request_that_waits_too_long_for_room_in_the_queue_is_504() {
    let server = Server::start(&Settings { queue_depth: 1, queue_timeout: HANG, ..short_timeout() }).unwrap();
    let mut clients: Vec<_> =
        (0..2).map(|_| Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap())).collect();
    for client in &mut clients {
        client.send(GET);
    }
    assert_eq!(clients.iter_mut().map(|client| client.response().status).collect::<Vec<_>>(), [504, 504]);
    assert_eq!((server.stats().timeouts, server.stats().rejected), (2, 0));
    drop(clients);
    assert_clean_shutdown(server);
}

#[test]
fn reading_the_body_of_a_timed_out_request_fails() {
    let (results, reads) = mpsc::channel();
    let running = Running::new(short_timeout(), 1, move |mut exchange| {
        results.send(read_body(&mut exchange.body)).unwrap();
        assert!(exchange.reply.send(ok("late")).is_err());
    });
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nhalf");
    let response = client.response();
    assert_eq!((response.status, response.header("connection")), (504, Some("close")));
    assert!(matches!(reads.recv_timeout(HANG).unwrap(), Err(ReadError::Gone)));
    assert!(client.is_closed());
    running.stop();
}

/// hyper keeps a connection for as long as the request's body exists.
#[test]
fn a_504_ends_the_connection_even_if_no_worker_reads_the_body() {
    let server = Server::start(&short_timeout()).unwrap();
    let mut clients: Vec<_> =
        (0..2).map(|_| Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap())).collect();
    for client in &mut clients {
        client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nhalf");
    }
    // One request stays with the worker and the other in the queue.
    let worker = server.worker();
    let exchange = exchange_of(worker.take(HANG));
    for client in &mut clients {
        let response = client.response();
        assert_eq!((response.status, response.header("connection")), (504, Some("close")));
        assert!(client.is_closed());
    }
    assert!(exchange.reply.client().is_gone());
    drop(clients);
    assert!(server.drain(HANG), "the drain waits for the stuck worker: {:?}", server.stats());
    drop((exchange, worker));
    assert_clean_shutdown(server);
}

#[test]
fn a_stream_that_begins_too_late_does_not_count_as_a_disconnect() {
    let server = Server::start(&short_timeout()).unwrap();
    let worker = server.worker();
    let mut client = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    client.send(GET);
    let exchange = exchange_of(worker.take(HANG));
    assert_eq!(client.response().status, 504);
    assert!(exchange.reply.stream(ok(""), None).is_err());
    assert_eq!((server.stats().timeouts, server.stats().disconnects), (1, 0));
    client.send(GET);
    let exchange = exchange_of(worker.take(HANG));
    drop(client);
    await_stats(&server, "the disconnect is counted", |stats| stats.disconnects == 1);
    assert!(exchange.reply.stream(ok(""), None).is_err());
    assert_eq!(server.stats().disconnects, 1, "once");
    drop(worker);
    assert_clean_shutdown(server);
}

#[test]
fn responses_after_a_504_stay_in_order() {
    let server = Server::start(&short_timeout()).unwrap();
    let (slow, quick) = (server.worker(), server.worker());
    let mut client = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    let upgrade = "GET /up HTTP/1.1\r\nHost: test\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    for first in [GET, upgrade] {
        client.send(format!("{first}{}", GET.replace("/ ", "/next ")));
        let held = exchange_of(slow.take(HANG));
        thread::scope(|scope| {
            scope.spawn(|| {
                let exchange = exchange_of(quick.take(HANG));
                let path = exchange.head.path().to_owned();
                exchange.reply.send(ok(path)).unwrap();
            });
            assert_eq!(client.response().status, 504);
            assert_eq!(client.response().body, b"/next");
        });
        assert!(held.reply.hijack(None).unwrap().is_err(), "there is no connection to hijack");
    }
    client.send("HEAD / HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(client.head().status, 504);
    client.send(GET);
    assert_eq!(client.response().status, 504);
    let mut old = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    assert_eq!(old.send("GET / HTTP/1.0\r\n\r\n").response().status, 504);
    assert!(old.is_closed());
    drop((client, slow, quick));
    assert_clean_shutdown(server);
}

#[test]
fn a_response_that_has_begun_is_not_subject_to_the_request_timeout() {
    let (release, released) = mpsc::channel::<()>();
    let released = Mutex::new(released);
    let running = Running::new(short_timeout(), 1, move |exchange| {
        let mut writer = exchange.reply.stream(ok(""), None).unwrap();
        write(&mut writer, "begun, ").unwrap();
        released.lock().unwrap().recv_timeout(HANG).unwrap();
        write(&mut writer, "done").unwrap();
        writer.finish();
    });
    let mut client = running.connect();
    client.send(GET);
    running.await_stats("the response has begun", |stats| stats.in_flight == 1);
    // A later request has timed out by now.
    assert_eq!(running.connect().send(GET).response().status, 504);
    release.send(()).unwrap();
    assert_eq!(client.response().body, b"begun, done");
    assert_eq!(running.server.stats().timeouts, 1);
    drop(client);
    running.stop();
}

/// The worker and the deadline race: each request gets one response, and is counted once.
#[test]
fn a_late_worker_and_the_deadline_never_both_respond() {
    let most = Duration::from_millis(2);
    let running = Running::new(Settings { request_timeout: Some(most), ..settings() }, 2, move |exchange| {
        while exchange.received_at.elapsed() < most {
            std::hint::spin_loop();
        }
        let _ = exchange.reply.send(ok("in time"));
    });
    let statuses = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = running.connect();
                for _ in 0..100 {
                    let status = client.get("/").status;
                    statuses.lock().unwrap().push(status);
                }
            });
        }
    });
    let statuses = statuses.into_inner().unwrap();
    let late = statuses.iter().filter(|status| **status == 504).count() as u64;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count() as u64, 400 - late);
    assert_eq!(running.server.stats().timeouts, late);
    assert_eq!((running.server.stats().dropped, running.server.stats().disconnects), (0, 0));
    running.stop();
}

#[test]
fn a_retired_worker_finishes_its_request_and_takes_no_other() {
    let server = Server::start(&settings()).unwrap();
    let mut client = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    client.send(GET);
    let (retired, other) = (server.worker_of(0), server.worker_of(1));
    let exchange = exchange_of(retired.take(HANG));
    assert_eq!((server.retire(0), server.retire(0)), (1, 0));
    thread::scope(|scope| {
        scope.spawn(|| {
            // Some worker has to drive the connections.
            for body in ["second", "third"] {
                let _ = exchange_of(other.take(HANG)).reply.send(ok(body));
            }
        });
        exchange.reply.send(ok("first")).unwrap();
        assert_eq!(client.response().body, b"first");
        assert_eq!(client.send(GET).response().body, b"second");
        assert!(matches!(retired.take(HANG), Take::Closed));
        assert!(matches!(retired.try_take(), Take::Closed));
        drop(retired);
        assert_eq!(client.send(GET).response().body, b"third");
    });
    drop((client, other));
    assert_clean_shutdown(server);
}

#[test]
fn an_idle_worker_retires_at_once() {
    let server = Arc::new(Server::start(&settings()).unwrap());
    let worker = server.worker_of(3);
    let waiting = thread::spawn(move || matches!(worker.take(HANG), Take::Closed));
    while server.retire(3) == 0 {
        thread::yield_now();
    }
    assert!(waiting.join().unwrap());
    server.shutdown();
}

#[test]
fn a_worker_busy_with_one_request_for_too_long_is_quarantined() {
    let server = Server::start(&settings()).unwrap();
    let mut clients: Vec<_> =
        (0..3).map(|_| Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap())).collect();
    for client in &mut clients {
        client.send(GET);
    }
    let workers: Vec<_> = (0..4).map(|index| server.worker_of(index)).collect();
    let exchanges: Vec<_> = workers[..3].iter().map(|worker| exchange_of(worker.take(HANG))).collect();
    assert_eq!(server.quarantine(HANG, 9), None, "no request is that old");
    assert_eq!(server.quarantine(Duration::ZERO, 0), None, "no quarantine is allowed");
    let aside = [server.quarantine(Duration::ZERO, 2), server.quarantine(Duration::ZERO, 2)];
    assert_eq!(aside, [Some(0), Some(1)], "the first two busy workers, each once");
    assert_eq!(server.quarantine(Duration::ZERO, 2), None, "no more than two");
    let rows: Vec<_> = server.workers().iter().map(|row| (row.index, row.busy.is_some(), row.is_quarantined)).collect();
    assert_eq!(rows, [(0, true, true), (1, true, true), (2, true, false), (3, false, false)]);
    for exchange in exchanges {
        exchange.reply.send(ok("done")).unwrap();
    }
    assert!(matches!(workers[0].take(HANG), Take::Closed));
    assert!(matches!(workers[2].take(Duration::ZERO), Take::Empty));
    assert_eq!(clients.iter_mut().map(|client| client.response().status).collect::<Vec<_>>(), [200; 3]);
    workers[0].leave();
    assert_eq!(server.workers().iter().map(|row| row.index).collect::<Vec<_>>(), [1, 2, 3], "a worker has left");
    drop(workers);
    assert!(server.workers().is_empty());
    drop(clients);
    assert_clean_shutdown(server);
}

/// The worker object may outlive it: a garbage collector frees it at some later time.
#[test]
fn a_worker_that_has_left_no_longer_counts() {
    let server = Server::start(&settings()).unwrap();
    let mut clients: Vec<_> =
        (0..2).map(|_| Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap())).collect();
    let workers = clients.iter_mut().map(|client| {
        let worker = server.worker();
        client.send(GET);
        let exchange = exchange_of(worker.take(HANG));
        assert_eq!(server.quarantine(Duration::ZERO, 1), Some(0), "one at a time");
        drop(exchange);
        worker.leave();
        assert!(server.workers().is_empty());
        worker
    });
    let workers: Vec<_> = workers.collect();
    assert_eq!(server.stats().dropped, 2);
    drop((clients, workers));
    assert_clean_shutdown(server);
}

#[test]
fn request_times_are_recorded_and_outlive_their_workers() {
    let server = Server::start(&settings()).unwrap();
    assert_eq!((server.times().queue_wait, server.times().service_time), (None, None));
    let mut client = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    client.send(GET);
    let worker = server.worker();
    let exchange = exchange_of(worker.take(HANG));
    assert!(server.times().queue_wait.is_some() && server.times().service_time.is_none());
    let taken = exchange.received_at.elapsed();
    exchange.reply.send(ok("")).unwrap();
    assert_eq!(server.workers()[0].served, 1);
    drop(worker);
    let (waited, took) = (server.times().queue_wait.unwrap(), server.times().service_time.unwrap());
    assert!(waited.p50 == waited.max && took.p50 == took.max, "one request: {waited:?}, {took:?}");
    assert!(waited.max <= taken + taken / 8 + Duration::from_micros(1), "{waited:?} of {taken:?}");
    assert_eq!(client.response().status, 200);
    drop(client);
    assert_clean_shutdown(server);
}
