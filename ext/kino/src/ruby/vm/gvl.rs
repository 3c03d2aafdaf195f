//! Waiting without the VM lock, and interrupts.

use std::any::Any;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kino_engine::{Parker, Wake};
use magnus::rb_sys::protect;
use magnus::{Error, Module, RClass, RHash, Ruby};
use rb_sys::VALUE;

struct Call<F, R> {
    work: Option<F>,
    result: Option<Result<R, Box<dyn Any + Send>>>,
}

// SAFETY: the function is the VM's, with this signature on all Rubies that are supported.
unsafe extern "C" {
    /// Words of the current machine stack that are in use, also of a fiber's (`ruby/internal/interpreter.h`).
    fn ruby_stack_length(top: *mut *mut VALUE) -> usize;
}

/// Bytes of the machine stack that must be free for a worker to drive connections while it waits. That takes less than
/// 32 KiB: Rust workers with such stacks served large heads and bodies.
const STACK_RESERVE: usize = 128 * 1024;

/// Bytes that may be in use then, for the smallest of the VM's stacks: fibers have 512 KiB, unless the environment says
/// otherwise.
static MAX_STACK_USED: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Reads the sizes of the VM's stacks.
///
/// # Errors
///
/// What reading its constants raised.
pub(crate) fn init(ruby: &Ruby) -> Result<(), Error> {
    let sizes: RHash = ruby.class_object().const_get::<_, RClass>("RubyVM")?.const_get("DEFAULT_PARAMS")?;
    let names = ["thread_machine_stack_size", "fiber_machine_stack_size"];
    let sizes = names.map(|name| sizes.fetch::<_, usize>(ruby.to_symbol(name)));
    for size in sizes {
        MAX_STACK_USED.fetch_min(size?.saturating_sub(STACK_RESERVE), Ordering::Relaxed);
    }
    Ok(())
}

/// A wait without a time limit looks again after this. Nothing depends on its length.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Waits on `parker` without the VM lock, at most for `max`. `None` as in [`without_gvl`].
///
/// Drives connections meanwhile only if there is enough stack. An app that recursed until SystemStackError and waited
/// for body bytes down there ran hyper into the guard page. Ruby turns that fault into a SystemStackError and jumps,
/// over our frames and the runtime's, out of a region without the lock: the server stood still, or crashed.
pub(crate) fn park(parker: &Parker, max: Duration) -> Option<Wake> {
    // SAFETY: the VM lock is held; the function accepts a null pointer for the address.
    let used = unsafe { ruby_stack_length(std::ptr::null_mut()) } * size_of::<VALUE>();
    without_gvl(parker, || {
        if used < MAX_STACK_USED.load(Ordering::Relaxed) { parker.park(max) } else { parker.park_without_driving(max) }
    })
}

/// Runs `work` without the VM lock, so that other Ruby threads of this Ractor run meanwhile. Returns `None`, and runs
/// nothing, if an interrupt is pending: then call [`check_interrupts`] and try again.
///
/// `work` must not touch a Ruby object. It has to return soon after `parker` is interrupted, which the VM does when it
/// wants the thread back: for `Thread#kill`, `#raise`, a signal, or its own end.
pub(crate) fn without_gvl<F, R>(parker: &Parker, work: F) -> Option<R>
where
    F: FnOnce() -> R,
{
    extern "C" fn run<F: FnOnce() -> R, R>(data: *mut c_void) -> *mut c_void {
        // SAFETY: `data` is the `Call` on the frame of `without_gvl`, which waits for us and does not touch it
        // meanwhile.
        let call = unsafe { &mut *data.cast::<Call<F, R>>() };
        // A panic must not unwind into the VM's frames. It continues in `without_gvl`.
        call.result = call.work.take().map(|work| catch_unwind(AssertUnwindSafe(work)));
        std::ptr::null_mut()
    }

    extern "C" fn unblock(data: *mut c_void) {
        // SAFETY: `data` is the `Parker` that `without_gvl` has borrowed from its caller; the VM calls this only until
        // `rb_nogvl` has returned. It sets a flag and wakes the thread.
        unsafe { &*data.cast::<Parker>() }.interrupt();
    }

    let mut call = Call { work: Some(work), result: None };
    // SAFETY: the caller holds the VM lock (only methods called by Ruby come here). With RB_NOGVL_INTR_FAIL the call
    // never raises. The plain form checks interrupts itself, and an exception from there would jump over this frame and
    // over what the caller has to drop.
    unsafe {
        rb_sys::rb_nogvl(
            Some(run::<F, R>),
            (&raw mut call).cast(),
            Some(unblock),
            std::ptr::from_ref(parker).cast_mut().cast(),
            rb_sys::RB_NOGVL_INTR_FAIL as c_int,
        );
    }
    clear_errno();
    call.result.map(|result| result.unwrap_or_else(|panic| resume_unwind(panic)))
}

/// Clears errno. A wait of ours may leave ETIMEDOUT behind, which the VM would take for the result of its own next wait
/// for a socket: it then raises `IO::TimeoutError` although no timeout was set.
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
/// What that raised. The caller must drop what it holds and return the error to Ruby.
pub(crate) fn check_interrupts() -> Result<(), Error> {
    protect(|| {
        // SAFETY: the VM lock is held; a raise ends in `protect`, whose closure holds nothing.
        unsafe { rb_sys::rb_thread_check_ints() };
        rb_sys::Qnil as VALUE
    })
    .map(|_| ())
}

/// Lets the threads of this Ractor that are ready to run have the VM lock, and waits for it again behind them. Costs
/// next to nothing if there are none.
///
/// # Errors
///
/// What an interrupt raised meanwhile; as for [`check_interrupts`].
pub(crate) fn offer() -> Result<(), Error> {
    protect(|| {
        // SAFETY: the VM lock is held; a raise ends in `protect`, whose closure holds nothing. The caller must hold no
        // native lock, because other threads run meanwhile.
        unsafe { rb_sys::rb_thread_schedule() };
        rb_sys::Qnil as VALUE
    })
    .map(|_| ())
}
