//! Waiting without the VM lock, and interrupts.

use std::any::Any;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use kino_engine::Signal;
use magnus::Error;
use magnus::rb_sys::protect;
use rb_sys::VALUE;

struct Call<F, R> {
    work: Option<F>,
    result: Option<Result<R, Box<dyn Any + Send>>>,
}

/// Runs `work` without the VM lock: other Ruby threads of this Ractor go on meanwhile. `None`, and
/// nothing was run, if an interrupt is pending: [`check_interrupts`] and try again.
///
/// `work` must not touch a Ruby object. It has to return soon after `signal` is interrupted, which
/// the VM does when it wants the thread back: `Thread#kill`, `#raise`, a signal, or its own end.
pub(crate) fn without_gvl<F, R>(signal: &Signal, work: F) -> Option<R>
where
    F: FnOnce() -> R,
{
    extern "C" fn run<F: FnOnce() -> R, R>(data: *mut c_void) -> *mut c_void {
        // SAFETY: `data` is the `Call` on the frame of `without_gvl`, which waits for us and does
        // not touch it meanwhile.
        let call = unsafe { &mut *data.cast::<Call<F, R>>() };
        // A panic must not unwind into the VM's frames: it goes on in `without_gvl`.
        call.result = call.work.take().map(|work| catch_unwind(AssertUnwindSafe(work)));
        std::ptr::null_mut()
    }

    extern "C" fn unblock(data: *mut c_void) {
        // SAFETY: `data` is the `Signal` that the caller of `without_gvl` has borrowed to it; the
        // VM calls this only until `rb_nogvl` has returned. It sets a flag and notifies.
        unsafe { &*data.cast::<Signal>() }.interrupt();
    }

    let mut call = Call { work: Some(work), result: None };
    // SAFETY: the caller holds the VM lock (only methods called by Ruby come here). With
    // RB_NOGVL_INTR_FAIL the call never raises: the plain form checks interrupts itself, and an
    // exception from there would jump over this frame and whatever the caller has to drop.
    unsafe {
        rb_sys::rb_nogvl(
            Some(run::<F, R>),
            (&raw mut call).cast(),
            Some(unblock),
            std::ptr::from_ref(signal).cast_mut().cast(),
            rb_sys::RB_NOGVL_INTR_FAIL as c_int,
        );
    }
    clear_errno();
    call.result.map(|result| result.unwrap_or_else(|panic| resume_unwind(panic)))
}

/// The VM takes ETIMEDOUT, which a wait of ours leaves behind, for the result of its own next wait
/// for a socket, and raises `IO::TimeoutError` where nobody has set a time.
fn clear_errno() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the address of the calling thread's own errno, which is valid for its life.
    unsafe {
        *libc::__errno_location() = 0;
    }
    #[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
    // SAFETY: as above.
    unsafe {
        *libc::__error() = 0;
    }
}

/// Runs what is pending for this thread: a signal handler, `Thread#raise`, `Thread#kill`.
///
/// # Errors
///
/// What that raised. The caller returns it to Ruby as soon as it has dropped what it holds.
pub(crate) fn check_interrupts() -> Result<(), Error> {
    protect(|| {
        // SAFETY: the VM lock is held; a raise ends in `protect`, whose closure holds nothing.
        unsafe { rb_sys::rb_thread_check_ints() };
        rb_sys::Qnil as VALUE
    })
    .map(|_| ())
}
