//! The object in the env that stands for a request.
//!
//! An app may keep it as long as it likes, and most apps never look at it. So it holds nothing that needs to be freed,
//! only the object to ask (a worker's current request) and a number. A `TypedData` of magnus has a box of its own,
//! which the sweeper frees at some later time; it held the request's native side until then.

use std::ffi::c_void;
use std::mem::MaybeUninit;

use magnus::rb_sys::{AsRawValue, FromRawValue, protect};
use magnus::{Error, RClass, Value};
use rb_sys::{VALUE, rb_data_type_t};

/// Embedded in the object's own slot.
#[repr(C)]
struct Data {
    /// The `CurrentRequestObject`.
    current: VALUE,
    number: u64,
}

struct Type(rb_data_type_t);

// SAFETY: it is never written to, and what it points to is constant.
unsafe impl Sync for Type {}

static TYPE: Type = {
    // SAFETY: its fields are integers, pointers and optional functions, for all of which zero is valid; the VM's
    // documentation advises to zero it.
    let mut kind: rb_data_type_t = unsafe { MaybeUninit::zeroed().assume_init() };
    kind.wrap_struct_name = c"Kino::Request".as_ptr();
    kind.function.dmark = Some(mark);
    // No free function: there is nothing to free.
    kind.flags = (rb_sys::rbimpl_typeddata_flags::RUBY_TYPED_FREE_IMMEDIATELY as u32
        | rb_sys::rbimpl_typeddata_flags::RUBY_TYPED_EMBEDDABLE as u32
        | rb_sys::rbimpl_typeddata_flags::RUBY_TYPED_WB_PROTECTED as u32) as VALUE;
    Type(kind)
};

unsafe extern "C" fn mark(data: *mut c_void) {
    // SAFETY: the VM calls this with the `Data` of an object of our type, zeroed or written by `wrap`, while all
    // Ractors are stopped. Zero is `false`, which may be marked.
    unsafe { rb_sys::rb_gc_mark((*data.cast::<Data>()).current) };
}

/// A new object of `class` in the current Ractor, for the request with this number in `current`.
///
/// # Errors
///
/// NoMemoryError.
pub(crate) fn wrap(class: RClass, current: Value, number: u64) -> Result<Value, Error> {
    let (class, current) = (class.as_raw(), current.as_raw());
    let raw = protect(|| {
        // SAFETY: the VM lock is held, `class` and `current` are alive on the caller's frame, and a raise ends in
        // `protect`, whose closure holds nothing. The new object is of our type, so its data is a zeroed `Data`; it is
        // on this frame, so it is neither collected nor moved. The write barrier tells the garbage collector of the
        // reference.
        unsafe {
            let object = rb_sys::rb_data_typed_object_zalloc(class, size_of::<Data>() as _, &raw const TYPE.0);
            rb_sys::rb_check_typeddata(object, &raw const TYPE.0).cast::<Data>().write(Data { current, number });
            rb_sys::rb_gc_writebarrier(object, current);
            object
        }
    })?;
    // SAFETY: `raw` is the object from above, on this frame.
    Ok(unsafe { Value::from_raw(raw) })
}

/// The current request that `object` refers to, and its number. None if it is another kind of object.
pub(crate) fn unwrap(object: Value) -> Option<(Value, u64)> {
    // SAFETY: the VM lock is held and `object` is on the caller's frame. An object of our type has a `Data`, which
    // `wrap` wrote before any other code saw the object; `current` is alive because it is marked with the object.
    // `rb_check_typeddata` raises only for another type, which is ruled out before.
    unsafe {
        if rb_sys::rb_typeddata_is_kind_of(object.as_raw(), &raw const TYPE.0) == 0 {
            return None;
        }
        let data = rb_sys::rb_check_typeddata(object.as_raw(), &raw const TYPE.0).cast::<Data>();
        Some((Value::from_raw((*data).current), (*data).number))
    }
}
