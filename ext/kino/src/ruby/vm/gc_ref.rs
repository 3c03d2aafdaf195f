//! Ruby objects that a worker keeps from one request to the next.
//!
//! They belong to the worker's Ractor and are marked with the worker's object, so they are pinned and live as long as
//! they are kept. They stand in plain cells: the garbage collector runs with all Ractors stopped, and only within a
//! call to the VM, so it never sees a half-written one.

use std::cell::Cell;

use magnus::gc::Marker;
use magnus::rb_sys::{AsRawValue, FromRawValue};
use magnus::{RString, Value};
use rb_sys::VALUE;

const NOTHING: VALUE = rb_sys::Qnil as VALUE;

/// A reference to one object, or to none.
#[derive(Debug)]
pub(crate) struct GcRef(Cell<VALUE>);

impl Default for GcRef {
    fn default() -> Self {
        Self(Cell::new(NOTHING))
    }
}

impl GcRef {
    /// Called from the mark function of the object that owns this.
    pub(crate) fn mark(&self, marker: &Marker) {
        if self.0.get() != NOTHING {
            // SAFETY: the object was alive when it was put here, and is marked since, so it is alive.
            marker.mark(unsafe { Value::from_raw(self.0.get()) });
        }
    }

    /// The object. It is safe from the garbage collector while the caller has it on its stack.
    pub(crate) fn get(&self) -> Option<Value> {
        // SAFETY: as in `mark`.
        self.raw().map(|raw| unsafe { Value::from_raw(raw) })
    }

    /// Whether this refers to the same object as `value`.
    pub(crate) fn is(&self, value: Value) -> bool {
        self.0.get() == value.as_raw()
    }

    /// The address of `value` on Ruby's heap. It does not change while the object is kept.
    pub(crate) fn address(value: Value) -> u64 {
        value.as_raw()
    }

    /// Whether this refers to a String with these bytes.
    pub(crate) fn has_bytes(&self, bytes: &[u8]) -> bool {
        self.raw().is_some_and(|text| has_bytes(text, bytes))
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

/// The last few Strings of one kind, frozen.
#[derive(Debug)]
pub(crate) struct StringCache<const N: usize> {
    strings: [GcRef; N],
    next: Cell<usize>,
}

impl<const N: usize> Default for StringCache<N> {
    fn default() -> Self {
        Self { strings: std::array::from_fn(|_| GcRef::default()), next: Cell::new(0) }
    }
}

impl<const N: usize> StringCache<N> {
    pub(crate) fn mark(&self, marker: &Marker) {
        for string in &self.strings {
            string.mark(marker);
        }
    }

    /// The frozen String with these bytes, from the cache or new. A long one is not kept, because long values rarely
    /// repeat.
    ///
    /// A new String may raise, so this is called where `hash::copy` allows that.
    pub(super) fn get(&self, bytes: &[u8]) -> VALUE {
        let found = self.strings.iter().filter_map(GcRef::raw).find(|string| has_bytes(*string, bytes));
        found.unwrap_or_else(|| {
            let string = frozen(bytes);
            if bytes.len() <= MAX_KEPT {
                let next = self.next.get();
                self.strings[next].set_raw(string);
                self.next.set((next + 1) % N);
            }
            string
        })
    }
}

/// Bytes of the longest String that is kept.
const MAX_KEPT: usize = 256;

/// Whether `string`, which must be a String, has these bytes.
fn has_bytes(string: VALUE, bytes: &[u8]) -> bool {
    // SAFETY: the VM lock is held, the caller keeps `string` alive, and nothing calls the VM while its bytes are
    // borrowed.
    unsafe { RString::from_value(Value::from_raw(string)).is_some_and(|string| string.as_slice() == bytes) }
}

/// A new frozen String of the current Ractor, binary.
fn frozen(bytes: &[u8]) -> VALUE {
    // SAFETY: the VM lock is held and the bytes are copied. It raises if there is no memory, see `StringCache::get`.
    unsafe {
        let string = rb_sys::rb_str_new(bytes.as_ptr().cast(), bytes.len() as _);
        rb_sys::rb_obj_freeze(string)
    }
}
