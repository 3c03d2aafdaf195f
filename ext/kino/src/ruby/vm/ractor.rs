//! What this extension promises the VM about Ractors.

/// Declares that methods defined from here on may be called in any Ractor. The rules in the crate's documentation keep
/// that promise: no object of one Ractor is reachable from another, and what is shared is native and `Sync`.
pub(crate) fn declare_safe() {
    // SAFETY: called from `Init_kino`, on the main Ractor with the VM lock held, before any method is defined. It sets
    // a flag on the frame of the running `require`, and cannot raise.
    unsafe { rb_sys::rb_ext_ractor_safe(true) }
}
