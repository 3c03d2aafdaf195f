//! A lock for Ruby threads, which hold it across waits.

use std::collections::VecDeque;
use std::sync::Arc;

use kino_engine::Parker;
use magnus::Error;
use parking_lot::Mutex;

use crate::ruby::vm::gvl::{self, LONGEST_WAIT};

/// Ruby threads get it in the order in which they ask. Each waits on a parker of its own: a shared one would wake any
/// of them, and a `Thread#kill` of one would reach another.
#[derive(Debug, Default)]
pub(crate) struct FairLock(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    is_locked: bool,
    waiting: VecDeque<Arc<Parker>>,
}

/// A place in the line, and at its head the lock. Dropping it there hands the lock to the next thread in line. Merely
/// unlocking would give it to this thread again, which has the VM lock.
#[must_use]
pub(crate) struct FairLockGuard<'a> {
    lock: &'a FairLock,
    /// None if no thread was in line.
    parker: Option<Arc<Parker>>,
}

impl FairLock {
    /// Waits, without the VM lock, until this thread has the lock.
    ///
    /// # Errors
    ///
    /// What an interrupt raised meanwhile.
    pub(crate) fn lock(&self) -> Result<FairLockGuard<'_>, Error> {
        let guard = FairLockGuard { lock: self, parker: self.enqueue() };
        while let Some(parker) = guard.parker.as_ref().filter(|parker| self.is_waiting(parker)) {
            gvl::park(parker, LONGEST_WAIT);
            gvl::check_interrupts()?;
        }
        Ok(guard)
    }

    /// Locks it, or returns the parker of a place in line.
    fn enqueue(&self) -> Option<Arc<Parker>> {
        let mut state = self.0.lock();
        if !state.is_locked {
            state.is_locked = true;
            return None;
        }
        let parker = Parker::new();
        state.waiting.push_back(Arc::clone(&parker));
        Some(parker)
    }

    fn is_waiting(&self, parker: &Arc<Parker>) -> bool {
        self.0.lock().waiting.iter().any(|waiting| Arc::ptr_eq(waiting, parker))
    }
}

impl Drop for FairLockGuard<'_> {
    fn drop(&mut self) {
        let mut state = self.lock.0.lock();
        let position = self
            .parker
            .as_ref()
            .and_then(|parker| state.waiting.iter().position(|waiting| Arc::ptr_eq(waiting, parker)));
        match position {
            Some(at) => drop(state.waiting.remove(at)),
            None => match state.waiting.pop_front() {
                Some(next) => next.unpark(),
                None => state.is_locked = false,
            },
        }
    }
}
