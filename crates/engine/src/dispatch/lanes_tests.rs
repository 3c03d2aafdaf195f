//! What [`Queue`](crate::dispatch::queue::Queue) promises about lanes and batches.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use crate::dispatch::lanes::{DEPTH, Lane};
use crate::dispatch::queue::{DispatchOptions, Popped, Queue, ReserveError, look_back_when_filled};
use crate::dispatch::slot::Slot;
use crate::parker::Wake;

const LANES: DispatchOptions = DispatchOptions { lanes: true, batch: 1 };
const HANG: Duration = Duration::from_secs(20);

fn queue(options: DispatchOptions) -> Queue<usize> {
    Queue::new(100, Duration::ZERO, options)
}

fn put(queue: &Queue<usize>, items: impl IntoIterator<Item = usize>) {
    for item in items {
        queue.try_reserve().unwrap().fill(item, None).unwrap();
    }
}

fn take(queue: &Queue<usize>, lane: &Lane<usize>) -> Option<usize> {
    match queue.pop(lane) {
        Popped::Item(item) => Some(item),
        Popped::Empty => None,
        Popped::Closed => panic!("closed"),
    }
}

fn all_of(queue: &Queue<usize>, lane: &Lane<usize>) -> Vec<usize> {
    std::iter::from_fn(|| take(queue, lane)).collect()
}

/// A worker that has come, found nothing, and is busy now.
fn awake(queue: &Queue<usize>) -> Arc<Lane<usize>> {
    let lane = queue.join(Slot::new(0, None));
    assert_eq!(take(queue, &lane), None);
    lane
}

/// A worker that waits.
fn idle(queue: &Queue<usize>) -> Arc<Lane<usize>> {
    let lane = queue.join(Slot::new(0, None));
    assert!(queue.idle(&lane));
    lane
}

fn is_woken(lane: &Lane<usize>) -> bool {
    lane.slot.parker.park(Duration::ZERO) == Wake::Unparked
}

#[test]
fn a_worker_that_is_awake_is_preferred_to_one_that_idles() {
    let queue = queue(LANES);
    let (busy, idle) = (awake(&queue), idle(&queue));
    put(&queue, [1]);
    assert_eq!(queue.lane_depths(), Some(vec![1, 0]));
    assert!(!is_woken(&idle));
    assert_eq!(take(&queue, &busy), Some(1));
    queue.look_back();
    assert!(!is_woken(&idle), "for nothing");
}

#[test]
fn an_idle_worker_is_woken_for_what_a_busy_one_does_not_come_to() {
    let queue = queue(LANES);
    let (_busy, idle) = (awake(&queue), idle(&queue));
    put(&queue, [1]);
    queue.look_back();
    assert!(is_woken(&idle));
    assert!(matches!(queue.pop(&idle), Popped::Item(1)));
}

#[test]
fn a_lane_is_short() {
    let queue = queue(LANES);
    let (_busy, idle) = (awake(&queue), idle(&queue));
    put(&queue, 1..=DEPTH);
    assert!(!is_woken(&idle));
    put(&queue, [DEPTH + 1]);
    assert!(is_woken(&idle), "the lane is full");
    assert_eq!(queue.lane_depths(), Some(vec![DEPTH, 1]));
}

#[test]
fn what_no_lane_has_room_for_waits_in_the_shared_queue() {
    let queue = queue(LANES);
    let (one, other) = (awake(&queue), awake(&queue));
    put(&queue, 1..=2 * DEPTH + 2);
    assert_eq!(queue.lane_depths(), Some(vec![DEPTH, DEPTH]));
    assert_eq!(queue.len(), 2 * DEPTH + 2);
    let taken: Vec<_> = all_of(&queue, &one).into_iter().chain(all_of(&queue, &other)).collect();
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), (1..=2 * DEPTH + 2).collect());
}

#[test]
fn a_worker_that_has_never_come_gets_nothing_into_its_lane() {
    let queue = queue(LANES);
    queue.join(Slot::new(0, None));
    put(&queue, [1]);
    assert_eq!((queue.lane_depths(), queue.len()), (Some(vec![0]), 1));
}

#[test]
fn the_lane_of_a_slow_worker_is_emptied_by_others_before_they_take_later_items() {
    let queue = queue(LANES);
    let slow = awake(&queue);
    put(&queue, 1..=DEPTH + 2);
    let quick = awake_with(&queue, 1);
    assert_eq!(all_of(&queue, &quick), (2..=DEPTH + 2).collect::<Vec<_>>());
    put(&queue, [7]);
    assert_eq!(queue.lane_depths(), Some(vec![0, 1]), "a lane that others had to empty gets no more");
    assert_eq!(take(&queue, &slow), Some(7));
    put(&queue, [8, 9]);
    assert_eq!(queue.lane_depths(), Some(vec![2, 0]), "until it is back");
}

/// A new worker that takes `item`.
fn awake_with(queue: &Queue<usize>, item: usize) -> Arc<Lane<usize>> {
    let lane = queue.join(Slot::new(0, None));
    assert_eq!(take(queue, &lane), Some(item));
    lane
}

#[test]
fn a_batch_can_be_taken_by_others() {
    let queue = queue(DispatchOptions { lanes: false, batch: 4 });
    put(&queue, 1..=6);
    let slow = awake_with(&queue, 1);
    assert_eq!((queue.len(), queue.lane_depths()), (5, None));
    // Half of 2, 3, 4, then the rest of them, then the shared queue.
    let quick = awake_with(&queue, 2);
    assert_eq!(take(&queue, &slow), Some(4));
    assert_eq!(all_of(&queue, &quick), [3, 5, 6]);
}

#[test]
fn the_lane_of_a_dead_worker_goes_back_to_the_front() {
    let queue = queue(LANES);
    let dead = awake(&queue);
    put(&queue, 1..=DEPTH + 1);
    queue.leave(&dead);
    assert_eq!(queue.lane_depths(), Some(vec![]));
    let other = queue.join(Slot::new(0, None));
    assert_eq!(all_of(&queue, &other), (1..=DEPTH + 1).collect::<Vec<_>>());
}

#[test]
fn an_idle_worker_is_woken_for_the_lane_of_a_dead_one() {
    let queue = queue(LANES);
    let (dead, idle) = (awake(&queue), idle(&queue));
    put(&queue, [1]);
    queue.leave(&dead);
    assert!(is_woken(&idle));
    assert!(matches!(queue.pop(&idle), Popped::Item(1)));
}

#[test]
fn the_bound_counts_what_waits_in_lanes() {
    for options in [LANES, DispatchOptions { lanes: false, batch: 2 }, DispatchOptions { lanes: true, batch: 2 }] {
        let queue = Queue::new(2, Duration::ZERO, options);
        let busy = awake(&queue);
        put(&queue, [1, 2]);
        assert_eq!(queue.try_reserve().map(drop), Err(ReserveError::Full));
        assert_eq!(take(&queue, &busy), Some(1));
        put(&queue, [3]);
        assert_eq!(queue.try_reserve().map(drop), Err(ReserveError::Full));
        assert_eq!(all_of(&queue, &busy), [2, 3]);
        assert!(queue.try_reserve().is_ok());
    }
}

#[test]
fn what_waits_in_lanes_can_be_taken_after_the_close() {
    let queue = queue(LANES);
    let (_busy, idle) = (awake(&queue), idle(&queue));
    put(&queue, [1, 2]);
    queue.close();
    assert!(is_woken(&idle));
    assert!(matches!(queue.pop(&idle), Popped::Item(1)));
    assert!(matches!(queue.pop(&idle), Popped::Item(2)));
    assert!(matches!(queue.pop(&idle), Popped::Closed));
}

#[test]
fn clearing_empties_lanes_too() {
    let queue = queue(LANES);
    let busy = awake(&queue);
    put(&queue, 1..=DEPTH + 2);
    assert_eq!(queue.clear(), (1..=DEPTH + 2).collect::<Vec<_>>());
    assert_eq!((queue.len(), take(&queue, &busy)), (0, None));
}

/// Every item gets to exactly one worker, although workers come and go and some are slow.
#[test]
fn nothing_is_lost_and_nothing_is_stranded() {
    const ITEMS: usize = 20_000;
    for options in [LANES, DispatchOptions { lanes: false, batch: 3 }, DispatchOptions { lanes: true, batch: 3 }] {
        let queue = Arc::new(Queue::new(16, HANG, options));
        let (send, taken) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let stuck = {
            let (queue, send) = (Arc::clone(&queue), send.clone());
            thread::spawn(move || {
                let lane = queue.join(Slot::new(0, None));
                send.send(next(&queue, &lane).unwrap()).unwrap();
                // Slow for as long as the others have something to do.
                released.recv_timeout(HANG).unwrap();
                queue.leave(&lane);
            })
        };
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let (queue, send) = (Arc::clone(&queue), send.clone());
                thread::spawn(move || {
                    let mut lane = queue.join(Slot::new(0, None));
                    while let Some(item) = next(&queue, &lane) {
                        send.send(item).unwrap();
                        if item % 97 == 0 {
                            queue.leave(&lane);
                            lane = queue.join(Slot::new(0, None));
                        }
                    }
                })
            })
            .collect();
        let producer = {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
                    let watch = tokio::spawn(look_back_when_filled(Arc::clone(&queue)));
                    for item in 0..ITEMS {
                        queue.reserve().await.unwrap().fill(item, None).unwrap();
                        if item % 5 == 0 {
                            tokio::task::yield_now().await;
                        }
                    }
                    watch.abort();
                    // For what the aborted task did not get to.
                    queue.look_back();
                });
            })
        };
        let all: BTreeSet<_> = (0..ITEMS).map(|_| taken.recv_timeout(HANG).unwrap()).collect();
        assert_eq!(all.len(), ITEMS);
        release.send(()).unwrap();
        queue.close();
        for thread in workers.into_iter().chain([stuck, producer]) {
            thread.join().unwrap();
        }
        assert_eq!((queue.len(), taken.try_recv().ok()), (0, None));
    }
}

/// Waits as [`Worker::take`](crate::Worker::take) does; None when the queue is closed.
fn next(queue: &Queue<usize>, lane: &Arc<Lane<usize>>) -> Option<usize> {
    loop {
        match queue.pop(lane) {
            Popped::Item(item) => return Some(item),
            Popped::Closed => return None,
            Popped::Empty if queue.idle(lane) => {
                assert_eq!(lane.slot.parker.park(HANG), Wake::Unparked);
                queue.unlist(lane);
            }
            Popped::Empty => {}
        }
    }
}

/// While one worker empties its own lane, a thief must get what waits in the other.
#[test]
fn a_thief_that_is_too_late_for_one_lane_looks_into_the_others() {
    let queue = queue(LANES);
    let (busy, quick, thief) = (awake(&queue), awake(&queue), awake(&queue));
    let rounds = 20_000;
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..rounds {
                barrier.wait();
                let _ = queue.pop(&quick);
                barrier.wait();
            }
        });
        for _ in 0..rounds {
            busy.put(1);
            quick.put(2);
            barrier.wait();
            let found = take(&queue, &thief);
            barrier.wait();
            let left = all_of(&queue, &busy);
            all_of(&queue, &quick);
            assert!(found.is_some() || left.is_empty(), "the thief found nothing and left {left:?}");
        }
    });
}

#[test]
fn a_called_worker_that_leaves_has_another_called() {
    for options in [DispatchOptions { lanes: false, batch: 1 }, LANES] {
        let queue = queue(options);
        let (other, gone) = (idle(&queue), idle(&queue));
        put(&queue, [1]);
        queue.unlist(&gone);
        queue.leave(&gone);
        assert!(is_woken(&other), "{options:?}");
        queue.leave(&gone);
    }
}

#[test]
fn a_retired_worker_gets_nothing_more_into_its_lane() {
    let queue = queue(LANES);
    let (leaver, _other) = (awake(&queue), awake(&queue));
    assert!(leaver.slot.retire());
    put(&queue, [1, 2]);
    assert_eq!(queue.lane_depths(), Some(vec![0, 2]));
}
