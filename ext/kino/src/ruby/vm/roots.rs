//! Frozen Strings that all workers use.

use magnus::rb_sys::AsRawValue;
use magnus::{Error, RString, Ruby};
use rb_sys::VALUE;

/// A frozen String that lives as long as the process. It may be put into any Ractor's objects: frozen Strings without
/// instance variables are shareable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frozen(VALUE);

impl Frozen {
    /// Makes one from ASCII text. Called only at init, on the main Ractor.
    ///
    /// It is compiled as a literal, so it is the same object as the same literal in the app's code: a Hash finds such a
    /// key by its address. It also carries its hash value, which a String from `rb_interned_str` mostly does not.
    pub(crate) fn new(ruby: &Ruby, text: &str) -> Result<Self, Error> {
        let string: RString = ruby.eval(&format!("{text:?}.freeze"))?;
        let string = string.as_raw();
        // SAFETY: the VM lock is held, and the String is on this frame. As a root it is neither collected nor moved. If
        // there is no memory, `require` fails.
        unsafe { rb_sys::rb_gc_register_mark_object(string) };
        Ok(Self(string))
    }

    pub(super) fn raw(self) -> VALUE {
        self.0
    }
}
