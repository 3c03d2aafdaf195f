//! Workers that relieve others: they answer each request that waits, comes or is put back, once.

use std::sync::Arc;

use http::StatusCode;
use loom::thread;

use super::queue::{SHARED, assert_at_rest, queue, request};
use super::{FOREVER, in_every_order, wait_for_status};
use crate::dispatch::exchange::Exchange;
use crate::dispatch::queue::Queue;
use crate::dispatch::relief::NotPutBack;
use crate::dispatch::response_receiver::ResponseReceiver;
use crate::dispatch::slot::Slot;
use crate::dispatch::worker::{Take, Worker};
use crate::http::response::Response;

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
            // As if only the relief could answer it.
            Take::Exchange(exchange) => match first.put_back(exchange) {
                Err(NotPutBack::Refused(exchange)) => exchange.reply.send(Response::canned(StatusCode::OK)).unwrap(),
                Ok(()) | Err(NotPutBack::Closed) => {}
            },
            Take::Closed => {}
            other => panic!("{other:?}"),
        });
        let (exchange, mut receiver) = request();
        assert!(queue.try_reserve().unwrap().fill(exchange, None).is_ok());
        queue.relieve();
        slot.retire();
        let relief = relief(&queue);
        assert_eq!(wait_for_status(&mut receiver), StatusCode::OK);
        queue.close();
        first.join().unwrap();
        relief.join().unwrap();
        assert_eq!((queue.len(), queue.has_idle()), (0, false));
    });
}

/// A worker that is relieved while it has a request, the request, and its client's side.
fn relieved_at_a_request() -> (Arc<Queue<Box<Exchange>>>, Worker, Box<Exchange>, ResponseReceiver) {
    let queue = queue(SHARED);
    let (exchange, receiver) = request();
    assert!(queue.try_reserve().unwrap().fill(exchange, None).is_ok());
    let first = Worker::new(Arc::clone(&queue), Slot::new(0, None));
    let Take::Exchange(exchange) = first.try_take() else { panic!("it is there") };
    queue.relieve();
    (queue, first, exchange, receiver)
}

#[test]
fn a_request_that_is_put_back_wakes_a_relief_worker() {
    in_every_order(|| {
        let (queue, first, exchange, mut receiver) = relieved_at_a_request();
        let relief = relief(&queue);
        first.put_back(exchange).unwrap();
        assert_eq!(wait_for_status(&mut receiver), StatusCode::OK);
        relief.join().unwrap();
        drop(first);
        assert_at_rest(&queue);
    });
}

#[test]
fn a_request_that_is_put_back_as_the_server_ends_is_answered() {
    in_every_order(|| {
        let (queue, first, exchange, mut receiver) = relieved_at_a_request();
        let end = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                queue.close();
                queue.clear().into_iter().for_each(|exchange| exchange.turn_away());
            }
        });
        let _ = first.put_back(exchange);
        assert_eq!(wait_for_status(&mut receiver), StatusCode::SERVICE_UNAVAILABLE);
        end.join().unwrap();
        drop(first);
        assert_eq!(queue.len(), 0);
    });
}
