//! Response headers that a worker has sent before: their names and last values need no check and no
//! copy again.

use std::cell::RefCell;

use http::header::{HeaderName, HeaderValue, InvalidHeaderValue};
use magnus::RString;
use magnus::gc::Marker;
use magnus::prelude::*;

use crate::ruby::vm::kept::Kept;

/// How many names are kept. A name has one place, and the newest of those that share it stays there.
const PLACES: usize = 64;

/// The names are found by the address of their String. It is frozen, and marked while it stands here, so
/// that address cannot come to mean anything else. The keys of a Hash are frozen, and mostly
/// literals: the same object each time.
#[derive(Debug)]
pub(crate) struct Fields {
    keys: [Kept; PLACES],
    /// Borrowed where Ruby is not called.
    known: RefCell<[Option<Known>; PLACES]>,
}

#[derive(Debug)]
struct Known {
    name: HeaderName,
    value: Option<HeaderValue>,
    /// How often in a row it was another value.
    changes: u8,
}

/// The name of a response header.
pub(crate) struct Field {
    pub(crate) name: HeaderName,
    place: Option<usize>,
}

impl Default for Fields {
    fn default() -> Self {
        Self { keys: std::array::from_fn(|_| Kept::default()), known: RefCell::new([const { None }; PLACES]) }
    }
}

impl Fields {
    pub(crate) fn mark(&self, marker: &Marker) {
        self.keys.iter().for_each(|key| key.mark(marker));
    }

    /// The name that `key` is, if it was learnt.
    pub(crate) fn known(&self, key: RString) -> Option<Field> {
        let place = place(key);
        if !self.keys[place].is(key.as_value()) {
            return None;
        }
        let known = self.known.borrow();
        known[place].as_ref().map(|known| Field { name: known.name.clone(), place: Some(place) })
    }

    /// Remembers that `key` is `name`, unless the app can change it.
    pub(crate) fn learn(&self, key: RString, name: HeaderName) -> Field {
        if !key.is_frozen() {
            return Field { name, place: None };
        }
        let place = place(key);
        self.keys[place].set(key.as_value());
        self.known.borrow_mut()[place] = Some(Known { name: name.clone(), value: None, changes: 0 });
        Field { name, place: Some(place) }
    }

    /// The value of these bytes: that of the last time, if it is the same.
    pub(crate) fn value(&self, field: &Field, bytes: &[u8]) -> Result<HeaderValue, InvalidHeaderValue> {
        let mut all = self.known.borrow_mut();
        let known = field.place.and_then(|place| all[place].as_mut()).filter(|known| known.name == field.name);
        let Some(known) = known else { return HeaderValue::from_bytes(bytes) };
        if let Some(value) = known.value.as_ref().filter(|value| value.as_bytes() == bytes) {
            known.changes = 0;
            return Ok(value.clone());
        }
        let value = HeaderValue::from_bytes(bytes)?;
        // Keeping costs an allocation, in vain where the value is another each time. It is tried
        // again when the count has gone round.
        known.changes = known.changes.wrapping_add(1);
        if known.changes < MOST_CHANGES && bytes.len() <= LONGEST_VALUE {
            known.value = Some(value.clone());
        }
        Ok(value)
    }
}

/// Values in a row that differ before no more is kept.
const MOST_CHANGES: u8 = 4;

/// Bytes of the longest value that is kept.
const LONGEST_VALUE: usize = 256;

/// Fibonacci hashing of the address; the lowest bits of addresses are all the same.
fn place(key: RString) -> usize {
    let address = Kept::address(key.as_value()) >> 3;
    (address.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PLACES.ilog2())) as usize
}
