//! Filling a Hash in one protected call.
//!
//! `rb_hash_aset` through magnus enters `rb_protect` for each pair, and an env has twenty to thirty of them. Here one
//! `rb_protect` covers the whole Hash.

use magnus::rb_sys::{AsRawValue, FromRawValue, protect};
use magnus::{Error, RHash, Ruby, Value};
use rb_sys::VALUE;

use crate::ruby::error;
use crate::ruby::vm::gc_ref::StringCache;
use crate::ruby::vm::roots::Frozen;

/// Pairs that are inserted at a time.
const BATCH: usize = 32;

/// Builds a Hash. Its values are on the stack, where the garbage collector finds them.
pub(crate) struct Pairs {
    hash: VALUE,
    values: [VALUE; BATCH * 2],
    len: usize,
}

/// Makes a Hash of what `fill` pushes.
///
/// `fill` must hold nothing that needs a drop: if Ruby has no memory for a String, it jumps out of the closure. So it
/// is `Copy`.
pub(crate) fn build(ruby: &Ruby, capacity: usize, fill: impl FnOnce(&mut Pairs) + Copy) -> Result<RHash, Error> {
    let raw = protect(|| {
        // SAFETY: the VM lock is held and a raise ends in `protect`. The new Hash belongs to the current Ractor, and
        // stays reachable through `pairs` on this frame.
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

/// Copies `template` and sets what `fill` sets. The copy keeps the hash values of its keys.
///
/// `fill` must hold nothing that needs a drop, as in [`build`].
pub(crate) fn copy(ruby: &Ruby, template: RHash, fill: impl FnOnce(&mut Setter) + Copy) -> Result<RHash, Error> {
    let raw = protect(|| {
        // SAFETY: the VM lock is held and a raise ends in `protect`. The template belongs to the current Ractor, and so
        // does the copy, which stays reachable through `setter` on this frame.
        let hash = unsafe { rb_sys::rb_hash_dup(template.as_raw()) };
        let mut setter = Setter { hash };
        fill(&mut setter);
        setter.hash
    })?;
    // SAFETY: `raw` is the Hash from above, on this frame.
    let value = unsafe { Value::from_raw(raw) };
    RHash::from_value(value).ok_or_else(|| error::general(ruby, "bug in Kino: the VM made no Hash"))
}

/// Sets pairs one by one. Not with `rb_hash_bulk_insert`, which rebuilds the index of a Hash that is not empty.
pub(crate) struct Setter {
    hash: VALUE,
}

impl Setter {
    /// A pair of shared Strings.
    pub(crate) fn frozen(&mut self, key: Frozen, value: Frozen) {
        self.set(key.raw(), value.raw());
    }

    /// A shared key, and an object of the current Ractor or a shareable one.
    pub(crate) fn object(&mut self, key: Frozen, value: Value) {
        self.set(key.raw(), value.as_raw());
    }

    /// A shared key, and a new binary String.
    pub(crate) fn text(&mut self, key: Frozen, value: &[u8]) {
        self.set(key.raw(), string(value));
    }

    /// A shared key, and a String from a cache.
    pub(crate) fn cached<const N: usize>(&mut self, key: Frozen, cache: &StringCache<N>, value: &[u8]) {
        self.set(key.raw(), cache.get(value));
    }

    /// A new key, deduplicated by the VM, and a new binary String.
    pub(crate) fn text_at(&mut self, key: &[u8], value: &[u8]) {
        // UTF-8 like the app's literals, so that the key is the same object as theirs.
        let (start, length) = (key.as_ptr().cast(), key.len() as _);
        // SAFETY: the VM lock is held; the bytes are copied; a raise ends in `copy`.
        let key = unsafe { rb_sys::rb_enc_interned_str(start, length, rb_sys::rb_utf8_encoding()) };
        self.set(key, string(value));
    }

    fn set(&mut self, key: VALUE, value: VALUE) {
        // SAFETY: the VM lock is held, all three are alive on this frame; a raise ends in `copy`.
        unsafe { rb_sys::rb_hash_aset(self.hash, key, value) };
    }
}

impl Pairs {
    /// A pair of shared Strings.
    pub(crate) fn frozen(&mut self, key: Frozen, value: Frozen) {
        self.push(key.raw(), value.raw());
    }

    /// A shared key, and an object of the current Ractor or a shareable one.
    pub(crate) fn object(&mut self, key: Frozen, value: Value) {
        self.push(key.raw(), value.as_raw());
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
    // SAFETY: the VM lock is held; the bytes are copied; a raise ends in `copy`.
    unsafe { rb_sys::rb_str_new(bytes.as_ptr().cast(), bytes.len() as _) }
}
