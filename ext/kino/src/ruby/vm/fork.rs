//! Recognises a forked child.
//!
//! A child has the parent's memory, but only one of its threads. A lock that a network thread held at the fork is held
//! for ever there, and a wake-up reaches no thread, or the parent through a shared descriptor. So the child leaves the
//! parent's objects alone: their methods raise, and they are leaked instead of dropped.

use std::sync::atomic::{AtomicU32, Ordering};

static GENERATION: AtomicU32 = AtomicU32::new(0);

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// Counts forks from now on.
pub(crate) fn watch() {
    // SAFETY: `in_child` touches only an atomic, which is allowed between fork and exec. The extension is never
    // unloaded, so the handler stays valid. If there is no memory, a child is not recognised.
    unsafe {
        libc::pthread_atfork(None, None, Some(in_child));
    }
}

/// A value that only the process that made it uses and drops.
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
