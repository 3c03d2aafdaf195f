//! Starting, draining and stopping.
//!
//! The order of a clean stop: [`Server::stop_accepting`]; [`Server::drain`], until everything is answered or the caller
//! gives up; [`Server::close`], so that the workers leave; [`Server::abort`], for what they left behind;
//! [`Server::shutdown`]. Each may be called more than once, and from any thread.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use parking_lot::Mutex;
use socket2::Socket;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};

use crate::dispatch::backup_driver::BackupDriver;
use crate::dispatch::dispatcher::Dispatcher;
use crate::dispatch::driver_thread::DriverThread;
use crate::dispatch::exchange::Exchange;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::queue::{DispatchOptions, Queue, look_back_when_filled};
use crate::dispatch::shard::Shard;
use crate::dispatch::slot::Slot;
use crate::dispatch::slots::{Slots, Times, WorkerRow};
use crate::dispatch::unparker::Unparker;
use crate::dispatch::worker::Worker;
use crate::error::Error;
use crate::net::acceptor;
use crate::net::bind::{Address, bind_all};
use crate::net::connection::{Context, Speaks};
use crate::net::listener::{self, Listener};
use crate::parker::{Parker, Wake};
use crate::settings::Settings;
use crate::stats::{Snapshot, Stats};

/// How long responses of [`Server::abort`] may take to leave before the threads end.
const LAST_FLUSH: Duration = Duration::from_millis(500);

/// A running front-end. Nothing runs before [`Server::start`], so a process that has only loaded this crate can fork.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<Address>,
    queue: Arc<Queue<Box<Exchange>>>,
    stats: Arc<Stats>,
    slots: Mutex<Slots>,
    /// The listening sockets, for a process that inherits them. Empty once they are closed.
    listeners: Mutex<Vec<Socket>>,
    /// Of each socket, whether another process has it or was given it. None if somebody else keeps the socket, so that
    /// this never changes.
    are_shared: Vec<Option<Arc<AtomicBool>>>,
    stop: watch::Sender<bool>,
    /// True when connections shall end after the requests that have begun. Each connection holds a receiver.
    stopping: watch::Sender<bool>,
    is_draining: Arc<AtomicBool>,
    drained: Arc<Drained>,
    runtime: Mutex<Option<Runtime>>,
    /// Empty if the runtime drives all connections.
    shards: Vec<Arc<Shard>>,
    backup_driver: Mutex<Option<BackupDriver>>,
    /// Drive the shards once their workers are relieved.
    driver_threads: Mutex<Vec<DriverThread>>,
}

/// Set once, when the last connection is gone.
#[derive(Debug, Default)]
struct Drained {
    is_done: AtomicBool,
    parker: Arc<Parker>,
}

impl Server {
    /// Binds, starts the network threads, and accepts. Requests wait until a worker takes them.
    ///
    /// # Errors
    ///
    /// [`Error::Bind`] or [`Error::Inherited`] if it cannot listen, [`Error::Runtime`] if the threads cannot be
    /// started.
    pub fn start(settings: &Settings) -> Result<Self, Error> {
        let bound = bind_all(settings)?;
        let listeners = bound.iter().map(|bound| bound.socket.try_clone()).collect::<io::Result<Vec<_>>>();
        let listeners = Mutex::new(listeners.map_err(Error::Runtime)?);
        let are_shared = bound.iter().zip(&settings.listeners);
        let are_shared = are_shared.map(|(bound, given)| (!given.is_kept).then(|| Arc::clone(&bound.is_shared)));
        let runtime = Builder::new_multi_thread()
            .worker_threads(settings.io_threads.max(1))
            .thread_name("kino-io")
            .enable_io()
            .enable_time()
            .build()
            .map_err(Error::Runtime)?;
        let options = DispatchOptions::new(settings);
        let queue = Arc::new(Queue::new(settings.queue_depth, settings.queue_timeout, options));
        let unparker = Arc::<Unparker>::default();
        let shards = (0..settings.shards).map(|_| Shard::new(Arc::clone(&unparker))).collect::<io::Result<Vec<_>>>();
        let shards = shards.map_err(Error::Runtime)?;
        let backup_driver = (!shards.is_empty()).then(|| {
            let queue = Arc::clone(&queue);
            BackupDriver::start(unparker, shards.clone(), move |shard| queue.call_worker_of(shard))
        });
        let backup_driver = backup_driver.transpose().map_err(Error::Runtime)?;
        let server = Self {
            addresses: bound.iter().map(|bound| bound.address.clone()).collect(),
            stats: Arc::default(),
            queue,
            slots: Mutex::default(),
            listeners,
            are_shared: are_shared.collect(),
            stop: watch::Sender::new(false),
            stopping: watch::Sender::new(false),
            is_draining: Arc::default(),
            drained: Arc::default(),
            runtime: Mutex::new(None),
            shards,
            backup_driver: Mutex::new(backup_driver),
            driver_threads: Mutex::default(),
        };
        {
            let _entered = runtime.enter();
            let permits = Arc::new(Semaphore::new(settings.max_connections.clamp(1, Semaphore::MAX_PERMITS)));
            let serve = server.acceptor(settings);
            for (bound, given) in bound.into_iter().zip(&settings.listeners) {
                let listener = Listener::new(bound).map_err(Error::Runtime)?;
                let stop = server.stop.subscribe();
                let speaks = Speaks { tls: given.tls.clone(), proxy_protocol: given.proxy_protocol };
                let accepting = listener::accept(listener, Arc::clone(&permits), stop, speaks, Arc::clone(&serve));
                // A drain is not over while another connection may be accepted, so each listener counts as one.
                let counted = server.stopping.subscribe();
                runtime.spawn(async move {
                    accepting.await;
                    drop(counted);
                });
            }
        }
        runtime.spawn(look_back_when_filled(Arc::clone(&server.queue)));
        *server.runtime.lock() = Some(runtime);
        Ok(server)
    }

    fn acceptor(&self, settings: &Settings) -> listener::Serve {
        let context = |shard: Option<&Arc<Shard>>| {
            let (queue, stats) = (Arc::clone(&self.queue), Arc::clone(&self.stats));
            let is_stopping = Arc::clone(&self.is_draining);
            Context::new(settings, Dispatcher::new(settings, queue, stats, shard.cloned(), is_stopping))
        };
        if self.shards.is_empty() {
            return acceptor::serve_here(context(None), self.stopping.clone());
        }
        let shards = self.shards.iter().map(|shard| (Arc::clone(shard), Arc::new(context(Some(shard)))));
        acceptor::serve_in_shards(shards.collect(), self.stopping.clone())
    }

    /// The addresses that the server listens on, in the order of [`Settings::listeners`].
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// The first of them that is a TCP port.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.addresses.iter().find_map(|address| match address {
            Address::Tcp(address) => Some(*address),
            Address::Unix(_) => None,
        })
    }

    /// A new worker.
    pub fn worker(&self) -> Worker {
        self.worker_of(0)
    }

    /// A new worker with this index. With shards, it drives those of shard `index`.
    pub fn worker_of(&self, index: usize) -> Worker {
        self.add_worker(index, Arc::default())
    }

    /// A new worker that shares a lock with others: of the workers with the same number `lock`, only one runs at a
    /// time. It should call [`Worker::wait`] without that lock, and [`Worker::try_take`] with it.
    pub fn worker_sharing(&self, index: usize, lock: usize) -> Worker {
        let lock_group = self.slots.lock().lock_group(lock);
        self.add_worker(index, lock_group)
    }

    fn add_worker(&self, index: usize, lock_group: Arc<LockGroup>) -> Worker {
        let shard = index.checked_rem(self.shards.len()).and_then(|index| self.shards.get(index));
        let slot = self.slots.lock().add(Slot::sharing(index, shard.cloned(), lock_group));
        // Checked after it is listed, so that a worker that comes too late is told to leave, here or by `relieve`.
        if self.queue.is_relieved() {
            slot.retire();
        }
        Worker::new(Arc::clone(&self.queue), slot)
    }

    /// A new worker that relieves those of the same index, see [`Server::relieve`]. It drives no connections. `lock` as
    /// for [`Server::worker_sharing`].
    pub fn relief_of(&self, index: usize, lock: usize) -> Worker {
        let lock_group = self.slots.lock().lock_group(lock);
        let slot = self.slots.lock().add(Slot::relief(index, lock_group));
        Worker::new(Arc::clone(&self.queue), slot)
    }

    /// Relieves the workers. They, and any that [`Server::worker_of`] still makes, take no more requests, finish their
    /// current one or put it back, and leave. Requests that wait go to the workers of [`Server::relief_of`]. From now
    /// on, threads of the server drive the shards. False if the workers were relieved before.
    pub fn relieve(&self) -> bool {
        let mut driver_threads = self.driver_threads.lock();
        if self.queue.is_relieved() {
            return false;
        }
        self.queue.relieve();
        let slots = self.slots.lock().current();
        slots.iter().filter(|slot| !slot.is_relief).for_each(|slot| {
            slot.retire();
        });
        // If no thread can be started, the backup driver remains.
        driver_threads.extend(self.shards.iter().filter_map(|shard| DriverThread::start(Arc::clone(shard)).ok()));
        true
    }

    /// Tells the threads of worker `index` to leave: the next [`Worker::take`] of each returns
    /// [`Take::Closed`](crate::Take::Closed). Returns how many there were.
    pub fn retire(&self, index: usize) -> usize {
        let slots = self.slots.lock().current();
        slots.iter().filter(|slot| slot.index == index && slot.retire()).count()
    }

    /// Quarantines a worker thread that has been at one request for longer than `after`, unless `max` are quarantined
    /// already. It takes no more requests after that one. Returns the index of its worker, which needs a replacement;
    /// None if there is no such thread.
    pub fn quarantine(&self, after: Duration, max: usize) -> Option<usize> {
        let slots = self.slots.lock().current();
        if slots.iter().filter(|slot| slot.is_quarantined() && !slot.is_gone()).count() >= max {
            return None;
        }
        slots.iter().find(|slot| slot.quarantine(after)).map(|slot| slot.index)
    }

    /// What each worker thread is doing.
    pub fn workers(&self) -> Vec<WorkerRow> {
        let slots = self.slots.lock().current();
        let is_relieved = self.queue.is_relieved();
        let here = slots.iter().filter(|slot| !slot.is_gone());
        here.map(|slot| WorkerRow::of(slot, is_relieved && !slot.is_relief)).collect()
    }

    /// How many connections each shard has; empty without shards.
    pub fn shard_connections(&self) -> Vec<usize> {
        self.shards.iter().map(|shard| shard.connections()).collect()
    }

    /// How long requests waited for a worker and took, since the start.
    pub fn times(&self) -> Times {
        self.slots.lock().times()
    }

    /// Duplicates of the listening sockets, in the order of [`Settings::listeners`]; none if they are closed. From now
    /// on the sockets count as shared with another process.
    ///
    /// # Errors
    ///
    /// The system's, if it has no descriptors left.
    pub fn listeners(&self) -> io::Result<Vec<OwnedFd>> {
        let listeners = self.listeners.lock();
        self.set_shared(true);
        listeners.iter().map(|socket| socket.try_clone().map(OwnedFd::from)).collect()
    }

    /// Says that no other process is meant to listen on the sockets any more. They then end with this server, even if a
    /// process that the app has forked has a copy; except those that somebody else keeps.
    pub fn claim_listeners(&self) {
        self.set_shared(false);
    }

    fn set_shared(&self, is_shared: bool) {
        self.are_shared.iter().flatten().for_each(|shared| shared.store(is_shared, Ordering::Release));
    }

    /// Closes the listeners. From now on the system refuses new connections, unless another process shares the sockets:
    /// then they wait for that process.
    pub fn stop_accepting(&self) {
        self.listeners.lock().clear();
        self.stop.send_replace(true);
    }

    /// Lets every connection finish the requests that have begun and close. Waits for that at most for `max`; returns
    /// whether no connection is left. Returns early if [`Server::drain_parker`] is interrupted.
    pub fn drain(&self, max: Duration) -> bool {
        self.begin_drain();
        loop {
            if self.drained.is_done.load(Ordering::Acquire) {
                // An unpark wakes one thread, which therefore wakes the next.
                self.drained.parker.unpark();
                return true;
            }
            match self.drained.parker.park(max) {
                Wake::Unparked => {}
                Wake::Interrupted | Wake::TimedOut => return self.drained.is_done.load(Ordering::Acquire),
            }
        }
    }

    fn begin_drain(&self) {
        self.stop_accepting();
        if self.is_draining.swap(true, Ordering::AcqRel) {
            return;
        }
        self.stopping.send_replace(true);
        let slots = self.slots.lock().current();
        slots.iter().filter_map(|slot| slot.in_flight()).for_each(|exchange| exchange.notify_watchers());
        let (stopping, drained) = (self.stopping.clone(), Arc::clone(&self.drained));
        if let Some(runtime) = self.runtime.lock().as_ref() {
            runtime.spawn(async move {
                stopping.closed().await;
                drained.is_done.store(true, Ordering::Release);
                drained.parker.unpark();
            });
        }
    }

    /// What [`Server::drain`] waits on. Interrupting it ends that wait.
    pub fn drain_parker(&self) -> &Parker {
        &self.drained.parker
    }

    /// Lets no more requests into the queue. Workers take those that wait there, and then get
    /// [`Take::Closed`](crate::Take::Closed).
    pub fn close(&self) {
        self.queue.close();
    }

    /// Answers 503 to requests that wait, and 500 to those that workers have in flight; a streamed response breaks off.
    /// Wakes all workers that wait.
    pub fn abort(&self) {
        self.close();
        for exchange in self.queue.clear() {
            exchange.turn_away();
        }
        let slots = self.slots.lock().current();
        for slot in slots {
            if let Some(exchange) = slot.in_flight() {
                exchange.abort(StatusCode::INTERNAL_SERVER_ERROR);
            }
            slot.parker.interrupt();
        }
    }

    /// Ends the network threads; connections that are left break. Responses that were given just before get a moment to
    /// leave.
    pub fn shutdown(&self) {
        self.abort();
        self.drain(LAST_FLUSH);
        self.shards.iter().for_each(|shard| shard.close());
        let driver_threads = std::mem::take(&mut *self.driver_threads.lock());
        drop(driver_threads);
        let deadline = Instant::now() + LAST_FLUSH;
        for shard in &self.shards {
            shard.shutdown(deadline.saturating_duration_since(Instant::now()));
        }
        drop(self.backup_driver.lock().take());
        let runtime = self.runtime.lock().take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(LAST_FLUSH);
        }
    }

    /// Counts a worker that died and is replaced. For the code that replaces it: the engine does not know.
    pub fn count_respawn(&self) {
        self.stats.respawn();
    }

    /// The counters now.
    pub fn stats(&self) -> Snapshot {
        self.stats.snapshot(self.queue.len())
    }

    /// How many requests wait in each worker's lane, in the order in which the workers joined; None without lanes.
    pub fn lane_depths(&self) -> Option<Vec<usize>> {
        self.queue.lane_depths()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.get_mut().take() {
            self.queue.close();
            drop(self.backup_driver.get_mut().take());
            self.shards.iter().for_each(|shard| shard.close());
            self.driver_threads.get_mut().clear();
            self.shards.iter().for_each(|shard| shard.shutdown(Duration::ZERO));
            runtime.shutdown_background();
        }
    }
}
