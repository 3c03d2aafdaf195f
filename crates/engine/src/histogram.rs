//! A histogram of durations, in a few hundred counters.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Below this, each microsecond has a bucket of its own.
const EXACT: u64 = 16;
/// Buckets for each power of two above that. So a bucket is at most an eighth as wide as its start.
const STEPS: u64 = 8;
/// Powers of two. The last ends after more than nine hours; its last bucket also counts what is longer.
const POWERS: u64 = 31;
const BUCKETS: usize = (EXACT + POWERS * STEPS) as usize;

/// Counts durations. Each record is one relaxed addition.
#[derive(Debug)]
pub(crate) struct Histogram([AtomicU64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; BUCKETS])
    }
}

impl Histogram {
    pub(crate) fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0[bucket_of(micros)].fetch_add(1, Relaxed);
    }

    /// Adds the counts of `other`.
    pub(crate) fn add(&self, other: &Self) {
        for (own, more) in self.0.iter().zip(&other.0) {
            let more = more.load(Relaxed);
            if more > 0 {
                own.fetch_add(more, Relaxed);
            }
        }
    }

    /// The percentiles; None if nothing was recorded.
    pub(crate) fn percentiles(&self) -> Option<Percentiles> {
        let counts: Vec<u64> = self.0.iter().map(|count| count.load(Relaxed)).collect();
        let total: u64 = counts.iter().sum();
        let at = |share: f64| {
            // The number of requests in that share: at least one.
            let rank = ((total as f64 * share).ceil() as u64).max(1);
            let mut seen = 0;
            let bucket = counts.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            bucket.map(|bucket| Duration::from_micros(end_of(bucket)))
        };
        Some(Percentiles { p50: at(0.5)?, p95: at(0.95)?, p99: at(0.99)?, max: at(1.0)? })
    }
}

/// Percentiles of durations. Each may be up to an eighth too large, and is never too small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentiles {
    /// The median.
    pub p50: Duration,
    /// 95 of 100 were at most this.
    pub p95: Duration,
    /// 99 of 100 were at most this.
    pub p99: Duration,
    /// The maximum.
    pub max: Duration,
}

fn bucket_of(micros: u64) -> usize {
    if micros < EXACT {
        return micros as usize;
    }
    let power = u64::from(micros.ilog2());
    let step = (micros >> (power - 3)) & (STEPS - 1);
    ((EXACT + (power - 4) * STEPS + step) as usize).min(BUCKETS - 1)
}

/// The longest that the bucket holds, in microseconds.
fn end_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < EXACT {
        return bucket;
    }
    let (power, step) = ((bucket - EXACT) / STEPS + 4, (bucket - EXACT) % STEPS);
    ((STEPS + step + 1) << (power - 3)) - 1
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn buckets_leave_no_gap() {
        for micros in (0..100_000).chain((17..34).flat_map(|power| [(1 << power) - 1, 1 << power])) {
            let end = end_of(bucket_of(micros));
            assert!(end >= micros && end - micros <= micros / 8, "{micros}: {end}");
            assert_eq!(bucket_of(end), bucket_of(micros));
            assert_eq!(bucket_of(end + 1), bucket_of(micros) + 1);
        }
    }

    #[test]
    fn what_is_longer_than_all_buckets_is_counted_in_the_last() {
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_match_what_was_recorded() {
        let (one, all) = (Histogram::default(), Histogram::default());
        assert_eq!(all.percentiles(), None);
        for micros in 1..=1000 {
            one.record(Duration::from_micros(micros));
        }
        all.add(&one);
        let Percentiles { p50, p95, p99, max } = all.percentiles().unwrap();
        for (found, micros) in [(p50, 500), (p95, 950), (p99, 990), (max, 1000)] {
            let micros = Duration::from_micros(micros);
            assert!(found >= micros && found <= micros + micros / 8, "{found:?} for {micros:?}");
        }
    }
}
