//! The locks and atomics whose operations the models (`models`) interleave in every order. In a model they are loom's;
//! everywhere else they are parking_lot's and the standard library's.

#[cfg(not(all(test, kino_loom)))]
mod types {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize};
    pub(crate) use std::sync::{Condvar, Mutex as StdMutex, MutexGuard as StdMutexGuard};

    pub(crate) use parking_lot::Mutex;
}

#[cfg(all(test, kino_loom))]
mod types {
    use std::sync::PoisonError;

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize};
    pub(crate) use loom::sync::{Condvar, Mutex as StdMutex, MutexGuard as StdMutexGuard};

    /// loom's lock with parking_lot's interface.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(StdMutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(StdMutex::new(value))
        }

        pub(crate) fn lock(&self) -> StdMutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

pub(crate) use types::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Condvar, Mutex, StdMutex, StdMutexGuard};
