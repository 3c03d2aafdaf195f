//! Connections whose network work is done by the worker that answers them, while it waits.
//!
//! A shard is a runtime without a thread. Whoever waits at it drives it: its worker between two
//! requests, or while it waits for body bytes. So a request is read, run and answered by one
//! thread, and no wake-up lies between. While its worker runs the app, nobody is at it, and the
//! stand-by looks in about every half millisecond ([`crate::dispatch::standby`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Poll, Waker};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;
use tokio::time::Instant;

use crate::alarm::Alarm;
use crate::dispatch::signal::{Home, Signal, Wake};
use crate::dispatch::standby::Bell;

/// Answers that a worker may collect before it sends them: while requests wait it takes the next
/// instead of going to the network for each.
const MOST_UNSENT: usize = 16;

/// Threads that read files for a shard.
const FILE_THREADS: usize = 4;

/// Tasks that run before whoever drives may leave with a request. tokio's 61 let uploads and connections
/// that are given away keep a request from its worker for milliseconds.
const TASKS_IN_A_ROW: u32 = 16;

#[derive(Debug)]
pub(crate) struct Shard {
    /// None once the server is shut down. Whoever drives holds the lock for reading meanwhile.
    runtime: RwLock<Option<Runtime>>,
    is_closing: AtomicBool,
    /// Who waits at it and so drives it: the address of the signal that is waited for, 0 for nobody.
    /// Set under the lock of `unsent`.
    driver: AtomicUsize,
    connections: AtomicUsize,
    /// Worker threads whose home it is.
    workers: AtomicUsize,
    had_worker: AtomicBool,
    /// How often somebody has been at it.
    visits: AtomicU64,
    unsent: Mutex<Unsent>,
    /// Ends the waits of its workers.
    alarm: Alarm,
    bell: Arc<Bell>,
}

/// Connections whose answers are given, and which nobody has told yet.
#[derive(Debug, Default)]
struct Unsent {
    connections: Vec<Waker>,
    /// The tick of the stand-by's in which the first was given.
    since: u64,
    /// Who drives.
    driver: Option<Waker>,
}

/// Counts a connection of a shard for as long as it lives.
#[derive(Debug)]
pub(crate) struct Tenant(Arc<Shard>);

impl Drop for Tenant {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Shard {
    pub(crate) fn new(bell: Arc<Bell>) -> std::io::Result<Arc<Self>> {
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
            driver: AtomicUsize::new(NOBODY),
            connections: AtomicUsize::new(0),
            workers: AtomicUsize::new(0),
            had_worker: AtomicBool::new(false),
            visits: AtomicU64::new(0),
            unsent: Mutex::default(),
            alarm: Alarm::default(),
            bell,
        }))
    }

    /// As where a signal's waits are spent.
    pub(crate) fn as_home(self: Arc<Self>) -> Arc<dyn Home> {
        self
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn worker_came(&self) {
        self.workers.fetch_add(1, Ordering::SeqCst);
        self.had_worker.store(true, Ordering::SeqCst);
    }

    pub(crate) fn worker_went(&self) {
        self.workers.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether its workers have all left: but for the stand-by nobody comes here any more. Not before the
    /// first has come, else those who start first would get all connections of a busy port.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.workers.load(Ordering::SeqCst) == 0 && self.had_worker.load(Ordering::SeqCst)
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
        self.connections.fetch_add(1, Ordering::SeqCst);
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
        if unsent.connections.is_empty() {
            unsent.since = self.bell.tick();
        }
        unsent.connections.push(connection);
    }

    /// Whether the worker should go to the network before it takes the next request: an answer waits
    /// since another tick, or many do. (Two looks at the clock for each request cost 2 % of it.)
    pub(crate) fn is_due(&self) -> bool {
        let unsent = self.unsent.lock();
        match unsent.connections.len() {
            0 => false,
            MOST_UNSENT.. => true,
            _ => unsent.since != self.bell.tick(),
        }
    }

    /// How often somebody has been at it.
    pub(crate) fn visits(&self) -> u64 {
        self.visits.load(Ordering::Relaxed)
    }

    fn count_visit(&self) {
        self.visits.fetch_add(1, Ordering::Relaxed);
    }

    /// Tells those whose answers have been collected; says whether there were any. Notes who drives, if
    /// that is who tells.
    fn tell(&self, driver: Option<&Waker>) -> bool {
        let connections = {
            let mut unsent = self.unsent.lock();
            if driver.is_some() {
                unsent.driver = driver.cloned();
            }
            std::mem::take(&mut unsent.connections)
        };
        let is_any = !connections.is_empty();
        connections.into_iter().for_each(Waker::wake);
        is_any
    }

    /// Does what there is to do, without waiting for the network.
    pub(crate) fn look_in(&self) {
        if let Some(runtime) = self.runtime.read().as_ref() {
            runtime.block_on(async {
                self.tell(None);
                self.count_visit();
                // Once around: the tasks that are ready, and what the network has for others.
                yield_now().await;
                yield_now().await;
            });
        }
    }

    /// Sends away whoever is at it, and lets nobody come any more.
    pub(crate) fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
        let driver = self.unsent.lock().driver.take();
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// Whether nobody is to come any more.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::SeqCst)
    }

    /// Ends its connections.
    pub(crate) fn shutdown(&self, patience: Duration) {
        self.close();
        let runtime = self.runtime.try_write_for(patience).and_then(|mut runtime| runtime.take());
        self.alarm.clear();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(patience);
        }
    }
}

const NOBODY: usize = 0;

fn address(signal: &Signal) -> usize {
    std::ptr::from_ref(signal) as usize
}

impl Drop for Shard {
    /// The last to hold it may be a task, where a runtime must not be dropped.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.get_mut().take() {
            runtime.shutdown_background();
        }
    }
}

/// Says that nobody is at the shard any more, however that came.
struct Leave<'a>(&'a Shard, &'a Signal);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.1.forget_waker();
        self.0.unsent.lock().driver = None;
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
        let _leave = Leave(self, signal);
        let runtime = self.runtime.read();
        let runtime = runtime.as_ref()?;
        let deadline = Instant::now().checked_add(max);
        let (mut known, mut is_at_network): (Option<Waker>, bool) = (None, false);
        runtime.block_on(std::future::poll_fn(|cx| {
            // While somebody looks in, this thread waits for the runtime with a waker of its own; only the one of the last
            // poll wakes it. Whoever answers while we are here tells by itself. Who is told has to get a turn to write,
            // also if we are called away already.
            let is_new = !known.as_ref().is_some_and(|known| known.will_wake(cx.waker()));
            if is_new {
                known = Some(cx.waker().clone());
            }
            let has_told = is_new && self.tell(known.as_ref());
            if self.is_closing.load(Ordering::SeqCst) {
                return Poll::Ready(None);
            }
            if has_told && signal.is_called() {
                cx.waker().wake_by_ref();
            } else if let Poll::Ready(wake) = signal.poll_wait(cx) {
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
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::mpsc;
    use std::thread;

    use super::*;

    const HANG: Duration = Duration::from_secs(20);

    #[test]
    fn whoever_came_while_somebody_looked_in_is_sent_away_at_the_end() {
        let shard = Shard::new(Arc::new(Bell::default())).unwrap();
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
        thread::spawn(move || left.send(its.wait(&Signal::new(), HANG * 100)));
        while shard.unsent.lock().driver.is_none() {
            thread::yield_now();
        }
        drop(leave);
        visitor.join().unwrap();
        let (turned, has_turned) = mpsc::channel();
        shard.runtime.read().as_ref().unwrap().spawn(async move { turned.send(()) });
        has_turned.recv_timeout(HANG).unwrap();
        shard.close();
        assert!(has_left.recv_timeout(HANG).is_ok(), "it waits on");
    }
}
