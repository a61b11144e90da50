//! How the runs of one scrape went, told on the page itself.
//!
//! These families are made for each page from its own runs, like the samples of any collector. Long-lived gauges would mix
//! what overlapping scrapes saw, and could not be limited to the collectors that a request asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use exporter_sdk::{Counter, Desc, Family, Gauge, Scrape, Snapshot};

use crate::catalog::Catalog;
use crate::node::{NODE_BUILD_INFO, Namespace, emit_build_info};
use crate::options::RegistryOptions;
use crate::recording::Recording;
use crate::registry::BuildInfo;
use crate::run::Outcome;
use crate::slot::Slot;

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

static FAILURES: Counter<2> = Counter::new(
    "exporter_collector_failures_total",
    "Runs of the collector that failed, by reason.",
)
.labels(&["collector", "reason"]);
static DUPLICATES: Counter<1> = Counter::new(
    "exporter_collector_duplicate_samples_total",
    "Samples of the collector that were dropped because the same run had one of that series before.",
)
.labels(&["collector"]);

const METRICS: [&Desc; 6] = [
    SUCCESS.desc(),
    DURATION.desc(),
    SAMPLES.desc(),
    AGE.desc(),
    FAILURES.desc(),
    DUPLICATES.desc(),
];

/// Whether a family is on every page, because without it nobody could tell how complete the page is.
pub(crate) fn is_always_there(family: &Family) -> bool {
    [SUCCESS.desc(), DURATION.desc()].iter().any(|desc| desc.name() == family.name())
}

/// One collector's part in a page.
#[derive(Debug)]
pub(crate) struct Part<'a> {
    pub(crate) slot: &'a Slot,
    pub(crate) outcome: &'a Outcome,
    /// Whether its samples may be older than the page.
    pub(crate) cached: bool,
}

impl Part<'_> {
    fn details(&self, scrape: &mut Scrape<'_>, now: Instant) {
        let (collector, counters) = (self.slot.name(), &self.slot.counters);
        let snapshot = self.outcome.result.as_ref().ok();
        scrape.emit(&SAMPLES, [collector], snapshot.map_or(0, |snapshot| snapshot.samples()));
        if self.cached && snapshot.is_some() {
            scrape.emit(&AGE, [collector], now.saturating_duration_since(self.outcome.finished));
        }
        for (reason, count) in counters.failures() {
            scrape.emit(&FAILURES, [collector, reason.as_str()], count);
        }
        scrape.emit(&DUPLICATES, [collector], counters.duplicates());
    }
}

/// Turns outcomes into samples.
#[derive(Debug)]
pub(crate) struct Evidence {
    recording: Mutex<Recording>,
    namespaces: Vec<Namespace>,
    options: RegistryOptions,
    build: BuildInfo,
}

impl Evidence {
    pub(crate) fn new(catalog: &Catalog, build: &BuildInfo, options: RegistryOptions) -> Self {
        let namespaces = Namespace::all(catalog);
        let recording = Mutex::new(Recording::of(families(&namespaces), false));
        Self { recording, namespaces, options, build: build.clone() }
    }

    pub(crate) fn families(&self) -> Vec<Family> {
        families(&self.namespaces)
    }

    pub(crate) fn snapshot(&self, parts: &[Part<'_>]) -> Arc<Snapshot> {
        let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let snapshot = recording.record(|scrape| {
            for part in parts {
                let collector = part.slot.name();
                scrape.emit(&SUCCESS, [collector], part.outcome.result.is_ok());
                scrape.emit(&DURATION, [collector], part.outcome.duration);
                for namespace in &self.namespaces {
                    namespace.emit(scrape, part.slot.kind(), collector, part.outcome);
                }
                if self.options.exporter_metrics {
                    part.details(scrape, now);
                }
            }
            if self.options.node_build_info {
                emit_build_info(scrape, &self.build);
            }
            Ok(())
        });
        snapshot.expect("the evidence emits what it describes")
    }
}

fn families(namespaces: &[Namespace]) -> Vec<Family> {
    let own = METRICS.into_iter().chain([NODE_BUILD_INFO.desc()]).map(Family::from);
    own.chain(namespaces.iter().flat_map(Namespace::families)).collect()
}
