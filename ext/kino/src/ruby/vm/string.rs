//! Bytes of Ruby Strings.

use bytes::{Bytes, BytesMut};
use magnus::rb_sys::{AsRawValue, protect};
use magnus::{Error, RString};

/// A copy of the bytes: the String belongs to the app, which may change it as soon as we return.
pub(crate) fn copy(string: RString) -> Bytes {
    // SAFETY: the VM lock is held and nothing is called that could run Ruby or the collector while
    // the slice is borrowed.
    Bytes::copy_from_slice(unsafe { string.as_slice() })
}

/// Appends `bytes` to a String.
///
/// # Errors
///
/// FrozenError, NoMemoryError.
pub(crate) fn push(string: RString, bytes: &[u8]) -> Result<(), Error> {
    protect(|| {
        // SAFETY: the VM lock is held, the bytes are copied, and a raise ends in `protect`, whose
        // closure holds nothing that needs a drop.
        unsafe { rb_sys::rb_str_cat(string.as_raw(), bytes.as_ptr().cast(), bytes.len() as _) }
    })
    .map(|_| ())
}

/// Appends the bytes of a String to `buffer`.
pub(crate) fn append(buffer: &mut BytesMut, string: RString) {
    // SAFETY: as in `copy`.
    buffer.extend_from_slice(unsafe { string.as_slice() });
}

/// Calls `read` with the bytes. `read` must not call Ruby.
pub(crate) fn with_bytes<T>(string: RString, read: impl FnOnce(&[u8]) -> T) -> T {
    // SAFETY: as in `copy`; `read` keeps that by its contract.
    read(unsafe { string.as_slice() })
}
