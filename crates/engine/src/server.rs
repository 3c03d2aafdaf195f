//! Start, drain and stop.
//!
//! The order of a clean stop: [`Server::stop_accepting`], [`Server::drain`] until it says that
//! all is answered or the caller's patience ends, [`Server::close`] so that the workers leave,
//! [`Server::abort`] for what they left behind, [`Server::shutdown`]. Each may be called more than
//! once and from any thread.

use std::io;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http::StatusCode;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use crate::dispatch::driver::Driver;
use crate::dispatch::exchange::Exchange;
use crate::dispatch::lanes::keep_watch;
use crate::dispatch::lock_group::LockGroup;
use crate::dispatch::queue::{Queue, Ways};
use crate::dispatch::shard::Shard;
use crate::dispatch::signal::{Signal, Wake};
use crate::dispatch::slot::Slot;
use crate::dispatch::slots::{Slots, Times, WorkerRow};
use crate::dispatch::standby::{Bell, Standby};
use crate::dispatch::worker::Worker;
use crate::error::Error;
use crate::http::response::Response;
use crate::net::connection::{self, Context};
use crate::net::listener;
use crate::settings::Settings;
use crate::stats::{Snapshot, Stats};

/// How long answers that [`Server::abort`] gave may take to leave before the threads end.
const LAST_FLUSH: Duration = Duration::from_millis(500);

/// A running front-end. Nothing runs before [`Server::start`], so a process that has only loaded
/// this crate can fork.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    queue: Arc<Queue<Box<Exchange>>>,
    stats: Arc<Stats>,
    slots: Mutex<Slots>,
    /// The socket that is listened on, for who is to inherit it. None once it is closed.
    listener: Mutex<Option<std::net::TcpListener>>,
    /// Whether anybody else has that socket or was given it, see [`Server::claim_listener`].
    is_shared: Arc<AtomicBool>,
    stop: watch::Sender<bool>,
    /// True for connections that shall end after what they have begun; each holds a receiver.
    stopping: watch::Sender<bool>,
    is_draining: Arc<AtomicBool>,
    drained: Arc<Drained>,
    runtime: Mutex<Option<Runtime>>,
    /// What workers drive themselves; empty where the runtime drives all connections.
    shards: Vec<Arc<Shard>>,
    standby: Mutex<Option<Standby>>,
    /// Who drives them once the workers that did are relieved.
    drivers: Mutex<Vec<Driver>>,
}

/// Set once, when the last connection is gone.
#[derive(Debug, Default)]
struct Drained {
    done: AtomicBool,
    signal: Arc<Signal>,
}

impl Server {
    /// Binds, starts the network threads, and accepts. Requests wait until a worker takes them.
    ///
    /// # Errors
    ///
    /// [`Error::Bind`] where the address cannot be listened on, [`Error::Runtime`] where the
    /// threads cannot be started.
    pub fn start(settings: &Settings) -> Result<Self, Error> {
        let socket = match &settings.inherited {
            Some(socket) => listener::inherit(socket).map_err(Error::Inherited)?,
            None => listener::bind(&settings.host, settings.port)?,
        };
        let listener = Mutex::new(Some(socket.try_clone().map_err(Error::Runtime)?));
        let address = socket.local_addr().map_err(Error::Runtime)?;
        let runtime = Builder::new_multi_thread()
            .worker_threads(settings.io_threads.max(1))
            .thread_name("kino-io")
            .enable_io()
            .enable_time()
            .build()
            .map_err(Error::Runtime)?;
        let queue = Arc::new(Queue::new(settings.queue_depth, settings.queue_timeout, Ways::of(settings)));
        let bell = Arc::<Bell>::default();
        let shards = (0..settings.shards).map(|_| Shard::new(Arc::clone(&bell))).collect::<io::Result<Vec<_>>>();
        let shards = shards.map_err(Error::Runtime)?;
        let standby = (!shards.is_empty()).then(|| Standby::start(bell, shards.clone(), Arc::clone(&queue)));
        let standby = standby.transpose().map_err(Error::Runtime)?;
        let server = Self {
            address,
            stats: Arc::default(),
            queue,
            slots: Mutex::default(),
            listener,
            is_shared: Arc::new(AtomicBool::new(settings.inherited.is_some())),
            stop: watch::Sender::new(false),
            stopping: watch::Sender::new(false),
            is_draining: Arc::default(),
            drained: Arc::default(),
            runtime: Mutex::new(None),
            shards,
            standby: Mutex::new(standby),
            drivers: Mutex::default(),
        };
        {
            let _entered = runtime.enter();
            let listener = TcpListener::from_std(socket).map_err(Error::Runtime)?;
            let accepting = listener::accept(
                listener,
                settings.max_connections,
                server.stop.subscribe(),
                Arc::clone(&server.is_shared),
                server.acceptor(settings),
            );
            // A drain is not over while there may be another connection.
            let counts_as_one = server.stopping.subscribe();
            runtime.spawn(async move {
                accepting.await;
                drop(counts_as_one);
            });
        }
        runtime.spawn(keep_watch(Arc::clone(&server.queue)));
        *server.runtime.lock() = Some(runtime);
        Ok(server)
    }

    fn acceptor(&self, settings: &Settings) -> listener::Serve {
        let stopping = self.stopping.clone();
        let context = |shard: Option<&Arc<Shard>>| {
            let (queue, stats, is_stopping) =
                (Arc::clone(&self.queue), Arc::clone(&self.stats), Arc::clone(&self.is_draining));
            Arc::new(Context::new(settings, queue, stats, shard.cloned(), is_stopping))
        };
        if self.shards.is_empty() {
            let context = context(None);
            return Arc::new(move |stream, peer, permit| {
                tokio::spawn(connection::serve(stream, peer, permit, Arc::clone(&context), stopping.subscribe()));
            });
        }
        let shards: Vec<_> = self.shards.iter().map(|shard| (Arc::clone(shard), context(Some(shard)))).collect();
        // In turn where several have as few: else the first share has all the work of a quiet server.
        let turn = AtomicUsize::new(0);
        Arc::new(move |stream, peer, permit| {
            let (before, from) = shards.split_at(turn.fetch_add(1, Ordering::Relaxed) % shards.len());
            // A share whose worker has left for good has the stand-by, which is no match for a worker.
            let fewest = from.iter().chain(before).min_by_key(|(shard, _)| (shard.is_orphaned(), shard.connections()));
            let Some((shard, context)) = fewest else { return };
            // It is to be woken by the shard's runtime from now on. What fails here has lost its client.
            let Ok(stream) = stream.into_std() else { return };
            shard.spawn(|tenant| {
                let stream = TcpStream::from_std(stream);
                let (context, stopping) = (Arc::clone(context), stopping.subscribe());
                async move {
                    if let Ok(stream) = stream {
                        connection::serve(stream, peer, (permit, tenant), context, stopping).await;
                    }
                }
            });
        })
    }

    /// The address that is listened on, with the port that the system picked.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A new taker of requests.
    pub fn worker(&self) -> Worker {
        self.worker_of(0)
    }

    /// A new taker of requests, one of those of share `index`, where workers drive connections.
    pub fn worker_of(&self, index: usize) -> Worker {
        self.add_worker(index, Arc::default())
    }

    /// The same for a worker that shares a lock, which `lock` names, so that of those with the same number only one runs
    /// at a time. It should call [`Worker::wait`] without that lock, and [`Worker::try_take`] with it.
    pub fn worker_sharing(&self, index: usize, lock: usize) -> Worker {
        let lock = self.slots.lock().lock(lock);
        self.add_worker(index, lock)
    }

    fn add_worker(&self, index: usize, lock: Arc<LockGroup>) -> Worker {
        let shard = index.checked_rem(self.shards.len()).and_then(|index| self.shards.get(index));
        let slot = self.slots.lock().add(Slot::sharing(index, shard.cloned(), lock));
        // It comes too late. Looked at once it is listed, so that it is told here or by who relieves it.
        if self.queue.is_relieved() {
            slot.send_away();
        }
        Worker::new(Arc::clone(&self.queue), slot)
    }

    /// A new taker of requests that relieves the workers of share `index`, see [`Server::relieve`]. It drives no
    /// connections. `lock` as for [`Server::worker_sharing`].
    pub fn relief_of(&self, index: usize, lock: usize) -> Worker {
        let lock = self.slots.lock().lock(lock);
        let slot = self.slots.lock().add(Slot::relief(index, lock));
        Worker::new(Arc::clone(&self.queue), slot)
    }

    /// Relieves the workers: those that there are, and those of [`Server::worker_of`] that yet come, take nothing more,
    /// finish what they are at or put it back, and leave. What waits, waits for those of [`Server::relief_of`]. From now
    /// on threads of the server's own drive the connections that workers have driven. False if it was done before.
    pub fn relieve(&self) -> bool {
        let mut drivers = self.drivers.lock();
        if self.queue.is_relieved() {
            return false;
        }
        self.queue.relieve();
        let slots = self.slots.lock().current();
        slots.iter().filter(|slot| !slot.is_relief).for_each(|slot| {
            slot.send_away();
        });
        // Where there is no thread left, the stand-by looks in.
        drivers.extend(self.shards.iter().filter_map(|shard| Driver::start(Arc::clone(shard)).ok()));
        true
    }

    /// Tells the threads of worker `index` to take nothing more: each gets [`Take::Closed`](crate::Take::Closed)
    /// when it next comes. How many there were.
    pub fn retire(&self, index: usize) -> usize {
        let slots = self.slots.lock().current();
        slots.iter().filter(|slot| slot.index == index && slot.send_away()).count()
    }

    /// Sets a worker thread aside that has been at one request for longer than `after`, unless `most` are set
    /// aside already: it takes nothing more once that request ends. The index of its worker, which wants
    /// a replacement; None if there is none.
    pub fn quarantine(&self, after: Duration, most: usize) -> Option<usize> {
        let slots = self.slots.lock().current();
        if slots.iter().filter(|slot| slot.is_quarantined() && !slot.is_gone()).count() >= most {
            return None;
        }
        slots.iter().find(|slot| slot.quarantine(after)).map(|slot| slot.index)
    }

    /// What each worker thread is at.
    pub fn workers(&self) -> Vec<WorkerRow> {
        let slots = self.slots.lock().current();
        let is_relieved = self.queue.is_relieved();
        let here = slots.iter().filter(|slot| !slot.is_gone());
        here.map(|slot| WorkerRow::of(slot, is_relieved && !slot.is_relief)).collect()
    }

    /// How many connections each share has; empty where workers drive none.
    pub fn shares(&self) -> Vec<usize> {
        self.shards.iter().map(|shard| shard.connections()).collect()
    }

    /// How long requests waited for a worker, and how long workers took for them, since the start.
    pub fn times(&self) -> Times {
        self.slots.lock().times()
    }

    /// Another descriptor of the socket that is listened on; None where that is closed.
    ///
    /// # Errors
    ///
    /// The system's, where it has no descriptors left.
    pub fn listener(&self) -> io::Result<Option<OwnedFd>> {
        let listener = self.listener.lock();
        self.is_shared.store(true, Ordering::Release);
        listener.as_ref().map(|socket| socket.try_clone().map(OwnedFd::from)).transpose()
    }

    /// Says that nobody else is meant to listen on the socket any more, whoever had it or was given it. It ends with this
    /// server then, be it that a process that the app has forked has a copy.
    pub fn claim_listener(&self) {
        self.is_shared.store(false, Ordering::Release);
    }

    /// Closes the listener. New connections are refused by the system from now on, unless somebody else has the
    /// same socket: then they wait for that one.
    pub fn stop_accepting(&self) {
        *self.listener.lock() = None;
        self.stop.send_replace(true);
    }

    /// Lets every connection finish what it has begun and close, and waits for that, at most for
    /// `max`. True when no connection is left. Ends early, and false, when
    /// [`Server::drain_signal`] is interrupted.
    pub fn drain(&self, max: Duration) -> bool {
        self.begin_drain();
        loop {
            if self.drained.done.load(Ordering::Acquire) {
                // A signal wakes one waiter; the next in line is woken by this one.
                self.drained.signal.notify();
                return true;
            }
            match self.drained.signal.wait(max) {
                Wake::Notified => {}
                Wake::Interrupted | Wake::TimedOut => return self.drained.done.load(Ordering::Acquire),
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
        slots.iter().filter_map(|slot| slot.in_flight()).for_each(|cell| cell.tell_watchers());
        let (stopping, drained) = (self.stopping.clone(), Arc::clone(&self.drained));
        if let Some(runtime) = self.runtime.lock().as_ref() {
            runtime.spawn(async move {
                stopping.closed().await;
                drained.done.store(true, Ordering::Release);
                drained.signal.notify();
            });
        }
    }

    /// What [`Server::drain`] waits on: interrupting it ends that wait.
    pub fn drain_signal(&self) -> &Signal {
        &self.drained.signal
    }

    /// Takes no new request into the queue. Workers get what waits there and are told that the
    /// server is closed after that.
    pub fn close(&self) {
        self.queue.close();
    }

    /// Answers 503 to what waits and 500 to what workers still have in flight; a streamed answer
    /// breaks. Wakes every worker that waits.
    pub fn abort(&self) {
        self.close();
        for exchange in self.queue.clear() {
            exchange.turn_away();
        }
        let slots = self.slots.lock().current();
        for slot in slots {
            if let Some(cell) = slot.in_flight() {
                cell.abort(Response::closing(StatusCode::INTERNAL_SERVER_ERROR));
            }
            slot.signal.interrupt();
        }
    }

    /// Ends the network threads; connections that are left break. Answers given just before get
    /// a moment to leave.
    pub fn shutdown(&self) {
        self.abort();
        self.drain(LAST_FLUSH);
        self.shards.iter().for_each(|shard| shard.close());
        let drivers = std::mem::take(&mut *self.drivers.lock());
        drop(drivers);
        let deadline = Instant::now() + LAST_FLUSH;
        for shard in &self.shards {
            shard.shutdown(deadline.saturating_duration_since(Instant::now()));
        }
        drop(self.standby.lock().take());
        let runtime = self.runtime.lock().take();
        if let Some(runtime) = runtime {
            runtime.shutdown_timeout(LAST_FLUSH);
        }
    }

    /// Counts a worker that died and is replaced; whoever replaces it is the one to know.
    pub fn count_respawn(&self) {
        self.stats.respawn();
    }

    /// The counters now.
    pub fn stats(&self) -> Snapshot {
        self.stats.snapshot(self.queue.len())
    }

    /// How many requests wait for each worker alone, in the order in which the workers came; None where
    /// there are no lanes.
    pub fn lane_depths(&self) -> Option<Vec<usize>> {
        self.queue.lane_depths()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.get_mut().take() {
            self.queue.close();
            drop(self.standby.get_mut().take());
            self.shards.iter().for_each(|shard| shard.close());
            self.drivers.get_mut().clear();
            self.shards.iter().for_each(|shard| shard.shutdown(Duration::ZERO));
            runtime.shutdown_background();
        }
    }
}
