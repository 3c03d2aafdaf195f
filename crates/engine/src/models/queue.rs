//! The queue and its idle workers.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use http::StatusCode;
use loom::thread;

use super::{FOREVER, context, in_every_order, wait_for_status};
use crate::dispatch::exchange::Exchange;
use crate::dispatch::lanes::Lane;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::queue::{DispatchOptions, Popped, Queue};
use crate::dispatch::response_receiver::ResponseReceiver;
use crate::dispatch::slot::Slot;
use crate::dispatch::worker::{Take, Worker};
use crate::http::request::RequestHead;
use crate::http::response::Response;
use crate::parker::Wake;

pub(super) const SHARED: DispatchOptions = DispatchOptions { lanes: false, batch: 1 };
const BATCHES: DispatchOptions = DispatchOptions { lanes: false, batch: 2 };
const LANES: DispatchOptions = DispatchOptions { lanes: true, batch: 1 };

pub(super) fn queue<T>(options: DispatchOptions) -> Arc<Queue<T>> {
    Arc::new(Queue::new(4, Duration::ZERO, options))
}

fn join(queue: &Queue<u32>) -> Arc<Lane<u32>> {
    queue.join(Slot::new(0, None))
}

fn put(queue: &Queue<u32>, item: u32) {
    queue.try_reserve().unwrap().fill(item, None).unwrap();
}

/// Takes an item as [`Worker::take`] does. None if the queue is closed, or `max` is over.
fn take(queue: &Queue<u32>, lane: &Arc<Lane<u32>>, max: Duration) -> Option<u32> {
    loop {
        match queue.pop(lane) {
            Popped::Item(item) => return Some(item),
            Popped::Closed => return None,
            Popped::Empty if !queue.idle(lane) => {}
            Popped::Empty => {
                let wake = lane.slot.parker.park(max);
                queue.unlist(lane);
                if wake == Wake::TimedOut && !lane.is_called() {
                    return None;
                }
            }
        }
    }
}

/// A worker that takes one item and leaves.
fn taker(queue: &Arc<Queue<u32>>) -> thread::JoinHandle<Option<u32>> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        let lane = join(&queue);
        let taken = take(&queue, &lane, FOREVER);
        queue.leave(&lane);
        taken
    })
}

/// Looks back if a lane was filled, as `look_back_when_filled` does.
fn look_back(queue: &Queue<u32>) {
    let called = pin!(queue.lane_filled.notified());
    if called.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(()) {
        queue.look_back();
    }
}

/// Asserts that no item waits, no worker idles, and all places are free.
pub(super) fn assert_at_rest<T>(queue: &Queue<T>) {
    assert_eq!(queue.len(), 0);
    assert!(!queue.has_idle());
    let places: Vec<_> = std::iter::from_fn(|| queue.try_reserve().ok()).collect();
    assert_eq!(places.len(), 4);
}

#[test]
fn two_workers_get_two_items_each_of_them_once() {
    for options in [SHARED, LANES] {
        in_every_order(move || {
            let queue = queue(options);
            let workers = [taker(&queue), taker(&queue)];
            put(&queue, 1);
            look_back(&queue);
            put(&queue, 2);
            look_back(&queue);
            let mut taken = workers.map(|worker| worker.join().unwrap());
            taken.sort_unstable();
            assert_eq!(taken, [Some(1), Some(2)]);
            assert_at_rest(&queue);
        });
    }
}

/// Of workers that share a lock, one is called at a time. It has the next one called, so that no item is left behind,
/// and also if it leaves instead.
#[test]
fn workers_that_share_a_lock_call_each_other() {
    for leaves in [false, true] {
        in_every_order(move || {
            let queue = queue(SHARED);
            let lock = Arc::<LockGroup>::default();
            let join = || queue.join(Slot::sharing(0, None, Arc::clone(&lock)));
            let workers = [join(), join()].map(|lane| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    let taken = take(&queue, &lane, FOREVER);
                    queue.leave(&lane);
                    taken
                })
            });
            let leaver = leaves.then(|| {
                let lane = join();
                if queue.idle(&lane) {
                    lane.slot.parker.park(Duration::ZERO);
                    queue.unlist(&lane);
                }
                lane
            });
            put(&queue, 1);
            if let Some(lane) = leaver {
                queue.leave(&lane);
            }
            put(&queue, 2);
            let mut taken = workers.map(|worker| worker.join().unwrap());
            taken.sort_unstable();
            assert_eq!(taken, [Some(1), Some(2)]);
            assert_at_rest(&queue);
        });
    }
}

#[test]
fn an_item_whose_worker_leaves_is_taken_by_it_or_another() {
    for options in [SHARED, LANES] {
        in_every_order(move || {
            let queue = queue(options);
            let other = taker(&queue);
            let network = thread::spawn({
                let queue = Arc::clone(&queue);
                move || {
                    put(&queue, 1);
                    look_back(&queue);
                }
            });
            let lane = join(&queue);
            let taken = take(&queue, &lane, Duration::ZERO);
            queue.leave(&lane);
            if taken.is_some() {
                put(&queue, 2);
                look_back(&queue);
            }
            assert_eq!(other.join().unwrap(), Some(if taken.is_some() { 2 } else { 1 }));
            network.join().unwrap();
            assert_at_rest(&queue);
        });
    }
}

#[test]
fn an_item_goes_to_another_worker_if_the_called_one_dies() {
    in_every_order(|| {
        let queue = queue(SHARED);
        let other = taker(&queue);
        let network = thread::spawn({
            let queue = Arc::clone(&queue);
            move || put(&queue, 1)
        });
        let lane = join(&queue);
        if queue.idle(&lane) {
            queue.unlist(&lane);
        }
        queue.leave(&lane);
        assert_eq!(other.join().unwrap(), Some(1));
        network.join().unwrap();
        assert_at_rest(&queue);
    });
}

#[test]
fn items_in_the_lane_of_a_worker_that_leaves_go_to_another() {
    for options in [BATCHES, LANES] {
        in_every_order(move || {
            let queue = queue(options);
            let lane = join(&queue);
            // The worker is awake now, so its lane is filled.
            assert!(matches!(queue.pop(&lane), Popped::Empty));
            put(&queue, 1);
            put(&queue, 2);
            let other = taker(&queue);
            let Popped::Item(own) = queue.pop(&lane) else {
                panic!("both items went to one worker");
            };
            queue.leave(&lane);
            let others = other.join().unwrap();
            assert_eq!([Some(own.min(others.unwrap())), Some(own.max(others.unwrap()))], [Some(1), Some(2)]);
            assert_at_rest(&queue);
        });
    }
}

#[test]
fn items_in_the_lane_of_a_busy_worker_are_taken_by_idle_ones() {
    in_every_order(|| {
        let queue = queue(LANES);
        let busy = join(&queue);
        assert!(matches!(queue.pop(&busy), Popped::Empty));
        let workers = [taker(&queue), taker(&queue)];
        for item in [1, 2] {
            put(&queue, item);
            look_back(&queue);
        }
        let mut taken = workers.map(|worker| worker.join().unwrap());
        taken.sort_unstable();
        assert_eq!(taken, [Some(1), Some(2)]);
        queue.leave(&busy);
        assert_at_rest(&queue);
    });
}

/// The lane that a thief has chosen may be empty when it gets there, while another is not.
#[test]
fn an_item_in_a_lane_is_found_while_another_lane_is_emptied() {
    in_every_order(|| {
        let queue = queue(LANES);
        let busy = [join(&queue), join(&queue)];
        for lane in &busy {
            assert!(matches!(queue.pop(lane), Popped::Empty));
        }
        put(&queue, 1);
        put(&queue, 2);
        assert_eq!(queue.lane_depths(), Some(vec![1, 1]));
        let other = taker(&queue);
        // Of lanes of equal length the thief takes the last. The worker of the first is busy.
        let Some(own) = take(&queue, &busy[1], Duration::ZERO) else { panic!("two items were there for two") };
        let others = other.join().unwrap();
        assert_eq!(others, Some(3 - own));
        busy.iter().for_each(|lane| queue.leave(lane));
        assert_at_rest(&queue);
    });
}

#[test]
fn close_lets_all_workers_leave_and_waiting_items_be_taken() {
    in_every_order(|| {
        let queue = queue(SHARED);
        let workers = [taker(&queue), taker(&queue)];
        put(&queue, 1);
        let late = queue.try_reserve().unwrap();
        queue.close();
        assert_eq!(late.fill(2, None), Err(2));
        let taken = workers.map(|worker| worker.join().unwrap());
        assert!(taken == [Some(1), None] || taken == [None, Some(1)], "{taken:?}");
        assert!(!queue.has_idle());
    });
}

/// A request, and its client's side.
pub(super) fn request() -> (Box<Exchange>, ResponseReceiver) {
    let context = context();
    let head = RequestHead::new(http::Request::new(()).into_parts().0, Arc::clone(&context));
    Exchange::new(head, None, None, Instant::now(), context, None)
}

#[test]
fn a_retired_worker_leaves_nothing_behind() {
    in_every_order(|| {
        let queue = queue(SHARED);
        let slots = [Slot::new(0, None), Slot::new(1, None)];
        let workers = slots.clone().map(|slot| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                let worker = Worker::new(queue, slot);
                match worker.take(FOREVER) {
                    Take::Exchange(exchange) => exchange.reply.send(Response::canned(StatusCode::OK)).unwrap(),
                    Take::Closed => {}
                    other => panic!("{other:?}"),
                }
            })
        });
        let (exchange, mut receiver) = request();
        assert!(queue.try_reserve().unwrap().fill(exchange, None).is_ok());
        slots[0].retire();
        assert_eq!(wait_for_status(&mut receiver), StatusCode::OK);
        // The worker that did not take it leaves, too.
        slots[1].retire();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert_at_rest(&queue);
    });
}

#[test]
fn an_interrupted_worker_takes_what_it_was_woken_for() {
    in_every_order(|| {
        let queue = queue(SHARED);
        let worker = Worker::new(Arc::clone(&queue), Slot::new(0, None));
        let parker = Arc::clone(worker.parker());
        let interrupter = thread::spawn(move || parker.interrupt());
        let network = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                let (exchange, mut receiver) = request();
                assert!(queue.try_reserve().unwrap().fill(exchange, None).is_ok());
                assert_eq!(wait_for_status(&mut receiver), StatusCode::OK);
            }
        });
        let exchange = loop {
            match worker.take(FOREVER) {
                Take::Exchange(exchange) => break exchange,
                Take::Interrupted => {}
                other => panic!("{other:?}"),
            }
        };
        exchange.reply.send(Response::canned(StatusCode::OK)).unwrap();
        interrupter.join().unwrap();
        network.join().unwrap();
        drop(worker);
        assert_at_rest(&queue);
    });
}
