//! The claim of an exchange by the worker, the deadline, the supervisor that ends it for the worker, and the client
//! that leaves.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body::Body;
use loom::thread::{self, JoinHandle};

use super::{FOREVER, context, in_every_order, status_of, wait_for, wait_for_status};
use crate::dispatch::body_writer::Writable;
use crate::dispatch::exchange_state::{ExchangeState, Outcome};
use crate::dispatch::response_receiver::ResponseReceiver;
use crate::dispatch::response_sender::ResponseSender;
use crate::dispatch::slot::Slot;
use crate::http::context::ConnectionContext;
use crate::http::pipe::CAPACITY;
use crate::http::response::{InterimResponse, Response, ResponseBody};
use crate::parker::{Parker, Wake};

/// Fills a pipe all by itself.
static FULL: [u8; CAPACITY] = [b'a'; CAPACITY];

/// The status that each of them answers with.
const WORKER: StatusCode = StatusCode::OK;
const DROP: StatusCode = StatusCode::INTERNAL_SERVER_ERROR;
const DEADLINE: StatusCode = StatusCode::GATEWAY_TIMEOUT;
const SUPERVISOR: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

/// A request in a worker's hands.
struct Request {
    context: Arc<ConnectionContext>,
    slot: Arc<Slot>,
    state: Arc<ExchangeState>,
}

impl Request {
    fn taken() -> (Self, ResponseSender, ResponseReceiver) {
        let context = context();
        let state = ExchangeState::new(Arc::clone(&context), None);
        let slot = Slot::new(0, None);
        let mut reply = ResponseSender::new(Arc::clone(&state), None);
        reply.assign_to(&slot, Instant::now());
        let receiver = ResponseReceiver::new(Arc::clone(&state));
        (Self { context, slot, state }, reply, receiver)
    }

    /// What the supervisor does for a worker that died.
    fn abort(&self) -> JoinHandle<()> {
        let slot = Arc::clone(&self.slot);
        thread::spawn(move || {
            if let Some(state) = slot.in_flight() {
                state.abort(SUPERVISOR);
            }
        })
    }

    /// The counters once all is over: the worker has nothing in flight, and finished one.
    fn assert_counts(&self, dropped: u64, disconnects: u64) {
        let counts = self.context.stats.snapshot(0);
        assert_eq!((counts.in_flight, counts.served, self.slot.served()), (0, 1, 1));
        assert_eq!((counts.dropped, counts.disconnects), (dropped, disconnects));
        assert!(self.slot.in_flight().is_none());
    }
}

/// The status, if the outcome is there.
fn poll_status(receiver: &mut ResponseReceiver) -> Option<StatusCode> {
    match receiver.poll_outcome(&mut Vec::new(), &mut Context::from_waker(&Waker::from(Parker::new()))) {
        Poll::Ready(outcome) => Some(status_of(&outcome)),
        Poll::Pending => None,
    }
}

/// The outcome at the request's deadline.
fn late() -> Outcome {
    Outcome::Response(Response::canned(DEADLINE))
}

#[test]
fn worker_deadline_and_supervisor_give_one_answer() {
    in_every_order(|| {
        let (request, reply, mut receiver) = Request::taken();
        let worker = thread::spawn(move || reply.send(Response::canned(WORKER)).is_ok());
        let supervisor = request.abort();
        let is_late = match poll_status(&mut receiver) {
            Some(status) => Err(status),
            None => Ok(receiver.time_out(late())),
        };
        let status = is_late.map_or_else(|status| status, |_| wait_for_status(&mut receiver));
        let is_sent = worker.join().unwrap();
        supervisor.join().unwrap();
        assert_eq!(status == WORKER, is_sent);
        assert_eq!(status == DEADLINE, is_late == Ok(true));
        assert!([WORKER, DEADLINE, SUPERVISOR].contains(&status));
        assert_eq!(poll_status(&mut receiver), None);
        drop(receiver);
        request.assert_counts(0, 0);
    });
}

#[test]
fn a_waiting_connection_is_woken_by_any_answer() {
    in_every_order(|| {
        let (request, reply, mut receiver) = Request::taken();
        let worker = thread::spawn(move || reply.send(Response::canned(WORKER)).is_ok());
        let supervisor = request.abort();
        let status = wait_for_status(&mut receiver);
        if status == WORKER {
            // What the client can see, the counters say.
            request.assert_counts(0, 0);
        }
        assert_eq!(status == WORKER, worker.join().unwrap());
        supervisor.join().unwrap();
        drop(receiver);
        request.assert_counts(0, 0);
    });
}

#[test]
fn a_waiting_connection_is_woken_by_hints_and_gets_them_before_the_answer() {
    in_every_order(|| {
        let (request, reply, mut receiver) = Request::taken();
        let has_hints = Parker::new();
        let gate = Arc::clone(&has_hints);
        let worker = thread::spawn(move || {
            reply.inform(InterimResponse::early_hints(HeaderMap::new())).unwrap();
            assert_eq!(gate.park(FOREVER), Wake::Unparked);
            reply.inform(InterimResponse::early_hints(HeaderMap::new())).unwrap();
            reply.send(Response::canned(WORKER)).unwrap();
        });
        let mut interim = Vec::new();
        let outcome = wait_for(|cx| {
            let outcome = receiver.poll_outcome(&mut interim, cx);
            if interim.len() == 1 {
                has_hints.unpark();
            }
            outcome
        });
        worker.join().unwrap();
        assert_eq!((interim.len(), status_of(&outcome)), (2, WORKER));
        drop(receiver);
        request.assert_counts(0, 0);
    });
}

#[test]
fn a_dropped_sender_is_counted_if_the_client_gets_its_answer() {
    in_every_order(|| {
        let (request, reply, mut receiver) = Request::taken();
        let worker = thread::spawn(move || drop(reply));
        let supervisor = request.abort();
        let status = wait_for_status(&mut receiver);
        worker.join().unwrap();
        supervisor.join().unwrap();
        drop(receiver);
        assert!([DROP, SUPERVISOR].contains(&status));
        request.assert_counts(u64::from(status == DROP), 0);
    });
}

#[test]
fn a_client_that_leaves_unanswered_is_counted_once() {
    in_every_order(|| {
        let (request, reply, mut receiver) = Request::taken();
        let worker = thread::spawn(move || {
            // What the client has sent of its body says that it is gone.
            let is_news = reply.client().is_gone();
            (is_news, reply.send(Response::canned(WORKER)).is_ok())
        });
        let supervisor = request.abort();
        let seen = poll_status(&mut receiver);
        drop(receiver);
        let (was_gone, is_sent) = worker.join().unwrap();
        supervisor.join().unwrap();
        assert!(!(was_gone && is_sent), "sent to a client that was known to be gone");
        assert_eq!(request.state.is_abandoned(), seen.is_none());
        request.assert_counts(0, u64::from(seen.is_none()));
    });
}

#[test]
fn a_client_that_leaves_before_a_streamed_answer_begins_is_counted_once() {
    in_every_order(|| {
        let (request, reply, receiver) = Request::taken();
        let worker = thread::spawn(move || {
            if let Ok(mut writer) = reply.stream(Response::canned(WORKER), None) {
                let _ = writer.try_write(Bytes::from_static(b"body"));
                writer.finish();
            }
        });
        drop(receiver);
        worker.join().unwrap();
        request.assert_counts(0, 1);
    });
}

#[test]
fn a_client_that_is_found_gone_is_counted_once_and_its_connection_ends() {
    in_every_order(|| {
        let (request, reply, mut receiver) = Request::taken();
        let finder = thread::spawn({
            let state = Arc::clone(&request.state);
            move || state.abandon()
        });
        let worker = thread::spawn(move || reply.send(Response::canned(WORKER)).is_ok());
        let status = wait_for_status(&mut receiver);
        let (is_news, is_sent) = (finder.join().unwrap(), worker.join().unwrap());
        assert_ne!(is_news, is_sent);
        assert_eq!(is_sent, status == WORKER);
        assert_eq!(is_news, request.state.is_abandoned());
        drop(receiver);
    });
}

#[test]
fn a_worker_that_waits_for_the_request_body_learns_of_the_abort() {
    in_every_order(|| {
        let (request, reply, receiver) = Request::taken();
        let worker = thread::spawn({
            let state = Arc::clone(&request.state);
            move || {
                // As `BodyReader` does: watch, poll the body, then check.
                let parker = Parker::new();
                state.watch_abort(Arc::clone(&parker));
                while !state.is_aborted() {
                    assert_eq!(parker.park(FOREVER), Wake::Unparked);
                }
                drop(reply);
            }
        });
        let supervisor = request.abort();
        receiver.time_out(late());
        worker.join().unwrap();
        supervisor.join().unwrap();
    });
}

#[test]
fn a_streamed_response_that_is_aborted_breaks_off_or_is_whole() {
    in_every_order(|| {
        let (request, reply, mut receiver) = Request::taken();
        let worker = thread::spawn(move || {
            let Ok(mut writer) = reply.stream(Response::canned(WORKER), None) else { return (false, false) };
            let is_written = matches!(writer.try_write(Bytes::from_static(b"body")), Ok(Writable::Written));
            writer.finish();
            (true, is_written)
        });
        let supervisor = request.abort();
        let outcome = wait_for(|cx| receiver.poll_outcome(&mut Vec::new(), cx));
        let status = status_of(&outcome);
        let body = match outcome {
            Outcome::Response(response) => Some(read(response.body)),
            _ => None,
        };
        let (is_streamed, is_written) = worker.join().unwrap();
        supervisor.join().unwrap();
        assert_eq!(is_streamed, status == WORKER);
        if let Some(Some(whole)) = body {
            assert!(is_written && whole == 4);
        }
        drop(receiver);
        request.assert_counts(0, 0);
    });
}

#[test]
fn a_worker_that_waits_for_room_learns_of_the_abort() {
    in_every_order(|| {
        let (request, reply, mut receiver) = Request::taken();
        let worker = thread::spawn(move || {
            let Ok(mut writer) = reply.stream(Response::canned(WORKER), None) else { return };
            let mut chunk = Bytes::from_static(&FULL);
            for _ in 0..2 {
                match writer.try_write(chunk) {
                    Ok(Writable::Written) => chunk = Bytes::from_static(b"rest"),
                    Ok(Writable::Full(back)) => {
                        chunk = back;
                        assert_eq!(writer.parker().park(FOREVER), Wake::Unparked);
                    }
                    Err(_) => return,
                }
            }
            assert!(writer.try_write(chunk).is_err());
        });
        let supervisor = request.abort();
        // The client reads nothing.
        let unread = wait_for(|cx| receiver.poll_outcome(&mut Vec::new(), cx));
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
