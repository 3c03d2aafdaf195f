//! Frozen strings that every worker uses.

use rb_sys::VALUE;

/// A frozen string that lives as long as the process. It may be put into any Ractor's objects:
/// frozen strings without instance variables are shareable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frozen(VALUE);

impl Frozen {
    /// Makes one. Called at init only, on the main Ractor.
    pub(crate) fn new(text: &str) -> Self {
        // SAFETY: the VM lock is held. `rb_interned_str` copies the bytes and gives a frozen,
        // deduplicated US-ASCII or binary string; registering it as a root keeps it from being
        // collected and from being moved. No memory here means that `require` fails.
        unsafe {
            let string = rb_sys::rb_interned_str(text.as_ptr().cast(), text.len() as _);
            rb_sys::rb_gc_register_mark_object(string);
            Self(string)
        }
    }

    pub(super) fn raw(self) -> VALUE {
        self.0
    }
}
