//! Workers that relieve others: what waits, comes or is put back meanwhile is answered once, and by them.

use std::pin::Pin;
use std::sync::Arc;

use http::StatusCode;
use loom::thread;

use super::queue::{SHARED, assert_at_rest, queue, request};
use super::{FOREVER, in_every_order, wait_for};
use crate::dispatch::exchange::Exchange;
use crate::dispatch::queue::Queue;
use crate::dispatch::relief::NotPutBack;
use crate::dispatch::slot::Slot;
use crate::dispatch::worker::{Take, Worker};
use crate::http::reply::{Answer, Outcome};
use crate::http::response::Response;

fn status_of(mut answer: Answer) -> StatusCode {
    match wait_for(|cx| Pin::new(&mut answer).poll(cx)) {
        Outcome::Response(response) => response.status,
        Outcome::TakeOver { .. } => panic!("nobody took it over"),
    }
}

/// Answers the next request.
fn relief(queue: &Arc<Queue<Box<Exchange>>>) -> thread::JoinHandle<()> {
    let worker = Worker::new(Arc::clone(queue), Slot::relief(0, Arc::default()));
    thread::spawn(move || match worker.take(FOREVER) {
        Take::Exchange(exchange) => exchange.reply.send(Response::canned(StatusCode::OK)).unwrap(),
        Take::Closed => {}
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_request_is_never_left_with_a_worker_that_is_relieved() {
    in_every_order(|| {
        let queue = queue(SHARED);
        let slot = Slot::new(0, None);
        let first = Worker::new(Arc::clone(&queue), Arc::clone(&slot));
        let first = thread::spawn(move || match first.take(FOREVER) {
            // What only the relief can answer.
            Take::Exchange(exchange) => match first.put_back(exchange) {
                Err(NotPutBack::Refused(exchange)) => exchange.reply.send(Response::canned(StatusCode::OK)).unwrap(),
                Ok(()) | Err(NotPutBack::Closed) => {}
            },
            Take::Closed => {}
            other => panic!("{other:?}"),
        });
        let (exchange, answer) = request();
        assert!(queue.try_reserve().unwrap().fill(exchange, None).is_ok());
        queue.relieve();
        slot.send_away();
        let relief = relief(&queue);
        assert_eq!(status_of(answer), StatusCode::OK);
        queue.close();
        first.join().unwrap();
        relief.join().unwrap();
        assert_eq!((queue.len(), queue.has_idle()), (0, false));
    });
}

/// A worker that has a request in hand and is relieved, the request, and the place where its client waits.
fn relieved_at_a_request() -> (Arc<Queue<Box<Exchange>>>, Worker, Box<Exchange>, Answer) {
    let queue = queue(SHARED);
    let (exchange, answer) = request();
    assert!(queue.try_reserve().unwrap().fill(exchange, None).is_ok());
    let first = Worker::new(Arc::clone(&queue), Slot::new(0, None));
    let Take::Exchange(exchange) = first.try_take() else { panic!("it is there") };
    queue.relieve();
    (queue, first, exchange, answer)
}

#[test]
fn a_request_that_is_put_back_wakes_who_relieves() {
    in_every_order(|| {
        let (queue, first, exchange, answer) = relieved_at_a_request();
        let relief = relief(&queue);
        first.put_back(exchange).unwrap();
        assert_eq!(status_of(answer), StatusCode::OK);
        relief.join().unwrap();
        drop(first);
        assert_at_rest(&queue);
    });
}

#[test]
fn a_request_that_is_put_back_as_the_server_ends_is_answered() {
    in_every_order(|| {
        let (queue, first, exchange, answer) = relieved_at_a_request();
        let end = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                queue.close();
                queue.clear().into_iter().for_each(|exchange| exchange.turn_away());
            }
        });
        let _ = first.put_back(exchange);
        assert_eq!(status_of(answer), StatusCode::SERVICE_UNAVAILABLE);
        end.join().unwrap();
        drop(first);
        assert_eq!(queue.len(), 0);
    });
}
