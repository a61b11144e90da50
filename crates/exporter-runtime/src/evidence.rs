//! How the runs of one scrape went, told on the page itself.
//!
//! These families are made for each page from its own runs, like the samples of any collector. Long-lived gauges would mix
//! what overlapping scrapes saw, and could not be limited to the collectors that a request asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use exporter_sdk::{Desc, Family, Gauge, Snapshot};

use crate::recording::Recording;
use crate::run::Outcome;

static SUCCESS: Gauge<1> = Gauge::new(
    "exporter_collector_success",
    "Whether the collector's last run succeeded: 1 if its samples are on this page, 0 if not.",
)
.labels(&["collector"]);
static DURATION: Gauge<1> =
    Gauge::new("exporter_collector_duration_seconds", "How long the collector's run took.")
        .labels(&["collector"]);
static SAMPLES: Gauge<1> =
    Gauge::new("exporter_collector_samples", "How many samples the collector's run emitted.")
        .labels(&["collector"]);

static AGE: Gauge<1> = Gauge::new(
    "exporter_collector_snapshot_age_seconds",
    "How long ago the collector's run ended, for collectors with a min_interval.",
)
.labels(&["collector"]);

const METRICS: [&Desc; 4] = [SUCCESS.desc(), DURATION.desc(), SAMPLES.desc(), AGE.desc()];

/// One collector's part in a page.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) collector: &'a str,
    pub(crate) outcome: Outcome,
    /// Whether its samples may be older than the page.
    pub(crate) cached: bool,
}

/// Turns outcomes into samples.
#[derive(Debug)]
pub(crate) struct Evidence {
    recording: Mutex<Recording>,
    /// Whether to tell more than what every page must have.
    detailed: bool,
}

impl Evidence {
    pub(crate) fn new(detailed: bool) -> Self {
        Self { recording: Mutex::new(Recording::of(Self::families(), false)), detailed }
    }

    pub(crate) fn families() -> Vec<Family> {
        METRICS.into_iter().map(Family::from).collect()
    }

    pub(crate) fn snapshot(&self, parts: &[Part<'_>]) -> Arc<Snapshot> {
        let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let snapshot = recording.record(|scrape| {
            for Part { collector, outcome, cached } in parts {
                scrape.emit(&SUCCESS, [collector], outcome.result.is_ok());
                scrape.emit(&DURATION, [collector], outcome.duration);
                if !self.detailed {
                    continue;
                }
                let snapshot = outcome.result.as_ref().ok();
                scrape.emit(
                    &SAMPLES,
                    [collector],
                    snapshot.map_or(0, |snapshot| snapshot.samples()),
                );
                if *cached && snapshot.is_some() {
                    scrape.emit(&AGE, [collector], now.saturating_duration_since(outcome.finished));
                }
            }
            Ok(())
        });
        snapshot.expect("the evidence emits what it describes")
    }
}
