//! What the queue promises to workers that share a lock.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use crate::dispatch::lanes::Lane;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::queue::{DispatchOptions, Popped, Queue};
use crate::dispatch::slot::Slot;
use crate::parker::Wake;

type Lock = Arc<LockGroup>;

fn queue() -> Queue<usize> {
    Queue::new(100, Duration::ZERO, DispatchOptions { lanes: false, batch: 1 })
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
    lane.slot.parker.park(Duration::ZERO) == Wake::Unparked
}

fn take(queue: &Queue<usize>, lane: &Lane<usize>) -> Option<usize> {
    match queue.pop(lane) {
        Popped::Item(item) => Some(item),
        _ => None,
    }
}

#[test]
fn of_workers_that_share_a_lock_one_is_woken_at_a_time() {
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
fn a_called_worker_takes_no_item_with_it_into_the_line_for_the_lock() {
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
fn workers_of_another_lock_are_woken_meanwhile() {
    let (queue, locks) = (queue(), [Lock::default(), Lock::default()]);
    let lanes = locks.each_ref().map(|lock| idle(&queue, lock));
    put(&queue, 1);
    put(&queue, 2);
    assert!(lanes.iter().all(|lane| is_woken(lane)));
}

#[test]
fn a_worker_whose_lock_is_free_is_preferred() {
    let (queue, locks) = (queue(), [Lock::default(), Lock::default()]);
    let lanes = locks.each_ref().map(|lock| idle(&queue, lock));
    locks[1].begin_request();
    put(&queue, 1);
    assert!(is_woken(&lanes[0]), "although the other went idle last");
}

#[test]
fn a_worker_that_goes_idle_while_items_wait_comes_at_once_unless_another_was_called() {
    let (queue, lock) = (queue(), Lock::default());
    let [first, second] = [(); 2].map(|()| queue.join(Slot::sharing(0, None, Arc::clone(&lock))));
    put(&queue, 1);
    assert!(!queue.idle(&first), "it should come at once");
    assert!(queue.idle(&second), "one is enough");
    assert_eq!(take(&queue, &first), Some(1));
}
