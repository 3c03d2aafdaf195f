//! Park and wake.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use loom::thread;

use super::{FOREVER, in_every_order, wait_for};
use crate::dispatch::signal::{Signal, Wake};

#[test]
fn a_call_ends_the_wait_before_or_after_it() {
    in_every_order(|| {
        let signal = Signal::new();
        let caller = thread::spawn({
            let signal = Arc::clone(&signal);
            move || signal.notify()
        });
        assert_eq!(signal.wait(FOREVER), Wake::Notified);
        assert_eq!(signal.wait(Duration::ZERO), Wake::TimedOut);
        caller.join().unwrap();
    });
}

#[test]
fn an_interrupt_and_a_notification_each_end_one_wait() {
    in_every_order(|| {
        let signal = Signal::new();
        let notifier = thread::spawn({
            let signal = Arc::clone(&signal);
            move || signal.notify()
        });
        let interrupter = thread::spawn({
            let signal = Arc::clone(&signal);
            move || signal.interrupt()
        });
        let mut wakes = [signal.wait(FOREVER), signal.wait(FOREVER)];
        wakes.sort_by_key(|wake| *wake == Wake::Interrupted);
        assert_eq!(wakes, [Wake::Notified, Wake::Interrupted]);
        assert_eq!(signal.wait(Duration::ZERO), Wake::TimedOut);
        notifier.join().unwrap();
        interrupter.join().unwrap();
    });
}

#[test]
fn a_call_wakes_who_waits_by_polling() {
    in_every_order(|| {
        let signal = Signal::new();
        let caller = thread::spawn({
            let signal = Arc::clone(&signal);
            move || signal.notify()
        });
        assert_eq!(wait_for(|cx| signal.poll_wait(cx)), Wake::Notified);
        caller.join().unwrap();
    });
}

#[test]
fn a_call_to_who_polled_and_gave_up_is_kept_for_the_next_wait() {
    in_every_order(|| {
        let signal = Signal::new();
        let caller = thread::spawn({
            let signal = Arc::clone(&signal);
            move || signal.notify()
        });
        let other = Waker::from(Signal::new());
        let polled = signal.poll_wait(&mut Context::from_waker(&other));
        signal.forget_waker();
        if polled == Poll::Pending {
            assert_eq!(signal.wait_away(FOREVER), Wake::Notified);
        }
        caller.join().unwrap();
    });
}
