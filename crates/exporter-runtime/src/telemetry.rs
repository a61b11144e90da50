//! The exporter's own metrics: instrumented with the `prometheus` crate, served through the bridge like anybody's.

use std::sync::{Arc, Mutex, PoisonError};

use exporter_prometheus::RegistryBridge;
use exporter_sdk::{Family, RunError, Snapshot};
use prometheus::{IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::process::ProcessCollector;
use crate::recording::Recording;
use crate::registry::BuildInfo;
use crate::slot::Reason;

/// Handles to the exporter's own metrics, and the way from them to a page.
#[derive(Debug)]
pub(crate) struct Telemetry {
    failures: IntCounterVec,
    web: WebMetrics,
    source: Mutex<(RegistryBridge, Recording)>,
    families: Vec<Family>,
}

impl Telemetry {
    pub(crate) fn new<'a>(
        build: &BuildInfo,
        collectors: impl Iterator<Item = &'a str>,
    ) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let failures = IntCounterVec::new(
            Opts::new(
                "exporter_collector_failures_total",
                "Runs of the collector without samples, by reason.",
            ),
            &["collector", "reason"],
        )?;
        for collector in collectors {
            for reason in Reason::FAILURES {
                failures.with_label_values(&[collector, reason.as_str()]);
            }
        }
        registry.register(Box::new(failures.clone()))?;
        registry.register(Box::new(build_info(build)?))?;
        registry.register(Box::new(ProcessCollector::new()?))?;
        let web = WebMetrics::new(&registry)?;
        let bridge = RegistryBridge::new(registry);
        let families =
            bridge.families().map_err(|error| prometheus::Error::Msg(error.to_string()))?;
        let source = (bridge, Recording::new(Vec::new(), true));
        Ok(Self { failures, web, source: Mutex::new(source), families })
    }

    /// The names that belong to the exporter.
    pub(crate) fn families(&self) -> &[Family] {
        &self.families
    }

    pub(crate) fn web(&self) -> &WebMetrics {
        &self.web
    }

    pub(crate) fn failed(&self, collector: &str, reason: Reason) {
        if Reason::FAILURES.contains(&reason) {
            self.failures.with_label_values(&[collector, reason.as_str()]).inc();
        }
    }

    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, RunError> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let (bridge, recording) = &mut *source;
        recording.run(|scrape| bridge.collect(scrape))
    }
}

fn build_info(build: &BuildInfo) -> prometheus::Result<IntGauge> {
    let opts = Opts::new(
        "exporter_build_info",
        "A metric with the constant value 1, labeled by name and version of the exporter.",
    );
    let gauge = IntGauge::with_opts(
        opts.const_label("name", build.name.clone()).const_label("version", build.version.clone()),
    )?;
    gauge.set(1);
    Ok(gauge)
}

/// What the web server counts.
#[derive(Clone, Debug)]
pub struct WebMetrics {
    requests: IntCounterVec,
    in_flight: IntGauge,
    bytes: IntCounter,
}

impl WebMetrics {
    fn new(registry: &Registry) -> prometheus::Result<Self> {
        let metrics = Self {
            requests: IntCounterVec::new(
                Opts::new(
                    "exporter_http_requests_total",
                    "HTTP requests answered, by status code.",
                ),
                &["code"],
            )?,
            in_flight: IntGauge::new(
                "exporter_http_requests_in_flight",
                "HTTP requests being answered.",
            )?,
            bytes: IntCounter::new(
                "exporter_http_response_bytes_total",
                "Bytes of response bodies handed to the network.",
            )?,
        };
        metrics.requests.with_label_values(&["200"]);
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.in_flight.clone()))?;
        registry.register(Box::new(metrics.bytes.clone()))?;
        Ok(metrics)
    }

    /// A request arrived.
    pub fn begin(&self) {
        self.in_flight.inc();
    }

    /// The head of an answer is ready.
    pub fn answered(&self, code: u16) {
        // Label values are compared by hash alone in that crate; status codes are few and of one length.
        self.requests.with_label_values(&[code.to_string().as_str()]).inc();
    }

    /// A request is over, its body sent or given up.
    pub fn end(&self) {
        self.in_flight.dec();
    }

    /// Part of a body was handed to the network.
    pub fn sent(&self, bytes: usize) {
        self.bytes.inc_by(bytes as u64);
    }
}
