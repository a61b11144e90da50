//! How the runs of one scrape went, told on the page itself.
//!
//! These families are made for each page from its own runs, like the samples of any collector. Long-lived gauges would mix
//! what overlapping scrapes saw, and could not be limited to the collectors that a request asked for.

use std::sync::{Arc, Mutex, PoisonError};

use exporter_sdk::{Desc, Family, Gauge, Snapshot};

use crate::recording::Recording;
use crate::slot::Outcome;

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

const METRICS: [&Desc; 3] = [SUCCESS.desc(), DURATION.desc(), SAMPLES.desc()];

/// Turns outcomes into samples.
#[derive(Debug)]
pub(crate) struct Evidence {
    recording: Mutex<Recording>,
    /// Whether to tell more than what every page must have.
    detailed: bool,
}

impl Evidence {
    pub(crate) fn new(detailed: bool) -> Self {
        Self { recording: Mutex::new(Recording::new(Self::families(), false)), detailed }
    }

    pub(crate) fn families() -> Vec<Family> {
        METRICS.into_iter().map(Family::from).collect()
    }

    pub(crate) fn snapshot(&self, outcomes: &[(&str, Outcome)]) -> Arc<Snapshot> {
        let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = recording.run(|scrape| {
            for (collector, outcome) in outcomes {
                scrape.emit(&SUCCESS, [collector], outcome.result.is_ok());
                scrape.emit(&DURATION, [collector], outcome.duration);
                if self.detailed {
                    let samples = outcome.result.as_ref().map_or(0, |snapshot| snapshot.samples());
                    scrape.emit(&SAMPLES, [collector], samples);
                }
            }
            Ok(())
        });
        snapshot.expect("the evidence emits what it describes")
    }
}
