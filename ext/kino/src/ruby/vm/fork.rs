//! Which process are we?
//!
//! A forked child has the parent's memory, but none of its threads: a lock that a network thread
//! held at the moment of the fork is held for ever, and a wake-up reaches nobody, or the parent
//! through a shared descriptor. So what belongs to the parent is left alone in the child: its
//! calls raise, and its objects are leaked rather than dropped.

use std::sync::atomic::{AtomicU32, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Counts the forks from now on.
pub(crate) fn watch() {
    // SAFETY: `in_child` touches one atomic, which is all that is allowed between fork and exec.
    // The extension is never unloaded, so the handler stays valid. Failure (no memory) means that
    // a child is not recognised, as if this were not there.
    unsafe {
        libc::pthread_atfork(None, None, Some(in_child));
    }
}

/// A value that is used and dropped only in the process that made it.
#[derive(Debug)]
pub(crate) struct Owned<T> {
    value: Option<T>,
    generation: u32,
}

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { value: Some(value), generation: GENERATION.load(Ordering::Relaxed) }
    }

    /// The value, or `None` in a child of the process that made it.
    pub(crate) fn get(&self) -> Option<&T> {
        if self.is_ours() { self.value.as_ref() } else { None }
    }

    fn is_ours(&self) -> bool {
        self.generation == GENERATION.load(Ordering::Relaxed)
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if !self.is_ours() {
            std::mem::forget(self.value.take());
        }
    }
}
