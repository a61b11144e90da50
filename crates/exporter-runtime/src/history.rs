//! What is kept of a collector's runs, without their samples, for the pages that people read.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::run::Reason;
use crate::status::{LastRun, RunTime};

/// How many durations are kept.
const KEPT: usize = 20;

/// The last runs of one collector.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The last run that ended, and when.
    last: Option<(Instant, LastRun)>,
    times: VecDeque<RunTime>,
    failing_since: Option<Instant>,
}

impl History {
    /// A run has ended.
    pub(crate) fn ended(&mut self, now: Instant, run: LastRun) {
        let failed = run.result.as_ref().is_err_and(|it| it.reason != Reason::Unavailable);
        if failed {
            self.failing(now);
        } else {
            self.failing_since = None;
        }
        if self.times.len() == KEPT {
            self.times.pop_front();
        }
        self.times.push_back(RunTime { duration: run.duration, failed });
        self.last = Some((now, run));
    }

    /// The collector fails, if it did not do so before.
    pub(crate) fn failing(&mut self, now: Instant) {
        self.failing_since.get_or_insert(now);
    }

    pub(crate) fn last(&self, now: Instant) -> Option<LastRun> {
        let (ended, last) = self.last.as_ref()?;
        Some(LastRun { ago: now.saturating_duration_since(*ended), ..last.clone() })
    }

    /// The durations of the last runs, the oldest first.
    pub(crate) fn times(&self) -> Vec<RunTime> {
        self.times.iter().copied().collect()
    }

    pub(crate) fn failing_for(&self, now: Instant) -> Option<Duration> {
        Some(now.saturating_duration_since(self.failing_since?))
    }
}
