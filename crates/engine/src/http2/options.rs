//! The settings that concern HTTP/2.

use std::time::Duration;

use h2::server::Builder;

use crate::http1::framing::HeadLimits;
use crate::http1::options::Timeouts;
use crate::settings::Settings;

/// Bytes of a request body that a client may send before anyone reads it, the initial window of a stream: an upload of
/// this size needs no word from us.
pub(crate) const WINDOW: u32 = 64 * 1024;

/// Bytes of a response that h2 holds of one stream.
pub(crate) const SEND_BUFFER: usize = 64 * 1024;

/// The largest window there is (RFC 9113 section 6.9.1).
const MAX_WINDOW: u32 = (1 << 31) - 1;

/// What a header counts for beside its bytes (RFC 9113 section 6.5.2).
const HEADER_OVERHEAD: usize = 32;

/// The shortest time between two looks at all deadlines. A shorter one is met this late.
const MIN_INTERVAL: Duration = Duration::from_millis(10);

/// The longest, because a time that the clock does not reach may be set.
const MAX_INTERVAL: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) limits: HeadLimits,
    pub(crate) timeouts: Timeouts,
    /// Requests on one connection.
    pub(crate) max_requests: Option<u64>,
    /// Requests at a time.
    pub(crate) max_streams: u32,
    /// How often to look at the deadlines of a connection: as often as the shortest may pass.
    pub(crate) interval: Duration,
}

impl Options {
    pub(crate) fn new(settings: &Settings) -> Self {
        let timeouts = Timeouts::new(settings);
        let interval = [
            Some(timeouts.head),
            Some(timeouts.keep_alive),
            Some(timeouts.body),
            timeouts.send,
            settings.request_timeout,
        ];
        let interval = interval.into_iter().flatten().min().unwrap_or(MAX_INTERVAL).clamp(MIN_INTERVAL, MAX_INTERVAL);
        Self {
            limits: HeadLimits::new(settings),
            timeouts,
            max_requests: settings.max_requests,
            max_streams: settings.max_streams.max(1),
            interval,
        }
    }

    /// What h2 needs to know. Its limits for floods keep their defaults where none is set here: 100 empty DATA frames,
    /// CONTINUATION frames as for the header list and a quarter more, four times the header list.
    pub(crate) fn builder(&self) -> Builder {
        let mut builder = Builder::new();
        builder
            .max_concurrent_streams(self.max_streams)
            .initial_window_size(WINDOW)
            // The windows of all streams together: bodies that wait for a worker must not keep back the one that a
            // worker is waiting for.
            .initial_connection_window_size(self.max_streams.saturating_mul(WINDOW).min(MAX_WINDOW))
            .max_send_buffer_size(SEND_BUFFER)
            .max_header_list_size(self.header_list())
            .max_pending_accept_reset_streams(MAX_RESET_UNSEEN)
            .max_concurrent_reset_streams(MAX_RESET_REMEMBERED)
            .max_local_error_reset_streams(Some(MAX_ERRORS));
        builder
    }

    /// Twice what a head may have. h2 answers what is larger by itself, uncounted, so what is only a little too large
    /// must reach us.
    fn header_list(&self) -> u32 {
        let list = self.limits.headers.saturating_mul(HEADER_OVERHEAD).saturating_add(self.limits.head);
        u32::try_from(list.saturating_mul(2)).unwrap_or(u32::MAX)
    }
}

/// Streams that a client may have reset before we have seen their requests.
const MAX_RESET_UNSEEN: usize = 20;

/// Streams that we have reset and still know, so that what the client has sent meanwhile is no error.
const MAX_RESET_REMEMBERED: usize = 50;

/// Streams with malformed requests, or more of them than there may be, on one connection.
const MAX_ERRORS: usize = 1024;
