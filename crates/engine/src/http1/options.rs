//! The settings that concern HTTP/1.

use std::time::Duration;

use crate::http1::framing::HeadLimits;
use crate::http1::linger::Linger;
use crate::settings::Settings;

/// Bytes that hyper may hold of one connection in each direction, unless a head may be larger. Its default is 408 KiB.
/// It also reads no more than this of a body that is given up.
const BUFFER: usize = 128 * 1024;

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) limits: HeadLimits,
    pub(crate) timeouts: Timeouts,
    /// Requests on one connection.
    pub(crate) max_requests: Option<u64>,
}

/// How long a client may take; see the settings of the same names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) head: Duration,
    pub(crate) keep_alive: Duration,
    pub(crate) body: Duration,
    pub(crate) send: Option<Duration>,
    pub(crate) linger: Linger,
}

impl Timeouts {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            head: settings.head_timeout,
            keep_alive: settings.keep_alive_timeout,
            body: settings.body_timeout,
            send: settings.send_timeout,
            linger: Linger::new(settings),
        }
    }
}

impl Options {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            limits: HeadLimits::new(settings),
            timeouts: Timeouts::new(settings),
            max_requests: settings.max_requests,
        }
    }

    /// hyper's buffer, in bytes.
    pub(crate) fn buffer(&self) -> usize {
        self.limits.head.max(BUFFER)
    }
}
