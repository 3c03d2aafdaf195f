//! The error type of the engine's lifecycle calls. Errors of a single exchange have types of their own, beside the
//! calls that return them.

use std::io;

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address cannot be resolved or listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// `host:port` as given in the settings.
        address: String,
        /// The system's error.
        source: io::Error,
    },
    /// The inherited socket cannot be listened on.
    #[error("cannot listen on the inherited socket: {0}")]
    Inherited(#[source] io::Error),
    /// The network threads could not be started.
    #[error("cannot start the network threads: {0}")]
    Runtime(#[source] io::Error),
}

impl Error {
    /// Whether another address might work.
    pub fn is_bind(&self) -> bool {
        matches!(self, Self::Bind { .. } | Self::Inherited(_))
    }
}
