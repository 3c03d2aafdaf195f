//! Converts the settings and times that Ruby code gives.

use std::time::Duration;

use magnus::{Error, RHash, Ruby, TryConvert};

use crate::ruby::error;

/// The setting with that name in the Hash that `Kino::Native.start` is given. Raises `KeyError` if it is missing.
pub(crate) fn fetch<T: TryConvert>(ruby: &Ruby, hash: RHash, name: &str) -> Result<T, Error> {
    hash.fetch(ruby.to_symbol(name))
}

/// A duration, from seconds. Raises `Kino::Error` for a negative time, NaN or infinity.
pub(crate) fn seconds(ruby: &Ruby, seconds: f64) -> Result<Duration, Error> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| error::general(ruby, format!("a time must be 0 or more seconds, got {seconds}")))
}
