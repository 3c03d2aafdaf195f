//! The claim of the answer: the worker, the deadline, whoever ends it for the worker, and the client that leaves.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use http::StatusCode;
use http_body::Body;
use loom::thread::{self, JoinHandle};

use super::{FOREVER, in_every_order, origin, wait_for};
use crate::dispatch::signal::{Signal, Wake};
use crate::dispatch::slot::Slot;
use crate::http::body::Writable;
use crate::http::pipe::CAPACITY;
use crate::http::reply::{Answer, Cell, Outcome, Reply};
use crate::http::request::Origin;
use crate::http::response::{Response, ResponseBody};

/// Fills a pipe all by itself.
static FULL: [u8; CAPACITY] = [b'a'; CAPACITY];

/// Who answers with what.
const WORKER: StatusCode = StatusCode::OK;
const DROP: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
const DEADLINE: StatusCode = StatusCode::GATEWAY_TIMEOUT;
const SUPERVISOR: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// A request in a worker's hands.
struct Request {
    origin: Arc<Origin>,
    slot: Arc<Slot>,
    cell: Arc<Cell>,
}

impl Request {
    fn taken() -> (Self, Reply, Answer) {
        let origin = origin();
        let cell = Cell::new(Arc::clone(&origin), None);
        let slot = Slot::new(0, None);
        let mut reply = Reply::new(Arc::clone(&cell));
        reply.taken_by(&slot, Instant::now());
        let answer = Answer::new(Arc::clone(&cell));
        (Self { origin, slot, cell }, reply, answer)
    }

    /// What the supervisor does for a worker that died.
    fn abort(&self) -> JoinHandle<()> {
        let slot = Arc::clone(&self.slot);
        thread::spawn(move || {
            if let Some(cell) = slot.in_flight() {
                cell.abort(Response::closing(SUPERVISOR));
            }
        })
    }

    /// The counters once all is over: the worker has nothing in flight, and finished one.
    fn assert_counts(&self, dropped: u64, disconnects: u64) {
        let counts = self.origin.stats.snapshot(0);
        assert_eq!((counts.in_flight, counts.served, self.slot.served()), (0, 1, 1));
        assert_eq!((counts.dropped, counts.disconnects), (dropped, disconnects));
        assert!(self.slot.in_flight().is_none());
    }
}

fn wait_for_answer(answer: &mut Answer) -> StatusCode {
    match wait_for(|cx| Pin::new(&mut *answer).poll(cx)) {
        Outcome::Response(response) => response.status,
        Outcome::TakeOver { .. } => panic!("nobody took it over"),
    }
}

/// The answer if it is there.
fn look(answer: &mut Answer) -> Option<StatusCode> {
    match Pin::new(answer).poll(&mut Context::from_waker(&Waker::from(Signal::new()))) {
        Poll::Ready(Outcome::Response(response)) => Some(response.status),
        Poll::Ready(Outcome::TakeOver { .. }) => panic!("nobody took it over"),
        Poll::Pending => None,
    }
}

#[test]
fn worker_deadline_and_supervisor_give_one_answer() {
    in_every_order(|| {
        let (request, reply, mut answer) = Request::taken();
        let worker = thread::spawn(move || reply.send(Response::canned(WORKER)).is_ok());
        let supervisor = request.abort();
        let is_late = match look(&mut answer) {
            Some(status) => Err(status),
            None => Ok(answer.time_out(Response::canned(DEADLINE))),
        };
        let status = is_late.map_or_else(|status| status, |_| wait_for_answer(&mut answer));
        let is_sent = worker.join().unwrap();
        supervisor.join().unwrap();
        assert_eq!(status == WORKER, is_sent);
        assert_eq!(status == DEADLINE, is_late == Ok(true));
        assert!([WORKER, DEADLINE, SUPERVISOR].contains(&status));
        assert_eq!(look(&mut answer), None);
        drop(answer);
        request.assert_counts(0, 0);
    });
}

#[test]
fn the_connection_that_waits_is_woken_by_whoever_answers() {
    in_every_order(|| {
        let (request, reply, mut answer) = Request::taken();
        let worker = thread::spawn(move || reply.send(Response::canned(WORKER)).is_ok());
        let supervisor = request.abort();
        let status = wait_for_answer(&mut answer);
        if status == WORKER {
            // What the client can see, the counters say.
            request.assert_counts(0, 0);
        }
        assert_eq!(status == WORKER, worker.join().unwrap());
        supervisor.join().unwrap();
        drop(answer);
        request.assert_counts(0, 0);
    });
}

#[test]
fn a_reply_that_is_dropped_is_counted_if_its_answer_is_the_clients() {
    in_every_order(|| {
        let (request, reply, mut answer) = Request::taken();
        let worker = thread::spawn(move || drop(reply));
        let supervisor = request.abort();
        let status = wait_for_answer(&mut answer);
        worker.join().unwrap();
        supervisor.join().unwrap();
        drop(answer);
        assert!([DROP, SUPERVISOR].contains(&status));
        request.assert_counts(u64::from(status == DROP), 0);
    });
}

#[test]
fn a_client_that_leaves_unanswered_is_counted_once() {
    in_every_order(|| {
        let (request, reply, mut answer) = Request::taken();
        let worker = thread::spawn(move || {
            // What the client has sent of its body says that it is gone.
            let is_news = reply.client().is_gone();
            (is_news, reply.send(Response::canned(WORKER)).is_ok())
        });
        let supervisor = request.abort();
        let seen = look(&mut answer);
        drop(answer);
        let (was_gone, is_sent) = worker.join().unwrap();
        supervisor.join().unwrap();
        assert!(!(was_gone && is_sent), "sent to a client that was known to be gone");
        assert_eq!(request.cell.is_abandoned(), seen.is_none());
        request.assert_counts(0, u64::from(seen.is_none()));
    });
}

#[test]
fn a_client_that_leaves_before_a_streamed_answer_begins_is_counted_once() {
    in_every_order(|| {
        let (request, reply, answer) = Request::taken();
        let worker = thread::spawn(move || {
            if let Ok(mut writer) = reply.stream(Response::canned(WORKER), None) {
                let _ = writer.try_write(Bytes::from_static(b"body"));
                writer.finish();
            }
        });
        drop(answer);
        worker.join().unwrap();
        request.assert_counts(0, 1);
    });
}

#[test]
fn whoever_finds_the_client_gone_is_counted_once_and_ends_the_connection() {
    in_every_order(|| {
        let (request, reply, mut answer) = Request::taken();
        let finder = thread::spawn({
            let cell = Arc::clone(&request.cell);
            move || cell.abandon()
        });
        let worker = thread::spawn(move || reply.send(Response::canned(WORKER)).is_ok());
        let status = wait_for_answer(&mut answer);
        let (is_news, is_sent) = (finder.join().unwrap(), worker.join().unwrap());
        assert_ne!(is_news, is_sent);
        assert_eq!(is_sent, status == WORKER);
        assert_eq!(is_news, request.cell.is_abandoned());
        drop(answer);
    });
}

#[test]
fn a_worker_that_waits_for_the_request_body_is_told_of_the_end() {
    in_every_order(|| {
        let (request, reply, answer) = Request::taken();
        let worker = thread::spawn({
            let cell = Arc::clone(&request.cell);
            move || {
                // As `BodyReader` does: it watches, polls hyper, and looks then.
                let signal = Signal::new();
                cell.watch(Arc::clone(&signal));
                while !cell.is_aborted() {
                    assert_eq!(signal.wait(FOREVER), Wake::Notified);
                }
                drop(reply);
            }
        });
        let supervisor = request.abort();
        answer.time_out(Response::canned(DEADLINE));
        worker.join().unwrap();
        supervisor.join().unwrap();
    });
}

#[test]
fn a_streamed_answer_that_is_ended_for_the_worker_breaks_or_is_whole() {
    in_every_order(|| {
        let (request, reply, mut answer) = Request::taken();
        let worker = thread::spawn(move || {
            let Ok(mut writer) = reply.stream(Response::canned(WORKER), None) else { return (false, false) };
            let is_written = matches!(writer.try_write(Bytes::from_static(b"body")), Ok(Writable::Written));
            writer.finish();
            (true, is_written)
        });
        let supervisor = request.abort();
        let Outcome::Response(response) = wait_for(|cx| Pin::new(&mut answer).poll(cx)) else {
            panic!("nobody took it over");
        };
        let status = response.status;
        let body = (status == WORKER).then(|| read(response.body));
        let (is_streamed, is_written) = worker.join().unwrap();
        supervisor.join().unwrap();
        assert_eq!(is_streamed, status == WORKER);
        if let Some(Some(whole)) = body {
            assert!(is_written && whole == 4);
        }
        drop(answer);
        request.assert_counts(0, 0);
    });
}

#[test]
fn a_worker_that_waits_for_room_is_told_of_the_end() {
    in_every_order(|| {
        let (request, reply, mut answer) = Request::taken();
        let worker = thread::spawn(move || {
            let Ok(mut writer) = reply.stream(Response::canned(WORKER), None) else { return };
            let mut chunk = Bytes::from_static(&FULL);
            for _ in 0..2 {
                match writer.try_write(chunk) {
                    Ok(Writable::Written) => chunk = Bytes::from_static(b"rest"),
                    Ok(Writable::Full(back)) => {
                        chunk = back;
                        assert_eq!(writer.signal().wait(FOREVER), Wake::Notified);
                    }
                    Err(_) => return,
                }
            }
            assert!(writer.try_write(chunk).is_err());
        });
        let supervisor = request.abort();
        // The client reads nothing.
        let unread = wait_for(|cx| Pin::new(&mut answer).poll(cx));
        worker.join().unwrap();
        supervisor.join().unwrap();
        drop(unread);
    });
}

/// How many bytes came; None if the body broke.
fn read(body: ResponseBody) -> Option<usize> {
    let mut body = pin!(body);
    let mut bytes = 0;
    loop {
        match wait_for(|cx| body.as_mut().poll_frame(cx)) {
            Some(Ok(frame)) => bytes += frame.into_data().unwrap().len(),
            Some(Err(_)) => return None,
            None => return Some(bytes),
        }
    }
}
