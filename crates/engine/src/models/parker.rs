//! Parking and waking.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::thread;

use super::{FOREVER, in_every_order, wait_for};
use crate::parker::{Parker, Wake};

#[test]
fn an_unpark_ends_the_wait_before_or_after_it() {
    in_every_order(|| {
        let parker = Parker::new();
        let unparker = thread::spawn({
            let parker = Arc::clone(&parker);
            move || parker.unpark()
        });
        assert_eq!(parker.park(FOREVER), Wake::Unparked);
        assert_eq!(parker.park(Duration::ZERO), Wake::TimedOut);
        unparker.join().unwrap();
    });
}

#[test]
fn an_interrupt_and_an_unpark_each_end_one_wait() {
    in_every_order(|| {
        let parker = Parker::new();
        let unparker = thread::spawn({
            let parker = Arc::clone(&parker);
            move || parker.unpark()
        });
        let interrupter = thread::spawn({
            let parker = Arc::clone(&parker);
            move || parker.interrupt()
        });
        let mut wakes = [parker.park(FOREVER), parker.park(FOREVER)];
        wakes.sort_by_key(|wake| *wake == Wake::Interrupted);
        assert_eq!(wakes, [Wake::Unparked, Wake::Interrupted]);
        assert_eq!(parker.park(Duration::ZERO), Wake::TimedOut);
        unparker.join().unwrap();
        interrupter.join().unwrap();
    });
}

#[test]
fn an_unpark_wakes_a_task_that_polls() {
    in_every_order(|| {
        let parker = Parker::new();
        let unparker = thread::spawn({
            let parker = Arc::clone(&parker);
            move || parker.unpark()
        });
        assert_eq!(wait_for(|cx| parker.poll_park(cx)), Wake::Unparked);
        unparker.join().unwrap();
    });
}

#[test]
fn an_unpark_for_a_task_that_gave_up_is_kept_for_the_next_wait() {
    in_every_order(|| {
        let parker = Parker::new();
        let unparker = thread::spawn({
            let parker = Arc::clone(&parker);
            move || parker.unpark()
        });
        let other = Waker::from(Parker::new());
        let polled = parker.poll_park(&mut Context::from_waker(&other));
        parker.forget_waker();
        if polled == Poll::Pending {
            assert_eq!(parker.park_without_driving(FOREVER), Wake::Unparked);
        }
        unparker.join().unwrap();
    });
}
