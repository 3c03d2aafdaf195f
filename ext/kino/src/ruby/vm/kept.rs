//! Ruby objects that a worker keeps from one request to the next.
//!
//! They belong to the worker's Ractor and are marked with the worker's object, so they are pinned and
//! live as long as they stand here. Which are kept is in plain cells: the collector runs with every
//! Ractor stopped, and only within a call to the VM, so that it never sees one half written.

use std::cell::Cell;

use magnus::gc::Marker;
use magnus::rb_sys::{AsRawValue, FromRawValue};
use magnus::{RString, Value};
use rb_sys::VALUE;

const NOTHING: VALUE = rb_sys::Qnil as VALUE;

/// One object, or none.
#[derive(Debug)]
pub(crate) struct Kept(Cell<VALUE>);

impl Default for Kept {
    fn default() -> Self {
        Self(Cell::new(NOTHING))
    }
}

impl Kept {
    /// Called from the mark function of the object that owns this.
    pub(crate) fn mark(&self, marker: &Marker) {
        if self.0.get() != NOTHING {
            // SAFETY: the object is alive: it was so when it was put here, and is marked since.
            marker.mark(unsafe { Value::from_raw(self.0.get()) });
        }
    }

    /// What stands here. It is safe from the collector while the caller has it on its stack.
    pub(crate) fn get(&self) -> Option<Value> {
        // SAFETY: as in `mark`.
        self.raw().map(|raw| unsafe { Value::from_raw(raw) })
    }

    /// Whether this very object stands here.
    pub(crate) fn is(&self, value: Value) -> bool {
        self.0.get() == value.as_raw()
    }

    /// Where `value` is on Ruby's heap: stays the same as long as it is kept.
    pub(crate) fn address(value: Value) -> u64 {
        value.as_raw()
    }

    /// Whether a String of these bytes stands here.
    pub(crate) fn holds(&self, bytes: &[u8]) -> bool {
        self.raw().is_some_and(|text| holds(text, bytes))
    }

    pub(crate) fn set(&self, value: Value) {
        self.0.set(value.as_raw());
    }

    fn raw(&self) -> Option<VALUE> {
        Some(self.0.get()).filter(|raw| *raw != NOTHING)
    }

    fn set_raw(&self, raw: VALUE) {
        self.0.set(raw);
    }
}

/// The last few texts of one kind, as frozen Strings.
#[derive(Debug)]
pub(crate) struct Texts<const N: usize> {
    texts: [Kept; N],
    next: Cell<usize>,
}

impl<const N: usize> Default for Texts<N> {
    fn default() -> Self {
        Self { texts: std::array::from_fn(|_| Kept::default()), next: Cell::new(0) }
    }
}

impl<const N: usize> Texts<N> {
    pub(crate) fn mark(&self, marker: &Marker) {
        for text in &self.texts {
            text.mark(marker);
        }
    }

    /// The frozen String of these bytes, from here or made. A long one is not kept: what is long
    /// seldom repeats.
    ///
    /// Makes a String, so it may raise: called where `hash::copy` allows that.
    pub(super) fn text(&self, bytes: &[u8]) -> VALUE {
        let found = self.texts.iter().filter_map(Kept::raw).find(|text| holds(*text, bytes));
        found.unwrap_or_else(|| {
            let text = frozen(bytes);
            if bytes.len() <= LONGEST_KEPT {
                let next = self.next.get();
                self.texts[next].set_raw(text);
                self.next.set((next + 1) % N);
            }
            text
        })
    }
}

/// Bytes of the longest text that is kept.
const LONGEST_KEPT: usize = 256;

/// Whether these are the bytes of `text`, a String.
fn holds(text: VALUE, bytes: &[u8]) -> bool {
    // SAFETY: the VM lock is held, `text` is a String that its caller keeps alive, and nothing calls
    // the VM while its bytes are borrowed.
    unsafe { RString::from_value(Value::from_raw(text)).is_some_and(|text| text.as_slice() == bytes) }
}

/// A new frozen String of the current Ractor, binary.
fn frozen(bytes: &[u8]) -> VALUE {
    // SAFETY: the VM lock is held and the bytes are copied. No memory raises, see `Texts::text`.
    unsafe {
        let text = rb_sys::rb_str_new(bytes.as_ptr().cast(), bytes.len() as _);
        rb_sys::rb_obj_freeze(text)
    }
}
