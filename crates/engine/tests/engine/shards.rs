//! No client waits for a worker that is busy with another client's request, whichever worker drives its connection.

use std::sync::{Mutex, mpsc};

use kino_engine::Take;

use crate::support::{Client, HANG, Running, ok, settings};

/// A server that answers `/slow...` when released, and everything else at once.
struct Slow {
    running: Running,
    entered: mpsc::Receiver<String>,
    release: mpsc::Sender<()>,
}

impl Slow {
    fn new(workers: usize) -> Self {
        let (enter, entered) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let released = Mutex::new(released);
        let running = Running::new(settings(), workers, move |exchange| {
            let path = exchange.head.path().to_owned();
            if path.starts_with("/slow") {
                enter.send(path.clone()).unwrap();
                released.lock().unwrap().recv_timeout(HANG).unwrap();
            }
            let _ = exchange.reply.send(ok(path));
        });
        Self { running, entered, release }
    }

    /// A client whose request has reached a worker.
    fn enter(&self, path: &str) -> Client {
        let mut client = self.running.connect();
        ask(&mut client, path);
        assert_eq!(self.entered.recv_timeout(HANG).unwrap(), path);
        client
    }

    fn finish(self, clients: impl IntoIterator<Item = Client>) {
        for mut client in clients {
            self.release.send(()).unwrap();
            assert_eq!(client.response().status, 200);
        }
        self.running.stop();
    }
}

fn ask(client: &mut Client, path: &str) {
    client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
}

#[test]
fn an_idle_worker_serves_the_connections_of_a_busy_one() {
    let slow = Slow::new(2);
    let mut others: Vec<_> = (0..6).map(|_| slow.running.connect()).collect();
    let busy = slow.enter("/slow");
    for _ in 0..3 {
        for client in &mut others {
            assert_eq!(client.get("/").body, b"/");
        }
    }
    // New connections, too.
    assert_eq!(slow.running.connect().get("/new").body, b"/new");
    drop(others);
    slow.finish([busy]);
}

#[test]
fn a_response_does_not_wait_for_its_workers_next_request() {
    let slow = Slow::new(1);
    let first = slow.enter("/slow/1");
    let (mut quick, mut second) = (slow.running.connect(), slow.running.connect());
    ask(&mut quick, "/quick");
    slow.running.await_stats("the quick request is queued", |stats| stats.queued == 1);
    ask(&mut second, "/slow/2");
    slow.running.await_stats("both are queued", |stats| stats.queued == 2);
    slow.release.send(()).unwrap();
    assert_eq!(slow.entered.recv_timeout(HANG).unwrap(), "/slow/2");
    assert_eq!(quick.response().body, b"/quick");
    slow.release.send(()).unwrap();
    for mut client in [first, second] {
        assert_eq!(client.response().status, 200);
    }
    slow.running.stop();
}

#[test]
fn the_engine_refuses_requests_while_all_workers_are_busy() {
    let slow = Slow::new(2);
    let busy = [slow.enter("/slow/1"), slow.enter("/slow/2")];
    for _ in 0..4 {
        let mut client = slow.running.connect();
        client.send("GET / HTTP/1.1\r\n\r\n");
        assert_eq!(client.response().status, 400);
    }
    slow.finish(busy);
}

#[test]
fn a_disconnect_is_noticed_while_all_workers_are_busy() {
    let slow = Slow::new(1);
    let busy = slow.enter("/slow");
    let mut leaver = slow.running.connect();
    ask(&mut leaver, "/");
    slow.running.await_stats("the request is queued", |stats| stats.queued == 1);
    drop(leaver);
    slow.running.await_stats("the disconnect is counted", |stats| stats.disconnects == 1);
    slow.finish([busy]);
}

#[test]
fn requests_that_wait_for_a_dying_worker_go_to_others() {
    let running = Running::new(settings(), 0, drop);
    let dying = running.server.worker_of(0);
    let mut clients: Vec<_> = (0..4).map(|_| running.connect()).collect();
    clients.iter_mut().for_each(|client| ask(client, "/"));
    running.await_stats("all are queued", |stats| stats.queued == 4);
    let Take::Exchange(first) = dying.take(HANG) else { panic!("no exchange") };
    ask(&mut running.connect(), "/left");
    running.await_stats("the disconnect is counted", |stats| stats.disconnects == 1);
    drop((first, dying));
    let other = running.server.worker_of(0);
    for _ in 0..3 {
        let Take::Exchange(exchange) = other.take(HANG) else { panic!("no exchange") };
        exchange.reply.send(ok("other")).unwrap();
    }
    // The request of the client that disconnected is skipped.
    assert!(matches!(other.try_take(), Take::Empty));
    let mut statuses: Vec<_> = clients.iter_mut().map(|client| client.response().status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 500]);
    drop((clients, other));
    running.stop();
}
