//! Start, stop, drain, interrupts, and the race to respond.

use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use kino_engine::{Response, ResponseBody, Server, Take};

use crate::support::{Client, End, HANG, Running, await_stats, ok, settings, write};

#[test]
fn take_returns_when_interrupted_timed_out_or_closed() {
    let server = Server::start(&settings()).unwrap();
    let worker = server.worker();
    assert!(matches!(worker.try_take(), Take::Empty));
    assert!(matches!(worker.take(Duration::ZERO), Take::Empty));
    let interrupter = Arc::clone(worker.parker());
    let (send, taken) = mpsc::channel();
    let handle = thread::spawn(move || {
        send.send(format!("{:?}", worker.take(HANG))).unwrap();
        send.send(format!("{:?}", worker.take(HANG))).unwrap();
    });
    interrupter.interrupt();
    assert_eq!(taken.recv_timeout(HANG).unwrap(), "Interrupted");
    server.close();
    assert_eq!(taken.recv_timeout(HANG).unwrap(), "Closed");
    handle.join().unwrap();
    server.shutdown();
}

#[test]
fn an_interrupt_never_loses_a_request() {
    let running = Running::new(settings(), 0, drop);
    let workers: Vec<_> = (0..2).map(|_| running.server.worker()).collect();
    let interrupters: Vec<_> = workers.iter().map(|worker| Arc::clone(worker.parker())).collect();
    let threads: Vec<_> = workers
        .into_iter()
        .map(|worker| {
            thread::spawn(move || {
                loop {
                    match worker.take(HANG) {
                        Take::Exchange(exchange) => drop(exchange.reply.send(ok("kept"))),
                        Take::Closed => return,
                        Take::Interrupted => {}
                        Take::Empty => panic!("hang"),
                    }
                }
            })
        })
        .collect();
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let noise = thread::spawn(move || {
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            interrupters.iter().for_each(|it| it.interrupt());
            thread::yield_now();
        }
    });
    let mut client = running.connect();
    for _ in 0..2000 {
        assert_eq!(client.get("/").body, b"kept");
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    noise.join().unwrap();
    drop(client);
    running.server.close();
    threads.into_iter().for_each(|it| it.join().unwrap());
    running.stop();
}

#[test]
fn a_stop_while_busy_answers_running_and_queued_requests() {
    let (entered, entries) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let running = Running::new(settings(), 1, move |exchange| {
        entered.send(()).unwrap();
        released.lock().unwrap().recv_timeout(HANG).unwrap();
        let _ = exchange.reply.send(ok("done"));
    });
    let mut idle = running.connect();
    idle.send("GET /warm HTTP/1.1\r\nHost: test\r\n\r\n");
    entries.recv_timeout(HANG).unwrap();
    release.send(()).unwrap();
    assert_eq!(idle.response().status, 200);

    let mut busy = running.connect();
    busy.send("GET /busy HTTP/1.1\r\nHost: test\r\n\r\n");
    entries.recv_timeout(HANG).unwrap();
    let mut queued = running.connect();
    queued.send("GET /queued HTTP/1.1\r\nHost: test\r\n\r\n");
    running.await_stats("a request is queued", |stats| stats.queued == 1);

    assert!(!running.server.drain(Duration::ZERO), "two requests are unanswered");
    assert!(idle.is_closed(), "an idle connection is closed");
    release.send(()).unwrap();
    release.send(()).unwrap();
    for client in [&mut busy, &mut queued] {
        let response = client.response();
        assert_eq!((response.status, response.header("connection")), (200, Some("close")));
        assert!(client.is_closed());
    }
    let address = running.server.tcp_address().unwrap();
    assert!(running.server.drain(HANG));
    assert!(TcpStream::connect(address).is_err(), "the server still listens");
    running.stop();
}

#[test]
fn a_drain_answers_requests_sent_before_it() {
    for _ in 0..50 {
        let running = Running::new(settings(), 1, |exchange| {
            let _ = exchange.reply.send(ok("in time"));
        });
        let (mut kept, mut new) = (running.connect(), running.connect());
        assert_eq!(kept.get("/").status, 200);
        kept.send("GET /again HTTP/1.1\r\nHost: test\r\n\r\n");
        new.send("GET /first HTTP/1.1\r\nHost: test\r\n\r\n");
        let mut backlog = running.connect();
        backlog.send("GET /unaccepted HTTP/1.1\r\nHost: test\r\n\r\n");
        running.stop();
        for client in [&mut kept, &mut new, &mut backlog] {
            assert_eq!(client.response().body, b"in time");
            assert!(client.is_closed());
        }
    }
}

#[test]
fn a_drain_waits_briefly_for_clients_that_have_just_connected_or_been_answered() {
    let running = Running::new(settings(), 1, |exchange| {
        let _ = exchange.reply.send(ok("late"));
    });
    let (mut kept, mut late, mut silent) = (running.connect(), running.connect(), running.connect());
    assert_eq!(kept.get("/").status, 200);
    running.await_stats("all are connected", |stats| stats.connections == 3);
    assert!(!running.server.drain(Duration::ZERO), "the drain does not wait for them");
    for client in [&mut kept, &mut late] {
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        let response = client.response();
        assert_eq!((response.status, response.header("connection")), (200, Some("close")));
    }
    assert!(silent.is_closed());
    running.stop();
}

#[test]
fn a_client_whose_response_began_before_a_drain_may_send_one_more_request() {
    let (release, released) = mpsc::channel::<()>();
    let released = std::sync::Mutex::new(released);
    let running = Running::new(settings(), 1, move |exchange| {
        if exchange.head.path() == "/again" {
            let _ = exchange.reply.send(ok("again"));
            return;
        }
        let mut writer = exchange.reply.stream(Response { body: ResponseBody::empty(), ..ok("") }, None).unwrap();
        write(&mut writer, "begun").unwrap();
        released.lock().unwrap().recv_timeout(HANG).unwrap();
        writer.finish();
    });
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    running.await_stats("the response has begun", |stats| stats.in_flight == 1);
    let mut response = client.head();
    assert_eq!(response.header("connection"), None);
    assert!(!running.server.drain(Duration::ZERO));
    release.send(()).unwrap();
    client.body(&mut response);
    assert_eq!((response.end, response.body.as_slice()), (End::Complete, &b"begun"[..]));
    client.send("GET /again HTTP/1.1\r\nHost: test\r\n\r\n");
    let response = client.response();
    assert_eq!((response.body.as_slice(), response.header("connection")), (&b"again"[..], Some("close")));
    running.stop();
}

#[test]
fn a_head_that_began_before_a_drain_may_be_completed() {
    for is_new in [true, false] {
        let running = Running::new(settings(), 1, |exchange| {
            let _ = exchange.reply.send(ok("whole"));
        });
        let mut client = running.connect();
        if !is_new {
            assert_eq!(client.get("/").status, 200);
        }
        client.send("GET / HTTP/1.1\r\nHost: te");
        running.await_stats("the client is connected", |stats| stats.connections == 1);
        // Longer than a drain waits for an idle connection.
        assert!(!running.server.drain(Duration::from_millis(500)));
        client.send("st\r\n\r\n");
        let response = client.response();
        assert_eq!((response.status, response.header("connection")), (200, Some("close")));
        running.stop();
    }
}

#[test]
fn an_empty_line_after_a_request_does_not_begin_another() {
    let running = Running::new(settings(), 1, |exchange| {
        let _ = exchange.reply.send(ok("done"));
    });
    let mut client = running.connect();
    // As old clients send after a body (RFC 9112 section 2.2).
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbody\r\n");
    assert_eq!(client.response().status, 200);
    assert!(running.server.drain(HANG / 2), "the drain waits for the head timeout");
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn abort_answers_for_stuck_workers() {
    let (entered, entries) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let server = Arc::new(Server::start(&settings()).unwrap());
    let worker = server.worker();
    let stuck = thread::spawn(move || {
        let Take::Exchange(exchange) = worker.take(HANG) else { panic!("no exchange") };
        entered.send(()).unwrap();
        released.recv_timeout(HANG).unwrap();
        exchange.reply.send(ok("too late")).is_err()
    });
    let connect = || Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    let (mut busy, mut queued) = (connect(), connect());
    busy.send("GET /busy HTTP/1.1\r\nHost: test\r\n\r\n");
    entries.recv_timeout(HANG).unwrap();
    queued.send("GET /queued HTTP/1.1\r\nHost: test\r\n\r\n");
    await_stats(&server, "a request is queued", |stats| stats.queued == 1);
    server.shutdown();
    assert_eq!(busy.response().status, 500);
    assert_eq!(queued.response().status, 503);
    release.send(()).unwrap();
    assert!(stuck.join().unwrap(), "the late response is discarded");
    assert_eq!(server.stats().in_flight, 0);
}

#[test]
fn abort_breaks_a_streamed_response() {
    let (entered, entries) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let server = Arc::new(Server::start(&settings()).unwrap());
    let worker = server.worker();
    let stuck = thread::spawn(move || {
        let Take::Exchange(exchange) = worker.take(HANG) else { panic!("no exchange") };
        let mut writer = exchange.reply.stream(ok(""), None).unwrap();
        crate::support::write(&mut writer, "half").unwrap();
        entered.send(()).unwrap();
        released.recv_timeout(HANG).unwrap();
        crate::support::write(&mut writer, "late").is_err()
    });
    let mut client = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    entries.recv_timeout(HANG).unwrap();
    server.shutdown();
    assert!(client.try_response().is_err());
    release.send(()).unwrap();
    assert!(stuck.join().unwrap());
}

#[test]
fn only_one_of_abort_and_the_worker_responds() {
    for _ in 0..50 {
        let server = Arc::new(Server::start(&settings()).unwrap());
        let worker = server.worker();
        let mut client = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        let Take::Exchange(exchange) = worker.take(HANG) else { panic!("no exchange") };
        let barrier = std::sync::Barrier::new(2);
        let worker_won = thread::scope(|scope| {
            scope.spawn(|| {
                barrier.wait();
                server.abort();
            });
            barrier.wait();
            exchange.reply.send(ok("worker")).is_ok()
        });
        let response = client.response();
        assert_eq!(response.status, if worker_won { 200 } else { 500 });
        server.shutdown();
    }
}

#[test]
fn stopping_twice_and_from_several_threads_works() {
    let server = Arc::new(Server::start(&settings()).unwrap());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                assert!(server.drain(HANG));
                server.close();
                server.shutdown();
            });
        }
    });
    server.shutdown();
}

#[test]
fn a_drain_can_be_interrupted() {
    let server = Arc::new(Server::start(&settings()).unwrap());
    let worker = server.worker();
    let mut client = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    let Take::Exchange(exchange) = worker.take(HANG) else { panic!("no exchange") };
    server.drain_parker().interrupt();
    assert!(!server.drain(HANG));
    drop(exchange);
    assert_eq!(client.response().status, 500);
    assert!(server.drain(HANG));
    server.shutdown();
}

#[test]
fn abort_wakes_a_worker_that_waits_for_a_body() {
    let server = Arc::new(Server::start(&settings()).unwrap());
    let worker = server.worker();
    let stuck = thread::spawn(move || {
        let Take::Exchange(mut exchange) = worker.take(HANG) else { panic!("no exchange") };
        crate::support::read_all(&mut exchange).is_err()
    });
    let mut client = Client::new(TcpStream::connect(server.tcp_address().unwrap()).unwrap());
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nhalf");
    await_stats(&server, "the worker has the request", |stats| stats.in_flight == 1);
    server.abort();
    assert!(stuck.join().unwrap());
    assert_eq!(client.response().status, 500);
    server.shutdown();
}
