//! Connections whose network work is done by the worker that answers them, while it waits.
//!
//! A shard is a runtime without a thread. Whoever waits at it drives it: its worker between two
//! requests, or while it waits for body bytes. So a request is read, run and answered by one
//! thread, and no wake-up lies between. While its worker runs the app, nobody is at it, and the
//! stand-by looks in every millisecond ([`crate::dispatch::standby`]).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::dispatch::signal::{Home, Signal, Wake};
use crate::dispatch::standby::Bell;

/// Answers that a worker may collect before it sends them: while requests wait it takes the next
/// instead of going to the network for each.
const MOST_UNSENT: usize = 16;

/// How long an answer may be collected while its worker goes on.
const LONGEST_UNSENT: Duration = Duration::from_micros(100);

/// Threads that read files for a shard.
const FILE_THREADS: usize = 4;

#[derive(Debug)]
pub(crate) struct Shard {
    /// None once the server is shut down.
    runtime: RwLock<Option<Runtime>>,
    /// Who waits at it and so drives it: the address of the signal that is waited for, 0 for nobody.
    /// Set under the lock of `unsent`.
    driver: AtomicUsize,
    connections: AtomicUsize,
    unsent: Mutex<Unsent>,
    alarm: Mutex<Option<Pin<Box<Sleep>>>>,
    bell: Arc<Bell>,
}

/// Connections whose answers are given, and which nobody has told yet.
#[derive(Debug, Default)]
struct Unsent {
    connections: Vec<Waker>,
    since: Option<std::time::Instant>,
}

/// Counts a connection of a shard for as long as it lives.
#[derive(Debug)]
pub(crate) struct Tenant(Arc<Shard>);

impl Drop for Tenant {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Shard {
    pub(crate) fn new(bell: Arc<Bell>) -> std::io::Result<Arc<Self>> {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(FILE_THREADS)
            .thread_name("kino-file")
            .enable_io()
            .enable_time()
            .build()?;
        Ok(Arc::new(Self {
            runtime: RwLock::new(Some(runtime)),
            driver: AtomicUsize::new(NOBODY),
            connections: AtomicUsize::new(0),
            unsent: Mutex::default(),
            alarm: Mutex::default(),
            bell,
        }))
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Whether somebody should look in.
    pub(crate) fn is_left_alone(&self) -> bool {
        self.driver.load(Ordering::SeqCst) == NOBODY && self.connections() > 0
    }

    /// Runs `serve` here. What it is made by runs on the calling thread, within this runtime.
    pub(crate) fn spawn<F>(self: &Arc<Self>, serve: impl FnOnce(Tenant) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = self.runtime.read();
        let Some(runtime) = runtime.as_ref() else { return };
        self.connections.fetch_add(1, Ordering::Relaxed);
        let _entered = runtime.enter();
        runtime.spawn(serve(Tenant(Arc::clone(self))));
        self.bell.ring();
    }

    /// Whether the wait for `signal` is what drives this shard.
    pub(crate) fn is_driven_by(&self, signal: &Signal) -> bool {
        self.driver.load(Ordering::Relaxed) == address(signal)
    }

    /// Tells `connection` of its answer when a worker is next at the network; the stand-by does it if
    /// that takes long. At once if somebody is at it now: that one waits for the network, not for us.
    pub(crate) fn tell_later(&self, connection: Waker) {
        let mut unsent = self.unsent.lock();
        if self.driver.load(Ordering::Relaxed) != NOBODY {
            drop(unsent);
            return connection.wake();
        }
        unsent.connections.push(connection);
        // The clock is read once a collection.
        unsent.since.get_or_insert_with(std::time::Instant::now);
    }

    /// Whether the worker should go to the network before it takes the next request.
    pub(crate) fn is_due(&self) -> bool {
        let unsent = self.unsent.lock();
        unsent.connections.len() >= MOST_UNSENT || unsent.since.is_some_and(|since| since.elapsed() >= LONGEST_UNSENT)
    }

    fn tell(&self) {
        let connections = {
            let mut unsent = self.unsent.lock();
            unsent.since = None;
            std::mem::take(&mut unsent.connections)
        };
        for connection in connections {
            connection.wake();
        }
    }

    /// Does what there is to do, without waiting for the network.
    pub(crate) fn look_in(&self) {
        if let Some(runtime) = self.runtime.read().as_ref() {
            runtime.block_on(async {
                self.tell();
                // Once around: the tasks that are ready, and what the network has for others.
                yield_now().await;
                yield_now().await;
            });
        }
    }

    /// Ends its connections. Whoever is at it must have been told to leave.
    pub(crate) fn shutdown(&self, patience: Duration) {
        let runtime = self.runtime.try_write_for(patience).and_then(|mut runtime| runtime.take());
        *self.alarm.lock() = None;
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(patience);
        }
    }

    /// Whether `deadline` is over; wakes the task then if not.
    ///
    /// One timer for all waits, moved only when it fires: they all last equally long, and moving it for
    /// each costs a lock of the runtime's.
    fn is_over(&self, deadline: Instant, cx: &mut Context<'_>) -> bool {
        let mut alarm = self.alarm.lock();
        let alarm = alarm.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return true;
            }
            alarm.as_mut().reset(deadline);
        }
        false
    }
}

const NOBODY: usize = 0;

fn address(signal: &Signal) -> usize {
    std::ptr::from_ref(signal) as usize
}

/// Says that nobody is at the shard any more, however that came.
struct Leave<'a>(&'a Shard);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.driver.store(NOBODY, Ordering::SeqCst);
        if self.0.connections() > 0 {
            self.0.bell.ring();
        }
    }
}

impl Home for Shard {
    fn wait(&self, signal: &Signal, max: Duration) -> Option<Wake> {
        {
            let _unsent = self.unsent.lock();
            if self.driver.compare_exchange(NOBODY, address(signal), Ordering::SeqCst, Ordering::Relaxed).is_err() {
                return None;
            }
        }
        let _leave = Leave(self);
        let runtime = self.runtime.read();
        let runtime = runtime.as_ref()?;
        let deadline = Instant::now().checked_add(max);
        let mut has_told = false;
        let wake = runtime.block_on(std::future::poll_fn(|cx| {
            // Whoever answers while we are here tells by itself.
            if !std::mem::replace(&mut has_told, true) {
                self.tell();
            }
            match signal.poll_wait(cx) {
                Poll::Ready(wake) => Poll::Ready(wake),
                Poll::Pending if deadline.is_some_and(|deadline| self.is_over(deadline, cx)) => {
                    Poll::Ready(Wake::TimedOut)
                }
                Poll::Pending => Poll::Pending,
            }
        }));
        signal.forget_waker();
        Some(wake)
    }
}
