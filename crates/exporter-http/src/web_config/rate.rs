//! How many requests are answered in a time.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use exporter_config::Problem;

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

pub(super) fn read(keys: &RateKeys, read: &mut Reading<'_>) -> Result<Option<RateLimit>, Problem> {
    let interval = Duration::from_nanos(keys.interval.0);
    if interval.is_zero() {
        return Ok(None);
    }
    if interval > Duration::from_hours(24) {
        let message = "nobody waits that long for a scrape; write 24h at most";
        return Err(read.problem(&["rate_limit", "interval"], message));
    }
    if keys.burst == 0 {
        // exporter-toolkit refuses every request then, which nobody can mean.
        read.warn(&["rate_limit", "burst"], "0 or missing; it is taken for 1");
    }
    Ok(Some(RateLimit::new(interval, keys.burst.max(1))))
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
        let with_this = owed + self.interval;
        let admits = with_this <= self.interval * self.burst;
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
