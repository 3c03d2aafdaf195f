//! Who looks after shards while their workers run the app.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::dispatch::queue::Queue;
use crate::dispatch::shard::Shard;
use crate::dispatch::signal::Signal;

/// How often the stand-by looks around. A shard that nobody has been at between two looks is looked
/// after, so that it is left alone for a millisecond at most, give or take the system's timers.
const INTERVAL: Duration = Duration::from_micros(500);

/// For how many intervals the stand-by looks around before it sleeps. Waking it costs a worker a
/// system call, so it is not to be done for each request.
const ROUNDS: u32 = 40;

/// Long enough to say that it is for ever.
const ASLEEP: Duration = Duration::from_secs(3600);

/// Wakes the stand-by, at next to no cost while it is awake.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    is_asleep: AtomicBool,
    is_over: AtomicBool,
    tick: AtomicU64,
    signal: Arc<Signal>,
}

impl Bell {
    /// A number that changes with each look around.
    pub(crate) fn tick(&self) -> u64 {
        self.tick.load(Ordering::Relaxed)
    }

    /// Somebody has left a shard alone.
    pub(crate) fn ring(&self) {
        if self.is_asleep.load(Ordering::SeqCst) && self.is_asleep.swap(false, Ordering::SeqCst) {
            self.signal.notify();
        }
    }
}

/// The thread.
#[derive(Debug)]
pub(crate) struct Standby {
    bell: Arc<Bell>,
    thread: Option<JoinHandle<()>>,
}

impl Standby {
    pub(crate) fn start<T: Send + 'static>(
        bell: Arc<Bell>,
        shards: Vec<Arc<Shard>>,
        queue: Arc<Queue<T>>,
    ) -> std::io::Result<Self> {
        let ours = Arc::clone(&bell);
        let thread =
            std::thread::Builder::new().name("kino-standby".into()).spawn(move || watch(&ours, &shards, &queue))?;
        Ok(Self { bell, thread: Some(thread) })
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        self.bell.is_over.store(true, Ordering::SeqCst);
        self.bell.signal.notify();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn watch<T>(bell: &Bell, shards: &[Arc<Shard>], queue: &Queue<T>) {
    let mut quiet = 0;
    let mut seen: Vec<u64> = shards.iter().map(|shard| shard.visits()).collect();
    // Whether a worker was called and has not come yet.
    let mut called = vec![false; shards.len()];
    while !bell.is_over.load(Ordering::SeqCst) {
        bell.tick.fetch_add(1, Ordering::Relaxed);
        let mut is_quiet = true;
        for ((shard, seen), is_called) in shards.iter().zip(&mut seen).zip(&mut called) {
            let visits = shard.visits();
            let is_forgotten = std::mem::replace(seen, visits) == visits;
            if !shard.is_left_alone() {
                *is_called = false;
                continue;
            }
            is_quiet = false;
            if !is_forgotten {
                continue;
            }
            // An idle worker of its own does more than we can: it waits there. If it is called and does not
            // come, there is ourselves.
            *is_called = !*is_called && queue.call_home(shard);
            if !*is_called {
                shard.look_in();
                *seen = shard.visits();
            }
        }
        quiet = if is_quiet { quiet + 1 } else { 0 };
        if quiet < ROUNDS {
            bell.signal.wait(INTERVAL);
            continue;
        }
        bell.is_asleep.store(true, Ordering::SeqCst);
        // Whoever has left since we looked has seen us awake.
        if !shards.iter().any(|shard| shard.is_left_alone()) {
            bell.signal.wait(ASLEEP);
        }
        bell.is_asleep.store(false, Ordering::SeqCst);
        quiet = 0;
    }
}
