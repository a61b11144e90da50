//! How the runs of one scrape went, told on the page itself.
//!
//! These families are made for each page from its own runs, like the samples of any collector. Long-lived gauges would mix
//! what overlapping scrapes saw, and could not be limited to the collectors that a request asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use exporter_sdk::{Counter, Desc, Family, Gauge, Scrape, Snapshot};

use crate::build_info::BuildInfo;
use crate::catalog::Catalog;
use crate::node::{NODE_BUILD_INFO, Namespace, emit_build_info};
use crate::options::RegistryOptions;
use crate::recording::Recording;
use crate::run::{Outcome, Reason};
use crate::slot::Slot;

static SUCCESS: Gauge<1> = Gauge::new(
    "exporter_collector_success",
    "Whether the collector's last run succeeded: 1 if its samples are on this page, 0 if not. Absent while \
     exporter_collector_unavailable is there.",
)
.labels(&["collector"]);
static UNAVAILABLE: Gauge<1> = Gauge::new(
    "exporter_collector_unavailable",
    "1 for a collector whose source this machine does not have; absent for all others.",
)
.labels(&["collector"]);
static PARTIAL: Gauge<1> = Gauge::new(
    "exporter_collector_partial",
    "1 for a collector whose last run succeeded and left out what could not be read; absent for all others.",
)
.labels(&["collector"]);
static DURATION: Gauge<1> =
    Gauge::new("exporter_collector_duration_seconds", "How long the collector's run took.")
        .labels(&["collector"]);

static PAGE_SAMPLES: Gauge = Gauge::new(
    "exporter_page_samples",
    "How many samples the collectors of this page emitted, without the exporter's own.",
);
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
    "Runs of the collector that failed, by reason. A series begins with its first failure.",
)
.labels(&["collector", "reason"]);
static DUPLICATES: Counter<1> = Counter::new(
    "exporter_collector_duplicate_samples_total",
    "Samples of the collector that were dropped because the same run had one of that series before. A series begins with \
     the first.",
)
.labels(&["collector"]);

const METRICS: [&Desc; 9] = [
    SUCCESS.desc(),
    UNAVAILABLE.desc(),
    PARTIAL.desc(),
    DURATION.desc(),
    PAGE_SAMPLES.desc(),
    SAMPLES.desc(),
    AGE.desc(),
    FAILURES.desc(),
    DUPLICATES.desc(),
];

/// Whether a family is on every page, because it says how complete the page is.
pub(crate) fn is_always_there(family: &Family) -> bool {
    let always = [SUCCESS.desc(), UNAVAILABLE.desc(), PARTIAL.desc(), DURATION.desc()];
    always.iter().any(|desc| desc.name() == family.name())
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
    /// How its run went, which is on every page.
    fn emit_result(&self, scrape: &mut Scrape<'_>) {
        let collector = self.slot.name();
        match &self.outcome.result {
            Ok(snapshot) => {
                scrape.emit(&SUCCESS, [collector], 1);
                if !snapshot.omissions().is_empty() {
                    scrape.emit(&PARTIAL, [collector], 1);
                }
            }
            // An alert for failures is not to fire on every machine without that source.
            Err(failure) if failure.reason == Reason::Unavailable => {
                scrape.emit(&UNAVAILABLE, [collector], 1);
            }
            Err(_) => scrape.emit(&SUCCESS, [collector], 0),
        }
        scrape.emit(&DURATION, [collector], self.outcome.duration);
    }

    /// What else there is to report of it, which costs a healthy collector without `min_interval` no series.
    fn emit_details(&self, scrape: &mut Scrape<'_>, now: Instant) {
        let (collector, counters) = (self.slot.name(), &self.slot.counters);
        if self.cached && self.outcome.result.is_ok() {
            scrape.emit(&AGE, [collector], now.saturating_duration_since(self.outcome.finished));
        }
        for (reason, count) in counters.failures().filter(|(_, count)| *count > 0) {
            scrape.emit(&FAILURES, [collector, reason.as_str()], count);
        }
        if counters.duplicates() > 0 {
            scrape.emit(&DUPLICATES, [collector], counters.duplicates());
        }
    }

    fn samples(&self) -> usize {
        self.outcome.result.as_ref().map_or(0, |snapshot| snapshot.samples())
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

    /// What a page says of its own runs; `whole` for a page of every collector.
    pub(crate) fn snapshot(&self, parts: &[Part<'_>], whole: bool) -> Arc<Snapshot> {
        let mut recording = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let snapshot = recording.record(|scrape| {
            for part in parts {
                part.emit_result(scrape);
                for namespace in &self.namespaces {
                    namespace.emit(scrape, part.slot.kind(), part.slot.name(), part.outcome);
                }
                if self.options.exporter_metrics {
                    part.emit_details(scrape, now);
                }
            }
            if self.options.exporter_metrics {
                self.emit_samples(scrape, parts, whole);
            }
            if self.options.node_build_info {
                emit_build_info(scrape, &self.build);
            }
            Ok(())
        });
        snapshot.expect("the evidence emits what it describes")
    }

    fn emit_samples(&self, scrape: &mut Scrape<'_>, parts: &[Part<'_>], whole: bool) {
        if whole {
            scrape.emit(&PAGE_SAMPLES, (), parts.iter().map(Part::samples).sum::<usize>());
        }
        if self.options.collector_samples {
            for part in parts {
                scrape.emit(&SAMPLES, [part.slot.name()], part.samples());
            }
        }
    }
}

fn families(namespaces: &[Namespace]) -> Vec<Family> {
    let own = METRICS.into_iter().chain([NODE_BUILD_INFO.desc()]).map(Family::from);
    own.chain(namespaces.iter().flat_map(Namespace::families)).collect()
}
