//! Ruby threads that take turns.

use std::collections::VecDeque;
use std::sync::Arc;

use kino_engine::Signal;
use magnus::Error;
use parking_lot::Mutex;

use crate::ruby::request::LONGEST_WAIT;
use crate::ruby::vm::gvl;

/// A line of Ruby threads for what only one may do at a time. Each waits on a signal of its own: one
/// that is shared wakes any of them, and a `Thread#kill` of one would reach another.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<Line>);

#[derive(Debug, Default)]
struct Line {
    is_taken: bool,
    waiting: VecDeque<Arc<Signal>>,
}

/// A place in the line, and at its head the turn. Dropping it there hands the turn to the next, not to
/// whoever is quickest: that would be this thread again, which has the VM lock.
#[must_use]
pub(crate) struct Turn<'a> {
    turns: &'a Turns,
    /// None where there was no line.
    signal: Option<Arc<Signal>>,
}

impl Turns {
    /// Waits, without the VM lock, until it is this thread's turn.
    ///
    /// # Errors
    ///
    /// What an interrupt raised meanwhile.
    pub(crate) fn take(&self) -> Result<Turn<'_>, Error> {
        let turn = Turn { turns: self, signal: self.line_up() };
        while let Some(signal) = turn.signal.as_ref().filter(|signal| self.is_in_line(signal)) {
            gvl::wait(signal, LONGEST_WAIT);
            gvl::check_interrupts()?;
        }
        Ok(turn)
    }

    fn line_up(&self) -> Option<Arc<Signal>> {
        let mut line = self.0.lock();
        if !line.is_taken {
            line.is_taken = true;
            return None;
        }
        let signal = Signal::new();
        line.waiting.push_back(Arc::clone(&signal));
        Some(signal)
    }

    fn is_in_line(&self, signal: &Arc<Signal>) -> bool {
        self.0.lock().waiting.iter().any(|waiting| Arc::ptr_eq(waiting, signal))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut line = self.turns.0.lock();
        let place = self
            .signal
            .as_ref()
            .and_then(|signal| line.waiting.iter().position(|waiting| Arc::ptr_eq(waiting, signal)));
        match place {
            Some(at) => drop(line.waiting.remove(at)),
            None => match line.waiting.pop_front() {
                Some(next) => next.notify(),
                None => line.is_taken = false,
            },
        }
    }
}
