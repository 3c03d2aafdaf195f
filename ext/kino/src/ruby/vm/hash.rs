//! Filling a Hash at once.
//!
//! `rb_hash_aset` through magnus enters `rb_protect` for each pair; an env has twenty to thirty of
//! them. Here one `rb_protect` covers the whole Hash.

use magnus::rb_sys::{AsRawValue, FromRawValue, protect};
use magnus::{Error, RHash, Ruby, Value};
use rb_sys::VALUE;

use crate::ruby::error;
use crate::ruby::vm::roots::Frozen;

/// Pairs collected before they go into the Hash; more go in batch by batch.
const BATCH: usize = 64;

/// A Hash in the making. Its values live on the stack, where the collector finds them.
pub(crate) struct Pairs {
    hash: VALUE,
    values: [VALUE; BATCH * 2],
    len: usize,
}

/// Makes a Hash of what `fill` pushes.
///
/// `fill` must hold nothing that needs a drop: where Ruby has no memory for a string, it jumps out
/// of it. That is why it gets references and `Copy` values only.
pub(crate) fn build(ruby: &Ruby, capacity: usize, fill: impl FnOnce(&mut Pairs) + Copy) -> Result<RHash, Error> {
    let raw = protect(|| {
        // SAFETY: the VM lock is held and a raise ends in `protect`. The new Hash belongs to the
        // current Ractor, and stays reachable through `pairs` on this frame.
        let hash = unsafe { rb_sys::rb_hash_new_capa(capacity as _) };
        let mut pairs = Pairs { hash, values: [rb_sys::Qnil as VALUE; BATCH * 2], len: 0 };
        fill(&mut pairs);
        pairs.flush();
        pairs.hash
    })?;
    // SAFETY: `raw` is the Hash from above, on this frame.
    let value = unsafe { Value::from_raw(raw) };
    RHash::from_value(value).ok_or_else(|| error::general(ruby, "bug in Kino: the VM made no Hash"))
}

impl Pairs {
    /// A pair of shared strings.
    pub(crate) fn frozen(&mut self, key: Frozen, value: Frozen) {
        self.push(key.raw(), value.raw());
    }

    /// A shared key with an object of the current Ractor, or a shareable one.
    pub(crate) fn object(&mut self, key: Frozen, value: Value) {
        self.push(key.raw(), value.as_raw());
    }

    /// A shared key with a new binary string.
    pub(crate) fn text(&mut self, key: Frozen, value: &[u8]) {
        let value = string(value);
        self.push(key.raw(), value);
    }

    /// A key made now, deduplicated by the VM, with a new binary string.
    pub(crate) fn text_at(&mut self, key: &[u8], value: &[u8]) {
        // SAFETY: the VM lock is held; the bytes are copied; a raise ends in `build`. UTF-8, as the
        // app's literals are: so the key is the same object as theirs.
        let key =
            unsafe { rb_sys::rb_enc_interned_str(key.as_ptr().cast(), key.len() as _, rb_sys::rb_utf8_encoding()) };
        let value = string(value);
        self.push(key, value);
    }

    fn push(&mut self, key: VALUE, value: VALUE) {
        if self.len == self.values.len() {
            self.flush();
        }
        self.values[self.len] = key;
        self.values[self.len + 1] = value;
        self.len += 2;
    }

    fn flush(&mut self) {
        // SAFETY: the VM lock is held; the first `len` values are valid objects in `key, value`
        // order; a raise ends in `build`.
        unsafe { rb_sys::rb_hash_bulk_insert(self.len as _, self.values.as_ptr(), self.hash) };
        self.len = 0;
    }
}

fn string(bytes: &[u8]) -> VALUE {
    // SAFETY: the VM lock is held; the bytes are copied; a raise ends in `build`.
    unsafe { rb_sys::rb_str_new(bytes.as_ptr().cast(), bytes.len() as _) }
}
