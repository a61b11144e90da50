//! The exporter's own metrics: instrumented with the `prometheus` crate, served through the bridge like anybody's.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use exporter_prometheus::RegistryBridge;
use exporter_sdk::{Family, RunError, Snapshot};
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::build_info::BuildInfo;
use crate::process::ProcessCollector;
use crate::recording::Recording;

/// Handles to the exporter's own metrics, and the way from them to a page.
#[derive(Debug)]
pub(crate) struct Telemetry {
    reload_successful: IntGauge,
    reload_timestamp: Gauge,
    web: WebMetrics,
    source: Mutex<(RegistryBridge, Recording)>,
    families: Vec<Family>,
}

impl Telemetry {
    pub(crate) fn new(build: &BuildInfo) -> prometheus::Result<Self> {
        let registry = Registry::new();
        let reload_successful = IntGauge::new(
            "exporter_config_last_reload_successful",
            "Whether the last configuration reload attempt was successful.",
        )?;
        let reload_timestamp = Gauge::new(
            "exporter_config_last_reload_success_timestamp_seconds",
            "Timestamp of the last successful configuration reload.",
        )?;
        registry.register(Box::new(reload_successful.clone()))?;
        registry.register(Box::new(reload_timestamp.clone()))?;
        registry.register(Box::new(build_info(build)?))?;
        registry.register(Box::new(ProcessCollector::new()?))?;
        let web = WebMetrics::new(&registry)?;
        let bridge = RegistryBridge::new(registry);
        let families =
            bridge.families().map_err(|error| prometheus::Error::Msg(error.to_string()))?;
        web.forget();
        let source = (bridge, Recording::of(Vec::new(), true));
        Ok(Self { reload_successful, reload_timestamp, web, source: Mutex::new(source), families })
    }

    /// A configuration was loaded, or could not be.
    pub(crate) fn reloaded(&self, successful: bool) {
        self.reload_successful.set(successful.into());
        if successful && let Ok(now) = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
            self.reload_timestamp.set(now.as_secs_f64());
        }
    }

    /// The names that belong to the exporter.
    pub(crate) fn families(&self) -> &[Family] {
        &self.families
    }

    pub(crate) fn web(&self) -> &WebMetrics {
        &self.web
    }

    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, RunError> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let (bridge, recording) = &mut *source;
        recording.record(|scrape| bridge.collect(scrape))
    }
}

fn build_info(build: &BuildInfo) -> prometheus::Result<IntGauge> {
    let help = "A metric with the constant value 1, labeled by what the exporter is and from what it was built.";
    let opts = Opts::new("exporter_build_info", help);
    let opts =
        build.labels().into_iter().fold(opts, |opts, (name, value)| opts.const_label(name, value));
    let gauge = IntGauge::with_opts(opts)?;
    gauge.set(1);
    Ok(gauge)
}

/// What the web server counts.
#[derive(Clone, Debug)]
pub struct WebMetrics {
    requests: IntCounterVec,
    in_flight: IntGauge,
    bytes: IntCounter,
    refused: IntCounterVec,
    config_successful: IntGauge,
}

/// Why a client got nothing, or lost its connection, for other reasons than what it asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Too many connections.
    Connections,
    /// The connection made room for another one.
    Evicted,
    /// The TLS handshake failed, or took too long.
    Handshake,
    /// Too many passwords that are being checked.
    Logins,
    /// What came is no request, or too large for one.
    Malformed,
    /// `rate_limit` of the web configuration.
    RateLimit,
    /// Its head did not arrive in time.
    ReadTimeout,
    /// Too many requests at once.
    Requests,
    /// The client did not read in time what it had asked for.
    SlowReader,
    /// No password or token, or a wrong one.
    Unauthenticated,
    /// Too many pages wait for clients that do not read them.
    Unread,
}

impl Refusal {
    /// The value of the label `reason`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::Evicted => "evicted",
            Self::Handshake => "handshake",
            Self::Logins => "logins",
            Self::Malformed => "malformed",
            Self::RateLimit => "rate_limit",
            Self::ReadTimeout => "read_timeout",
            Self::Requests => "requests",
            Self::SlowReader => "slow_reader",
            Self::Unauthenticated => "unauthenticated",
            Self::Unread => "unread_pages",
        }
    }
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
            refused: IntCounterVec::new(
                Opts::new(
                    "exporter_http_refused_total",
                    "Requests that were refused and connections that were ended, by reason.",
                ),
                &["reason"],
            )?,
            config_successful: IntGauge::new(
                "exporter_web_config_last_reload_successful",
                "Whether the web configuration could be used when its files last changed.",
            )?,
        };
        // A family without a series is not gathered, so its name could not be claimed.
        metrics.requests.with_label_values(&["200"]);
        metrics.refused.with_label_values(&[Refusal::Malformed.as_str()]);
        metrics.config_successful.set(1);
        registry.register(Box::new(metrics.refused.clone()))?;
        registry.register(Box::new(metrics.config_successful.clone()))?;
        registry.register(Box::new(metrics.requests.clone()))?;
        registry.register(Box::new(metrics.in_flight.clone()))?;
        registry.register(Box::new(metrics.bytes.clone()))?;
        Ok(metrics)
    }

    /// Removes the series of reasons that did not occur.
    fn forget(&self) {
        self.refused.reset();
    }

    /// A request arrived; it is over when what is returned is dropped.
    pub fn begin(&self) -> RequestInFlight {
        self.in_flight.inc();
        RequestInFlight(self.in_flight.clone())
    }

    /// The head of an answer is ready.
    pub fn answered(&self, code: u16) {
        // Label values are compared by hash alone in that crate; status codes are few and of one length.
        self.requests.with_label_values(&[code.to_string().as_str()]).inc();
    }

    /// A request was refused.
    pub fn refused(&self, refusal: Refusal) {
        self.refused.with_label_values(&[refusal.as_str()]).inc();
    }

    /// The web configuration was read again, or could not be used.
    pub fn config_read(&self, successful: bool) {
        self.config_successful.set(successful.into());
    }

    /// Part of a body was handed to the network.
    pub fn sent(&self, bytes: usize) {
        self.bytes.inc_by(bytes as u64);
    }
}

/// A request that is being answered, until its body was sent or given up.
#[derive(Debug)]
pub struct RequestInFlight(IntGauge);

impl Drop for RequestInFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_by_reason_has_its_name_from_the_start_and_series_from_the_first_time() {
        let telemetry = Telemetry::new(&BuildInfo::new("test", "0")).unwrap();
        let refused = "exporter_http_refused_total";
        assert!(telemetry.families().iter().any(|family| family.name() == refused));
        let series = || {
            let snapshot = telemetry.snapshot().unwrap();
            let family = snapshot.families().iter().find(|it| it.family().name() == refused);
            family.map_or(0, |samples| samples.iter().count())
        };
        assert_eq!(series(), 0);
        telemetry.web().refused(Refusal::Requests);
        assert_eq!(series(), 1);
    }
}
