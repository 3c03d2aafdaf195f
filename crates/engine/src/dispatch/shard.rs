//! Connections whose network work is done by the workers that answer them, while they wait.
//!
//! A shard is a tokio runtime without a thread. The thread that waits at the shard drives it: a worker between two
//! requests, or one that waits for body bytes. So one thread reads, runs and answers a request, and no wake-up lies
//! between. While the shard's workers run the app, no thread drives it, and the backup driver polls it about every half
//! millisecond ([`crate::dispatch::backup_driver`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::dispatch::unparker::Unparker;
use crate::parker::{Driver, Parker, Wake};

/// Wake-ups that are deferred at most. While requests wait, a worker takes the next instead of going to the network for
/// each answer.
const MAX_DEFERRED: usize = 16;

/// Threads that read files for a shard.
const FILE_THREADS: usize = 4;

/// Tasks that run before the driving thread may leave with a request. With tokio's default of 61, uploads and hijacked
/// connections kept a request from its worker for milliseconds.
const TASKS_IN_A_ROW: u32 = 16;

#[derive(Debug)]
pub(crate) struct Shard {
    /// None after the server was shut down. The driving thread holds the lock for reading.
    runtime: RwLock<Option<Runtime>>,
    is_closing: AtomicBool,
    /// The thread that drives the shard: the address of the parker that it waits on, or [`NO_DRIVER`]. Set under the
    /// lock of `deferred`.
    driver: AtomicUsize,
    connections: AtomicUsize,
    /// Worker threads that wait here.
    workers: AtomicUsize,
    had_worker: AtomicBool,
    /// How often a thread has driven the shard.
    visits: AtomicU64,
    deferred: Mutex<DeferredWakes>,
    /// Ends the waits of its workers.
    alarm: Alarm,
    unparker: Arc<Unparker>,
}

/// Connections whose responses are ready, and whose tasks are not woken yet.
#[derive(Debug, Default)]
struct DeferredWakes {
    connections: Vec<Waker>,
    /// The backup driver's tick when the first was deferred.
    since: u64,
    /// The task of the driving thread.
    driver: Option<Waker>,
}

/// Counts a connection of a shard for as long as it lives.
#[derive(Debug)]
pub(crate) struct ShardConnection(Arc<Shard>);

impl Drop for ShardConnection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shard {
    pub(crate) fn new(unparker: Arc<Unparker>) -> std::io::Result<Arc<Self>> {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(FILE_THREADS)
            .thread_name("kino-file")
            .event_interval(TASKS_IN_A_ROW)
            .enable_io()
            .enable_time()
            .build()?;
        Ok(Arc::new(Self {
            runtime: RwLock::new(Some(runtime)),
            is_closing: AtomicBool::new(false),
            driver: AtomicUsize::new(NO_DRIVER),
            connections: AtomicUsize::new(0),
            workers: AtomicUsize::new(0),
            had_worker: AtomicBool::new(false),
            visits: AtomicU64::new(0),
            deferred: Mutex::default(),
            alarm: Alarm::default(),
            unparker,
        }))
    }

    pub(crate) fn as_driver(self: Arc<Self>) -> Arc<dyn Driver> {
        self
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn worker_joined(&self) {
        self.workers.fetch_add(1, Ordering::SeqCst);
        self.had_worker.store(true, Ordering::SeqCst);
    }

    pub(crate) fn worker_left(&self) {
        self.workers.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether all its workers have left, so that only the backup driver drives it. Not before the first has joined, or
    /// else the shards whose workers start first would get all connections of a busy port.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.workers.load(Ordering::SeqCst) == 0 && self.had_worker.load(Ordering::SeqCst)
    }

    /// Whether there are connections that no thread drives.
    pub(crate) fn is_undriven(&self) -> bool {
        self.driver.load(Ordering::SeqCst) == NO_DRIVER && self.connections() > 0
    }

    /// Runs the task that `serve` returns. `serve` itself runs on the calling thread, within this runtime.
    pub(crate) fn spawn<F>(self: &Arc<Self>, serve: impl FnOnce(ShardConnection) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let runtime = self.runtime.read();
        let Some(runtime) = runtime.as_ref() else { return };
        self.connections.fetch_add(1, Ordering::SeqCst);
        let _entered = runtime.enter();
        runtime.spawn(serve(ShardConnection(Arc::clone(self))));
        self.unparker.unpark();
    }

    /// Whether the thread that waits on `parker` drives this shard.
    pub(crate) fn is_driven_by(&self, parker: &Parker) -> bool {
        self.driver.load(Ordering::Relaxed) == address(parker)
    }

    /// Whether the worker should go to the network before it takes the next request: a wake-up was deferred in an
    /// earlier tick, or many are. (Comparing times instead of ticks took two looks at the clock for each request, 2 %
    /// of it.)
    pub(crate) fn has_overdue_wakes(&self) -> bool {
        let deferred = self.deferred.lock();
        match deferred.connections.len() {
            0 => false,
            MAX_DEFERRED.. => true,
            _ => deferred.since != self.unparker.tick(),
        }
    }

    /// How often a thread has driven the shard.
    pub(crate) fn visits(&self) -> u64 {
        self.visits.load(Ordering::Relaxed)
    }

    fn count_visit(&self) {
        self.visits.fetch_add(1, Ordering::Relaxed);
    }

    /// Wakes the connections whose wake-ups were deferred; returns whether there were any. Remembers `driver` if the
    /// caller drives the shard.
    fn wake_deferred(&self, driver: Option<&Waker>) -> bool {
        let connections = {
            let mut deferred = self.deferred.lock();
            if driver.is_some() {
                deferred.driver = driver.cloned();
            }
            std::mem::take(&mut deferred.connections)
        };
        let is_any = !connections.is_empty();
        connections.into_iter().for_each(Waker::wake);
        is_any
    }

    /// Runs the tasks that are ready, without waiting for the network.
    pub(crate) fn poll_once(&self) {
        if let Some(runtime) = self.runtime.read().as_ref() {
            runtime.block_on(async {
                self.wake_deferred(None);
                self.count_visit();
                // Once around: the tasks that are ready, and those for which the network has something.
                yield_now().await;
                yield_now().await;
            });
        }
    }

    /// Has the driving thread leave, and lets no other begin. No wake-up is deferred any more: a worker that found one
    /// would go to a network that is gone, again and again, and never learn that the server has ended.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
        self.wake_deferred(None);
        let driver = self.deferred.lock().driver.take();
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// Ends its connections. Waits at most `max` for the driving thread, and as long for the runtime.
    pub(crate) fn shutdown(&self, max: Duration) {
        self.close();
        let runtime = self.runtime.try_write_for(max).and_then(|mut runtime| runtime.take());
        self.alarm.clear();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(max);
        }
    }
}

const NO_DRIVER: usize = 0;

fn address(parker: &Parker) -> usize {
    std::ptr::from_ref(parker) as usize
}

impl Drop for Shard {
    /// The last reference may be held by a task, and a runtime must not be dropped there.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.get_mut().take() {
            runtime.shutdown_background();
        }
    }
}

/// Notes that the thread no longer drives the shard, however its wait ended.
struct DrivingGuard<'a>(&'a Shard, &'a Parker);

impl Drop for DrivingGuard<'_> {
    fn drop(&mut self) {
        self.1.forget_waker();
        self.0.deferred.lock().driver = None;
        self.0.driver.store(NO_DRIVER, Ordering::SeqCst);
        if self.0.connections() > 0 {
            self.0.unparker.unpark();
        }
    }
}

impl Driver for Shard {
    fn park(&self, parker: &Parker, max: Duration) -> Option<Wake> {
        {
            let _deferred = self.deferred.lock();
            if self.driver.compare_exchange(NO_DRIVER, address(parker), Ordering::SeqCst, Ordering::Relaxed).is_err() {
                return None;
            }
        }
        let _driving = DrivingGuard(self, parker);
        let runtime = self.runtime.read();
        let runtime = runtime.as_ref()?;
        let deadline = Instant::now().checked_add(max);
        let (mut known, mut is_at_network): (Option<Waker>, bool) = (None, false);
        runtime.block_on(std::future::poll_fn(|cx| {
            // While the backup driver polls the runtime, this thread waits for it with another waker, and only the
            // waker of the last poll wakes it. Threads that answer while this one drives wake connections themselves.
            // Connections that were woken here must get their turn to write, even if this thread is called away
            // already.
            let is_new = !known.as_ref().is_some_and(|known| known.will_wake(cx.waker()));
            if is_new {
                known = Some(cx.waker().clone());
            }
            let has_woken = is_new && self.wake_deferred(known.as_ref());
            if self.is_closing.load(Ordering::SeqCst) {
                return Poll::Ready(None);
            }
            if has_woken && parker.is_unparked() {
                cx.waker().wake_by_ref();
            } else if let Poll::Ready(wake) = parker.poll_park(cx) {
                return Poll::Ready(Some(wake));
            } else if deadline.is_some_and(|deadline| self.alarm.is_over(deadline, cx)) {
                return Poll::Ready(Some(Wake::TimedOut));
            }
            if !std::mem::replace(&mut is_at_network, true) {
                self.count_visit();
            }
            Poll::Pending
        }))
    }

    /// At once if a thread drives the shard: it waits for the network, not for the caller. Else when a worker is at the
    /// network next; the backup driver does it if that takes long.
    fn defer_wake(&self, connection: Waker) {
        let mut deferred = self.deferred.lock();
        if self.driver.load(Ordering::Relaxed) != NO_DRIVER || self.is_closing() {
            drop(deferred);
            return connection.wake();
        }
        if deferred.connections.is_empty() {
            deferred.since = self.unparker.tick();
        }
        deferred.connections.push(connection);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc;
    use std::thread;

    use super::*;

    const HANG: Duration = Duration::from_secs(20);

    /// The worker spun for ever: it was sent to the network, and never learned that the server had ended.
    #[test]
    fn a_worker_that_comes_back_after_the_shutdown_has_nothing_overdue() {
        let unparker = Arc::new(Unparker::default());
        let shard = Shard::new(Arc::clone(&unparker)).unwrap();
        shard.defer_wake(Waker::noop().clone());
        shard.shutdown(HANG);
        unparker.begin_round();
        assert!(!shard.has_overdue_wakes(), "of connections that have ended");
        shard.defer_wake(Waker::noop().clone());
        unparker.begin_round();
        assert!(!shard.has_overdue_wakes(), "of a response that came too late");
    }

    #[test]
    fn a_thread_that_came_while_another_polled_is_sent_away_when_the_shard_closes() {
        let shard = Shard::new(Arc::new(Unparker::default())).unwrap();
        let (leave, is_to_leave) = mpsc::channel::<()>();
        let (came, has_come) = mpsc::channel();
        let its = Arc::clone(&shard);
        let visitor = thread::spawn(move || {
            let runtime = its.runtime.read();
            runtime.as_ref().unwrap().block_on(async {
                came.send(()).unwrap();
                let _ = is_to_leave.recv();
            });
        });
        has_come.recv_timeout(HANG).unwrap();
        let its = Arc::clone(&shard);
        let (left, has_left) = mpsc::channel();
        thread::spawn(move || left.send(its.park(&Parker::new(), HANG * 100)));
        while shard.deferred.lock().driver.is_none() {
            thread::yield_now();
        }
        drop(leave);
        visitor.join().unwrap();
        let (turned, has_turned) = mpsc::channel();
        shard.runtime.read().as_ref().unwrap().spawn(async move { turned.send(()) });
        has_turned.recv_timeout(HANG).unwrap();
        shard.close();
        assert!(has_left.recv_timeout(HANG).is_ok(), "it still waits");
    }
}
