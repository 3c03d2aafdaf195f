//! A thread that drives one share of the connections for good, once the workers that did have been relieved.
//!
//! Those that relieve them share one VM lock: who holds it should run Ruby, and leave the network to others. So the
//! share is served as a server's connections are that has no shares. Its workers driving it as before was the other
//! way, and the stand-by alone looks in too seldom.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::dispatch::shard::Shard;
use crate::dispatch::signal::{Home, Signal};

/// After which time to try again while somebody else is at the share: a worker that waits for a request's body, or for
/// room for its answer.
const RETRY: Duration = Duration::from_millis(1);

/// For how long to drive at a time; nothing depends on its length.
const SHIFT: Duration = Duration::from_secs(3600);

/// The thread. Its share is closed before it is dropped, which waits for it.
#[derive(Debug)]
pub(crate) struct Driver {
    signal: Arc<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    pub(crate) fn start(shard: Arc<Shard>) -> std::io::Result<Self> {
        let signal = Signal::new();
        let its_signal = Arc::clone(&signal);
        let thread = std::thread::Builder::new().name("kino-io".into()).spawn(move || drive(&shard, &its_signal))?;
        Ok(Self { signal, thread: Some(thread) })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The share's closing ends a wait there. This ends the one between two tries, too.
        self.signal.notify();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn drive(shard: &Shard, signal: &Signal) {
    while !shard.is_closing() {
        if shard.wait(signal, SHIFT).is_none() && !shard.is_closing() {
            signal.wait_away(RETRY);
        }
    }
}
