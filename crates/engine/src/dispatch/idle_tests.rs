//! What the queue promises to workers that share a lock.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::dispatch::lanes::Lane;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::queue::{Popped, Queue, Ways};
use crate::dispatch::signal::Wake;
use crate::dispatch::slot::Slot;

type Lock = Arc<LockGroup>;

fn queue() -> Queue<usize> {
    Queue::new(100, Duration::ZERO, Ways { lanes: false, batch: 1 })
}

fn put(queue: &Queue<usize>, item: usize) {
    queue.try_reserve().unwrap().fill(item, None).unwrap();
}

fn idle(queue: &Queue<usize>, lock: &Lock) -> Arc<Lane<usize>> {
    let lane = queue.join(Slot::sharing(0, None, Arc::clone(lock)));
    assert!(queue.idle(&lane));
    lane
}

fn is_woken(lane: &Lane<usize>) -> bool {
    lane.slot.signal.wait(Duration::ZERO) == Wake::Notified
}

fn take(queue: &Queue<usize>, lane: &Lane<usize>) -> Option<usize> {
    match queue.pop(lane) {
        Popped::Item(item) => Some(item),
        _ => None,
    }
}

#[test]
fn of_those_that_share_a_lock_one_is_woken_at_a_time() {
    let (queue, lock) = (queue(), Lock::default());
    let (first, last) = (idle(&queue, &lock), idle(&queue, &lock));
    put(&queue, 1);
    put(&queue, 2);
    assert!(is_woken(&last));
    assert!(!is_woken(&first), "it could not run before the other");
    assert_eq!(take(&queue, &last), Some(1));
    assert!(is_woken(&first), "something is left");
    assert_eq!(take(&queue, &first), Some(2));
}

#[test]
fn one_that_was_called_takes_nothing_with_it_into_the_line_for_the_lock() {
    let (queue, lock) = (queue(), Lock::default());
    let holder = queue.join(Slot::sharing(0, None, Arc::clone(&lock)));
    let called = idle(&queue, &lock);
    put(&queue, 1);
    assert!(is_woken(&called));
    assert_eq!(take(&queue, &holder), Some(1));
    put(&queue, 2);
    assert!(!is_woken(&called), "it is on its way");
    assert_eq!(take(&queue, &called), Some(2));
    assert_eq!(take(&queue, &called), None);
}

#[test]
fn the_others_of_another_lock_are_woken_meanwhile() {
    let (queue, locks) = (queue(), [Lock::default(), Lock::default()]);
    let lanes = locks.each_ref().map(|lock| idle(&queue, lock));
    put(&queue, 1);
    put(&queue, 2);
    assert!(lanes.iter().all(|lane| is_woken(lane)));
}

#[test]
fn a_worker_whose_lock_nobody_needs_is_preferred() {
    let (queue, locks) = (queue(), [Lock::default(), Lock::default()]);
    let lanes = locks.each_ref().map(|lock| idle(&queue, lock));
    locks[1].begin();
    put(&queue, 1);
    assert!(is_woken(&lanes[0]), "although the other went idle last");
}

#[test]
fn one_that_comes_to_wait_while_something_is_left_is_the_one_to_take_it_unless_another_is_on_its_way() {
    let (queue, lock) = (queue(), Lock::default());
    let [first, second] = [(); 2].map(|()| queue.join(Slot::sharing(0, None, Arc::clone(&lock))));
    put(&queue, 1);
    assert!(!queue.idle(&first), "it should come at once");
    assert!(queue.idle(&second), "one is enough");
    assert_eq!(take(&queue, &first), Some(1));
}

#[test]
fn a_group_of_one_is_never_asked_to_offer_its_lock() {
    let lock = Lock::default();
    lock.joined();
    lock.begin();
    assert!(!lock.wants_lock_after_answer() && !lock.wants_lock_within_request());
}

#[test]
fn the_lock_is_offered_to_those_in_the_midst_of_a_request_and_not_for_each_answer() {
    let lock = Lock::default();
    lock.joined();
    lock.joined();
    lock.begin();
    let began = Instant::now();
    while !lock.wants_lock_after_answer() {
        assert!(began.elapsed() < Duration::from_secs(20), "it is never offered");
    }
    let since = Instant::now();
    let again = lock.wants_lock_after_answer();
    assert!(!again || since.elapsed() >= Duration::from_micros(500), "at once again");
}
