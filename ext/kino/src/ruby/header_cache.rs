//! Response headers that a worker has sent before. Their names and last values are neither checked nor copied again.

use std::cell::RefCell;

use http::header::{HeaderName, HeaderValue, InvalidHeaderValue};
use magnus::RString;
use magnus::gc::Marker;
use magnus::prelude::*;

use crate::ruby::vm::gc_ref::GcRef;

/// How many names are kept. A name has one slot; names that share a slot replace each other.
const SLOTS: usize = 64;

/// Names are found by the address of their String. A kept String is frozen and marked, so its address cannot come to
/// mean anything else. The keys of a Hash are frozen, and mostly literals: the same object each time.
#[derive(Debug)]
pub(crate) struct HeaderCache {
    keys: [GcRef; SLOTS],
    /// Borrowed only while Ruby is not called.
    entries: RefCell<[Option<Entry>; SLOTS]>,
}

#[derive(Debug)]
struct Entry {
    name: HeaderName,
    value: Option<HeaderValue>,
    /// How often in a row the value was another one.
    changes: u8,
}

/// The name of a response header.
pub(crate) struct CachedName {
    pub(crate) name: HeaderName,
    slot: Option<usize>,
}

impl CachedName {
    pub(crate) fn uncached(name: HeaderName) -> Self {
        Self { name, slot: None }
    }
}

impl Default for HeaderCache {
    fn default() -> Self {
        Self { keys: std::array::from_fn(|_| GcRef::default()), entries: RefCell::new([const { None }; SLOTS]) }
    }
}

impl HeaderCache {
    pub(crate) fn mark(&self, marker: &Marker) {
        self.keys.iter().for_each(|key| key.mark(marker));
    }

    /// The name that `key` stands for, if it is cached.
    pub(crate) fn get(&self, key: RString) -> Option<CachedName> {
        let slot = slot(key);
        if !self.keys[slot].is(key.as_value()) {
            return None;
        }
        let entries = self.entries.borrow();
        entries[slot].as_ref().map(|entry| CachedName { name: entry.name.clone(), slot: Some(slot) })
    }

    /// Caches that `key` stands for `name`, unless the app can change that String.
    pub(crate) fn insert(&self, key: RString, name: HeaderName) -> CachedName {
        if !key.is_frozen() {
            return CachedName::uncached(name);
        }
        let slot = slot(key);
        self.keys[slot].set(key.as_value());
        self.entries.borrow_mut()[slot] = Some(Entry { name: name.clone(), value: None, changes: 0 });
        CachedName { name, slot: Some(slot) }
    }

    /// The header value with these bytes: the last one, if it is the same.
    pub(crate) fn value(&self, name: &CachedName, bytes: &[u8]) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut entries = self.entries.borrow_mut();
        let entry = name.slot.and_then(|slot| entries[slot].as_mut()).filter(|entry| entry.name == name.name);
        let Some(entry) = entry else { return HeaderValue::from_bytes(bytes) };
        if let Some(value) = entry.value.as_ref().filter(|value| value.as_bytes() == bytes) {
            entry.changes = 0;
            return Ok(value.clone());
        }
        let value = HeaderValue::from_bytes(bytes)?;
        // Keeping a value costs an allocation, in vain if it is another one each time. The count wraps around, so
        // keeping is tried again some time later.
        entry.changes = entry.changes.wrapping_add(1);
        if entry.changes < MAX_CHANGES && bytes.len() <= MAX_VALUE {
            entry.value = Some(value.clone());
        }
        Ok(value)
    }
}

/// Changes in a row after which values are no longer kept.
const MAX_CHANGES: u8 = 4;

/// Bytes of the longest value that is kept.
const MAX_VALUE: usize = 256;

/// Fibonacci hashing of the address, without its lowest bits, which are the same in all addresses.
fn slot(key: RString) -> usize {
    let address = GcRef::address(key.as_value()) >> 3;
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - SLOTS.ilog2())) as usize
}
