//! How many arenas glibc's malloc may make.

/// By default glibc makes eight arenas a core, one for nearly each thread that allocates, and what one
/// has freed no other can use. Two threads at once rarely need more than one each. An operator's own
/// `MALLOC_ARENA_MAX` wins.
///
/// Called when a server starts and not when the gem is loaded: whoever only loads it keeps its malloc.
pub(crate) fn limit(most: usize) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if std::env::var_os("MALLOC_ARENA_MAX").is_none() {
        let most = libc::c_int::try_from(most).unwrap_or(libc::c_int::MAX);
        // SAFETY: mallopt takes malloc's own lock, may be called from any thread at any time, and only
        // changes how many arenas are made from now on. It needs nothing of the VM.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, most) };
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = most;
}
