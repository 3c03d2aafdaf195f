//! A thread that drives shards while their workers run the app.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::dispatch::shard::Shard;
use crate::dispatch::unparker::Unparker;

/// The pause between two rounds. A shard that no thread has driven between two rounds is driven, so it is left alone
/// for a millisecond at most, give or take the system's timers.
const INTERVAL: Duration = Duration::from_micros(500);

/// Quiet rounds before the thread sleeps. Waking it costs a worker a system call, which must not be paid for each
/// request.
const QUIET_ROUNDS: u32 = 40;

/// In effect for ever.
const ASLEEP: Duration = Duration::from_secs(3600);

/// The handle of the thread. Dropping it ends the thread.
#[derive(Debug)]
pub(crate) struct BackupDriver {
    unparker: Arc<Unparker>,
    thread: Option<JoinHandle<()>>,
}

impl BackupDriver {
    /// `call_worker` sends an idle worker of a shard to drive it; false if there is none.
    pub(crate) fn start(
        unparker: Arc<Unparker>,
        shards: Vec<Arc<Shard>>,
        call_worker: impl Fn(&Arc<Shard>) -> bool + Send + 'static,
    ) -> std::io::Result<Self> {
        let its_unparker = Arc::clone(&unparker);
        let thread = std::thread::Builder::new()
            .name("kino-backup".into())
            .spawn(move || run(&its_unparker, &shards, call_worker))?;
        Ok(Self { unparker, thread: Some(thread) })
    }
}

impl Drop for BackupDriver {
    fn drop(&mut self) {
        self.unparker.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the thread remembers of a shard from one round to the next.
struct Watched {
    shard: Arc<Shard>,
    visits: u64,
    /// Whether a worker was called and has not come yet.
    is_worker_called: bool,
}

fn run(unparker: &Unparker, shards: &[Arc<Shard>], call_worker: impl Fn(&Arc<Shard>) -> bool) {
    let mut all: Vec<_> = shards
        .iter()
        .map(|shard| Watched { shard: Arc::clone(shard), visits: shard.visits(), is_worker_called: false })
        .collect();
    let mut quiet_rounds = 0;
    while !unparker.is_stopped() {
        unparker.begin_round();
        let mut is_quiet = true;
        for watched in &mut all {
            is_quiet &= !watched.look_after(&call_worker);
        }
        quiet_rounds = if is_quiet { quiet_rounds + 1 } else { 0 };
        if quiet_rounds < QUIET_ROUNDS {
            unparker.park(INTERVAL);
        } else {
            unparker.sleep(ASLEEP, || shards.iter().any(|shard| shard.is_undriven()));
            quiet_rounds = 0;
        }
    }
}

impl Watched {
    /// Drives the shard, or has an idle worker do so, if no thread has since the last round. Returns whether the shard
    /// is without a driver.
    fn look_after(&mut self, call_worker: impl Fn(&Arc<Shard>) -> bool) -> bool {
        let visits = self.shard.visits();
        let was_forgotten = std::mem::replace(&mut self.visits, visits) == visits;
        if !self.shard.is_undriven() {
            self.is_worker_called = false;
            return false;
        }
        if was_forgotten {
            // An idle worker does more for the shard than we can: it waits there. If it was called and does not come,
            // we drive the shard ourselves.
            self.is_worker_called = !self.is_worker_called && call_worker(&self.shard);
            if !self.is_worker_called {
                self.shard.poll_once();
                self.visits = self.shard.visits();
            }
        }
        true
    }
}
