//! File descriptors that Ruby passes as numbers.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

/// Duplicates the descriptor `number`. The duplicate is closed on exec.
///
/// # Errors
///
/// The system's, if nothing is open under that number.
pub(crate) fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number is not -1, and is borrowed for one system call, which checks whether it is open. It belongs to
    // the caller before and after. If another thread closes it meanwhile, we get an error or another file of this
    // process, which the engine checks before it listens.
    unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()
}
