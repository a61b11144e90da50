//! When a collector runs, and what a scrape has of it that does not wait for a run.
//!
//! Without an interval, each scrape waits for a run. With `min_interval`, a scrape has the samples of the last run, and
//! starts the next one when that is due; it waits only where there are none. With `refresh`, runs begin in the background,
//! and no scrape waits.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::run::{Failure, Outcome, Reason};
use crate::settings::ScrapeSettings;

/// How long after a failed run the next one may begin. The time doubles with each further failure, up to the interval.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The part of `min_interval` after which a run is due: scrapers that come every minute come a little early now and then.
const TOLERANCE: f64 = 0.9;

/// The settings of a collector, and its last run.
#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) settings: Arc<ScrapeSettings>,
    /// When it began, and how it ended. Kept where scrapes are served from it; otherwise the next run has its memory.
    last: Option<(Instant, Outcome)>,
    /// The failures since the last success.
    failures: u32,
}

/// What a scrape does that finds no run going on.
#[derive(Debug)]
pub(crate) enum Due {
    /// It has this, and starts no run.
    Serve(Outcome),
    /// It has this, and starts a run for later scrapes.
    Refresh(Outcome),
    /// It starts a run, and waits for it.
    Run,
}

impl Schedule {
    pub(crate) fn new(settings: ScrapeSettings) -> Self {
        Self { settings: Arc::new(settings), last: None, failures: 0 }
    }

    /// A run has ended that began at `started`.
    pub(crate) fn ended(&mut self, started: Instant, outcome: &Outcome) {
        self.failures = if outcome.result.is_ok() { 0 } else { self.failures.saturating_add(1) };
        self.last = self.settings.serves_last().then(|| (started, outcome.clone()));
    }

    /// What a scrape does that finds no run going on. With `waits`, it waits for a first run in the background.
    pub(crate) fn due(&self, now: Instant, waits: bool) -> Due {
        let background = self.settings.is_background();
        let Some((started, outcome)) = &self.last else {
            return if background && !waits { Due::Serve(first_run(now)) } else { Due::Run };
        };
        let since = |time: &Instant| now.saturating_duration_since(*time);
        match &outcome.result {
            _ if background => Due::Serve(outcome.clone()),
            Ok(_) if since(started) < self.settings.min_interval.mul_f64(TOLERANCE) => {
                Due::Serve(outcome.clone())
            }
            Ok(_) => Due::Refresh(outcome.clone()),
            Err(_) if since(&outcome.finished) < self.retry() => Due::Serve(outcome.clone()),
            Err(_) => Due::Run,
        }
    }

    /// What a scrape has while a run goes on; `None` if it waits for that.
    pub(crate) fn meanwhile(&self, now: Instant) -> Option<Outcome> {
        let last = self.last.as_ref().map(|(_, outcome)| outcome);
        if self.settings.is_background() {
            return Some(last.cloned().unwrap_or_else(|| first_run(now)));
        }
        last.filter(|outcome| outcome.result.is_ok()).cloned()
    }

    /// How long it is until the next run in the background, with an interval of `jitter` times `refresh`.
    pub(crate) fn next_refresh(&self, now: Instant, jitter: f64) -> Duration {
        let Some((started, outcome)) = &self.last else { return Duration::ZERO };
        let next = match outcome.result {
            Ok(_) => *started + self.settings.refresh.mul_f64(jitter),
            Err(_) => outcome.finished + self.retry(),
        };
        next.saturating_duration_since(now)
    }

    /// How long after a failed run the next one may begin.
    fn retry(&self) -> Duration {
        let doubled = 2_u32.saturating_pow(self.failures.saturating_sub(1));
        FIRST_RETRY.saturating_mul(doubled).min(self.settings.interval())
    }
}

/// What a page has before the first run in the background has ended.
fn first_run(now: Instant) -> Outcome {
    let message = "its first run in the background has not ended yet";
    let result = Err(Failure::new(Reason::Pending, message));
    Outcome { duration: Duration::ZERO, finished: now, result }
}

#[cfg(test)]
mod tests {
    use exporter_sdk::Snapshot;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn schedule(min_interval: Duration, refresh: Duration) -> Schedule {
        Schedule::new(ScrapeSettings { min_interval, refresh, ..ScrapeSettings::default() })
    }

    fn ended(schedule: &mut Schedule, at: Instant, ok: bool) {
        let failure = || Failure::new(Reason::Error, "gone");
        let result = if ok { Ok(Arc::new(Snapshot::default())) } else { Err(failure()) };
        schedule.ended(at, &Outcome { duration: Duration::ZERO, finished: at, result });
    }

    fn due(schedule: &Schedule, now: Instant) -> &'static str {
        match schedule.due(now, false) {
            Due::Serve(outcome) if outcome.result.is_ok() => "serve",
            Due::Serve(_) => "serve failure",
            Due::Refresh(_) => "refresh",
            Due::Run => "run",
        }
    }

    #[test]
    fn without_an_interval_every_scrape_runs() {
        let (mut schedule, now) = (schedule(Duration::ZERO, Duration::ZERO), Instant::now());
        for ok in [true, false] {
            assert_eq!(due(&schedule, now), "run");
            assert!(schedule.meanwhile(now).is_none());
            ended(&mut schedule, now, ok);
        }
        assert_eq!(due(&schedule, now), "run");
    }

    #[test]
    fn a_run_that_is_due_again_is_not_waited_for_and_a_failed_one_is_tried_again_soon() {
        let (mut schedule, start) = (schedule(MINUTE, Duration::ZERO), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(due(&schedule, start), "run");
        ended(&mut schedule, start, true);
        assert_eq!((due(&schedule, at(53)), due(&schedule, at(54))), ("serve", "refresh"));
        assert!(schedule.meanwhile(at(60)).is_some_and(|outcome| outcome.result.is_ok()));
        // 1 s, 2 s, 4 s, .. up to the interval.
        let mut now = 60;
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            ended(&mut schedule, at(now), false);
            assert_eq!(due(&schedule, at(now)), "serve failure");
            now += wait;
            assert_eq!(due(&schedule, at(now - 1) + Duration::from_millis(999)), "serve failure");
            assert_eq!(due(&schedule, at(now)), "run", "{wait}");
            assert!(schedule.meanwhile(at(now)).is_none());
        }
        ended(&mut schedule, at(now), true);
        ended(&mut schedule, at(now), false);
        assert_eq!(due(&schedule, at(now + 1)), "run");
    }

    #[test]
    fn no_scrape_waits_for_a_run_in_the_background() {
        let (mut schedule, start) = (schedule(Duration::ZERO, MINUTE), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(due(&schedule, start), "serve failure");
        assert!(matches!(schedule.due(start, true), Due::Run), "a scrape that waits");
        assert_eq!(schedule.next_refresh(start, 1.1), Duration::ZERO);
        ended(&mut schedule, start, true);
        assert_eq!(due(&schedule, at(1000)), "serve");
        assert_eq!(schedule.next_refresh(at(6), 1.1), MINUTE);
        ended(&mut schedule, at(66), false);
        assert_eq!(due(&schedule, at(1000)), "serve failure");
        assert!(schedule.meanwhile(at(1000)).is_some_and(|outcome| outcome.result.is_err()));
        assert_eq!(schedule.next_refresh(at(66), 1.1), Duration::from_secs(1));
    }
}
