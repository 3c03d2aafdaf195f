//! The arenas of glibc's malloc.

/// Limits their number. By default glibc makes up to eight for each core, one for nearly every thread that allocates,
/// and no thread can use what was freed in another's arena. An operator's own `MALLOC_ARENA_MAX` wins.
///
/// Called when a server starts and not when the gem is loaded, so that a process that only loads it keeps its malloc.
pub(crate) fn limit(max: usize) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if std::env::var_os("MALLOC_ARENA_MAX").is_none() {
        let max = libc::c_int::try_from(max).unwrap_or(libc::c_int::MAX);
        // SAFETY: mallopt takes malloc's own lock, may be called from any thread at any time, and only changes how many
        // arenas are made from now on. It does not touch the VM.
        unsafe { libc::mallopt(libc::M_ARENA_MAX, max) };
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = max;
}
