//! Bridge from the `prometheus` crate: what was instrumented with it is served beside our own collectors.
//!
//! [`RegistryBridge`] reads a `prometheus::Registry` and emits its families into a scrape. Nothing of that crate's encoder
//! is used, so its defects end here: a family that cannot be exposed is an error of the run that reads it, never a broken
//! page.
//!
//! The crate has two data models, chosen by its feature `protobuf`, and any package in a build can switch that on for all
//! others. This bridge reads either.

#![forbid(unsafe_code)]

mod model;

use std::collections::HashMap;

use exporter_sdk::{Error, Family, Kind, Result, Scrape};
use prometheus::Registry;
use prometheus::proto::{Metric, MetricFamily, MetricType};

use crate::model::{counter_value, gauge_value};

/// Serves a `prometheus::Registry`, gauges and counters, through a scrape.
#[derive(Debug)]
pub struct RegistryBridge {
    registry: Registry,
    /// The families of earlier scrapes by name: they hardly ever change.
    families: HashMap<String, Family>,
}

impl RegistryBridge {
    /// A bridge from `registry`.
    pub fn new(registry: Registry) -> Self {
        Self { registry, families: HashMap::new() }
    }

    /// Emits everything that the registry gathers. The collector that calls this is
    /// [unchecked](exporter_sdk::Collector::UNCHECKED), unless it described the families.
    ///
    /// # Errors
    ///
    /// When a family has a name that is not legal, or a kind that cannot be served. No sample of the run is exposed then.
    pub fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result {
        for gathered in self.registry.gather() {
            let family = self.family(&gathered)?;
            for metric in gathered.get_metric() {
                let value = value(metric, family.kind());
                let labels: Vec<_> =
                    metric.get_label().iter().map(|pair| (pair.name(), pair.value())).collect();
                scrape.emit_pairs(&family, &labels, value);
            }
        }
        Ok(())
    }

    fn family(&mut self, gathered: &MetricFamily) -> Result<Family> {
        let kind = kind(gathered)?;
        if let Some(known) = self.families.get(gathered.name())
            && known.kind() == kind
            && known.help() == gathered.help()
        {
            return Ok(known.clone());
        }
        let name = gathered.name().to_owned();
        let family = Family::of_kind(kind, name.clone(), gathered.help().to_owned()).build()?;
        self.families.insert(name, family.clone());
        Ok(family)
    }
}

fn kind(family: &MetricFamily) -> Result<Kind> {
    match family.get_field_type() {
        MetricType::COUNTER => Ok(Kind::Counter),
        MetricType::GAUGE => Ok(Kind::Gauge),
        other => Err(Error::from(format!(
            "metric `{}` of the `prometheus` registry is a {other:?}: only gauges and counters can be served",
            family.name(),
        ))),
    }
}

fn value(metric: &Metric, kind: Kind) -> f64 {
    match kind {
        Kind::Counter => counter_value(metric.get_counter()),
        _ => gauge_value(metric.get_gauge()),
    }
}

#[cfg(test)]
mod tests {
    use exporter_sdk::{Recorder, RunError, Snapshot};
    use prometheus::{Counter, Histogram, HistogramOpts, IntGauge, Opts};

    use super::*;

    fn run(bridge: &mut RegistryBridge) -> Result<Snapshot, RunError> {
        Recorder::new(Vec::new(), true).record(None, |scrape| bridge.collect(scrape))
    }

    fn lines(snapshot: &Snapshot) -> Vec<String> {
        let lines = snapshot.families().iter().flat_map(|samples| {
            let (name, kind) = (samples.family().name(), samples.family().kind());
            samples.iter().map(move |sample| {
                format!("{kind} {name}{{{}}} {}", sample.labels(), sample.value().as_f64())
            })
        });
        lines.collect()
    }

    #[test]
    fn gauges_and_counters_come_over_with_labels_and_values() {
        let registry = Registry::new();
        let opts =
            Opts::new("jobs_total", "Jobs.").const_label("queue", "a\"b").const_label("host", "h");
        let counter = Counter::with_opts(opts).unwrap();
        let gauge = IntGauge::new("depth", "Depth.").unwrap();
        registry.register(Box::new(counter.clone())).unwrap();
        registry.register(Box::new(gauge.clone())).unwrap();
        counter.inc_by(2.5);
        gauge.set(-3);

        let mut bridge = RegistryBridge::new(registry);
        let expected = ["gauge depth{} -3", "counter jobs_total{host=\"h\",queue=\"a\\\"b\"} 2.5"];
        assert_eq!(lines(&run(&mut bridge).unwrap()), expected);
        gauge.set(4);
        assert_eq!(lines(&run(&mut bridge).unwrap())[0], "gauge depth{} 4");
    }

    #[test]
    fn what_cannot_be_served_is_an_error_that_names_the_metric() {
        let registry = Registry::new();
        let histogram = Histogram::with_opts(HistogramOpts::new("latency_seconds", "l")).unwrap();
        registry.register(Box::new(histogram)).unwrap();
        let error = run(&mut RegistryBridge::new(registry)).unwrap_err().to_string();
        assert!(error.contains("`latency_seconds`") && error.contains("HISTOGRAM"), "{error}");
    }
}
