//! File descriptors that come as numbers.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

/// A descriptor of our own for the file that `number` names in this process; closed when a program is executed.
///
/// # Errors
///
/// The system's, where nothing is open under that number.
pub(crate) fn duplicate(number: RawFd) -> io::Result<OwnedFd> {
    if number < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number is not -1, and is borrowed for the one system call that asks whether it is open. It is
    // the caller's before and after; if another thread closes it meanwhile, we get an error or another
    // file of this process, which whoever listens on it checks.
    unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()
}
