//! The queue and those who idle at it.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use http::StatusCode;
use loom::thread;

use super::{FOREVER, in_every_order, origin, wait_for};
use crate::dispatch::exchange::Exchange;
use crate::dispatch::lanes::Lane;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::queue::{Popped, Queue, Ways};
use crate::dispatch::signal::Wake;
use crate::dispatch::slot::Slot;
use crate::dispatch::worker::{Take, Worker};
use crate::http::body::BodyReader;
use crate::http::reply::{Answer, Cell, Outcome, Reply};
use crate::http::request::RequestHead;
use crate::http::response::Response;

pub(super) const SHARED: Ways = Ways { lanes: false, batch: 1 };
const BATCHES: Ways = Ways { lanes: false, batch: 2 };
const LANES: Ways = Ways { lanes: true, batch: 1 };

pub(super) fn queue<T>(ways: Ways) -> Arc<Queue<T>> {
    Arc::new(Queue::new(4, Duration::ZERO, ways))
}

fn join(queue: &Queue<u32>) -> Arc<Lane<u32>> {
    queue.join(Slot::new(0, None))
}

fn put(queue: &Queue<u32>, item: u32) {
    queue.try_reserve().unwrap().fill(item, None).unwrap();
}

/// What [`Worker::take`] does, without an end if `max` is none. None if the queue is closed, or the time is over.
fn take(queue: &Queue<u32>, lane: &Arc<Lane<u32>>, max: Duration) -> Option<u32> {
    loop {
        match queue.pop(lane) {
            Popped::Item(item) => return Some(item),
            Popped::Closed => return None,
            Popped::Empty if !queue.idle(lane) => {}
            Popped::Empty => {
                let wake = lane.slot.signal.wait(max);
                queue.unlist(lane);
                if wake == Wake::TimedOut && !lane.is_called() {
                    return None;
                }
            }
        }
    }
}

/// A worker that takes one item and goes.
fn taker(queue: &Arc<Queue<u32>>) -> thread::JoinHandle<Option<u32>> {
    let queue = Arc::clone(queue);
    thread::spawn(move || {
        let lane = join(&queue);
        let taken = take(&queue, &lane, FOREVER);
        queue.retire(&lane);
        taken
    })
}

/// Looks back if it was asked to, as `lanes::keep_watch` does.
fn look_back(queue: &Queue<u32>) {
    let called = pin!(queue.is_filled.notified());
    if called.poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(()) {
        queue.look_back();
    }
}

/// Nothing waits, nobody idles, and every place has been given back.
pub(super) fn assert_at_rest<T>(queue: &Queue<T>) {
    assert_eq!(queue.len(), 0);
    assert!(!queue.has_idle());
    let places: Vec<_> = std::iter::from_fn(|| queue.try_reserve().ok()).collect();
    assert_eq!(places.len(), 4);
}

#[test]
fn two_workers_get_two_items_each_of_them_once() {
    for ways in [SHARED, LANES] {
        in_every_order(move || {
            let queue = queue(ways);
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

/// Of those that share a lock one is called at a time. The others are called by it, so that nothing stays behind; and if
/// it leaves instead, they are as well.
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
                    queue.retire(&lane);
                    taken
                })
            });
            let leaver = leaves.then(|| {
                let lane = join();
                if queue.idle(&lane) {
                    lane.slot.signal.wait(Duration::ZERO);
                    queue.unlist(&lane);
                }
                lane
            });
            put(&queue, 1);
            if let Some(lane) = leaver {
                queue.retire(&lane);
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
fn an_item_whose_worker_leaves_meanwhile_is_taken_by_it_or_another() {
    for ways in [SHARED, LANES] {
        in_every_order(move || {
            let queue = queue(ways);
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
            queue.retire(&lane);
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
fn an_item_for_which_a_worker_was_chosen_that_died_goes_to_another() {
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
        queue.retire(&lane);
        assert_eq!(other.join().unwrap(), Some(1));
        network.join().unwrap();
        assert_at_rest(&queue);
    });
}

#[test]
fn what_waits_in_the_lane_of_a_worker_that_ends_goes_to_another() {
    for ways in [BATCHES, LANES] {
        in_every_order(move || {
            let queue = queue(ways);
            let lane = join(&queue);
            // It is awake, so that lanes are filled for it.
            assert!(matches!(queue.pop(&lane), Popped::Empty));
            put(&queue, 1);
            put(&queue, 2);
            let other = taker(&queue);
            let Popped::Item(own) = queue.pop(&lane) else {
                panic!("both items went to one worker");
            };
            queue.retire(&lane);
            let others = other.join().unwrap();
            assert_eq!([Some(own.min(others.unwrap())), Some(own.max(others.unwrap()))], [Some(1), Some(2)]);
            assert_at_rest(&queue);
        });
    }
}

#[test]
fn what_goes_to_a_worker_that_runs_on_is_taken_by_those_who_idle() {
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
        queue.retire(&busy);
        assert_at_rest(&queue);
    });
}

/// The lane that a thief has chosen may be empty when it gets there, while another is not.
#[test]
fn what_waits_in_a_lane_is_found_though_another_is_emptied_meanwhile() {
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
        // Of lanes that are as long the thief goes to the last. The worker of the first runs on.
        let Some(own) = take(&queue, &busy[1], Duration::ZERO) else { panic!("two items were there for two") };
        let others = other.join().unwrap();
        assert_eq!(others, Some(3 - own));
        busy.iter().for_each(|lane| queue.retire(lane));
        assert_at_rest(&queue);
    });
}

#[test]
fn close_sends_everybody_away_and_leaves_what_waits_to_be_taken() {
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

/// A request, and the place where its client waits.
pub(super) fn request() -> (Box<Exchange>, Answer) {
    let cell = Cell::new(origin(), None);
    let head = RequestHead::new(http::Request::new(()).into_parts().0, origin());
    let (body, reply) = (BodyReader::none(Arc::clone(&cell)), Reply::new(Arc::clone(&cell)));
    (Box::new(Exchange { head, body, reply, came: Instant::now() }), Answer::new(cell))
}

fn wait_for_answer(mut answer: Answer) -> StatusCode {
    match wait_for(|cx| Pin::new(&mut answer).poll(cx)) {
        Outcome::Response(response) => response.status,
        Outcome::TakeOver { .. } => panic!("nobody took it over"),
    }
}

#[test]
fn a_worker_that_is_sent_away_leaves_nothing_behind() {
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
        let (exchange, answer) = request();
        assert!(queue.try_reserve().unwrap().fill(exchange, None).is_ok());
        slots[0].send_away();
        assert_eq!(wait_for_answer(answer), StatusCode::OK);
        // Whoever did not take it goes as well, told by one or the other.
        slots[1].send_away();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
        assert_at_rest(&queue);
    });
}

#[test]
fn an_interrupted_worker_takes_what_it_was_woken_for() {
    in_every_order(|| {
        let queue = queue(SHARED);
        let worker = Worker::new(Arc::clone(&queue), Slot::new(0, None));
        let signal = Arc::clone(worker.signal());
        let interrupter = thread::spawn(move || signal.interrupt());
        let network = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                let (exchange, answer) = request();
                assert!(queue.try_reserve().unwrap().fill(exchange, None).is_ok());
                assert_eq!(wait_for_answer(answer), StatusCode::OK);
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
