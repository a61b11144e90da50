//! How many requests are answered in a time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Reading;
use super::keys::RateKeys;

/// A bucket of tokens: each request takes one, and every interval brings one back.
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    burst: u32,
    /// How much was taken, as time until all of it is back.
    taken: Mutex<(Instant, Duration)>,
}

pub(super) fn read(keys: &RateKeys, read: &mut Reading<'_>) -> Option<RateLimit> {
    let Ok(interval) = u64::try_from(keys.interval.0).map(Duration::from_nanos) else {
        read.warn(&["rate_limit", "interval"], "a negative interval, which is no limit");
        return None;
    };
    if interval.is_zero() {
        return None;
    }
    if interval > Duration::from_hours(24) {
        let message = "one request in more than a day; no scraper waits that long";
        read.warn(&["rate_limit", "interval"], message);
    }
    if keys.burst.0 < 1 {
        // exporter-toolkit refuses every request then, which nobody can mean.
        read.warn(&["rate_limit", "burst"], "missing or less than 1; it is taken for 1");
    }
    let burst = u32::try_from(keys.burst.0.max(1)).unwrap_or(u32::MAX);
    Some(RateLimit::new(interval, burst))
}

impl RateLimit {
    fn new(interval: Duration, burst: u32) -> Self {
        Self { interval, burst, taken: Mutex::new((Instant::now(), Duration::ZERO)) }
    }

    /// Takes a token, if there is one.
    pub(crate) fn admits(&self) -> bool {
        self.admits_at(Instant::now())
    }

    fn admits_at(&self, now: Instant) -> bool {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let owed = taken.1.saturating_sub(now.saturating_duration_since(taken.0));
        let with_this = owed.saturating_add(self.interval);
        let admits = with_this <= self.interval.saturating_mul(self.burst);
        *taken = (now, if admits { with_this } else { owed });
        admits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_admitted_and_then_one_per_interval() {
        let limit = RateLimit::new(Duration::from_secs(1), 3);
        let start = Instant::now();
        let at = |milliseconds| limit.admits_at(start + Duration::from_millis(milliseconds));
        assert_eq!([at(0), at(1), at(2), at(3)], [true, true, true, false]);
        assert_eq!([at(1003), at(1004), at(2002), at(2004)], [true, false, true, false]);
        assert_eq!([at(60_000), at(60_000), at(60_000), at(60_000)], [true, true, true, false]);
    }
}
