//! The same series as the lab exporter's `bulk` (or, with none, the reference exporter's two), made as the users of the
//! Rust client libraries make values at scrape time: with a collector that builds its families, where there is such a
//! thing.

pub(crate) mod measured;
pub(crate) mod metrics;

use std::collections::HashMap;
use std::time::SystemTime;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use rand::RngExt as _;

/// The label values, made once.
#[derive(Debug)]
pub(crate) struct Bulk {
    labels: Vec<[String; 2]>,
}

impl Bulk {
    pub(crate) fn new(series: usize) -> Self {
        let labels = |i| [format!("session-{i}"), format!("node-{}", i % 97)];
        Self { labels: (0..series / 2).map(labels).collect() }
    }

    /// Calls `emit` with the label values and the value of each gauge.
    pub(crate) fn gauges(&self, mut emit: impl FnMut(&str, &str, f64)) {
        let mut rng = rand::rng();
        if self.labels.is_empty() {
            let (l1, l2) =
                (rng.random_range(0..1111).to_string(), rng.random_range(0..2222).to_string());
            emit(&l1, &l2, rng.random_range(0..999_999).into());
        }
        for [session, node] in &self.labels {
            emit(session, node, rng.random::<f64>() * 1e6);
        }
    }

    /// Calls `emit` with the label values and the value of each counter.
    pub(crate) fn counters(&self, mut emit: impl FnMut(&str, &str, u64)) {
        let now =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_secs());
        if self.labels.is_empty() {
            let mut rng = rand::rng();
            let (l3, l4) =
                (rng.random_range(0..2222).to_string(), rng.random_range(0..3222).to_string());
            emit(&l3, &l4, now);
        }
        for [session, node] in &self.labels {
            emit(session, node, now);
        }
    }
}

/// For the `prometheus` crate.
pub(crate) struct PrometheusCrate {
    bulk: Bulk,
    descs: [Desc; 2],
}

impl PrometheusCrate {
    pub(crate) fn new(bulk: Bulk) -> prometheus::Result<Self> {
        let labels = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        let consts = HashMap::from([("static_example".to_owned(), "I am static value".to_owned())]);
        let gauge =
            Desc::new("my_gauge".into(), "gauge_help_tag".into(), labels(["l1", "l2"]), consts)?;
        let counter = Desc::new(
            "my_counter".into(),
            "counter_help_tag".into(),
            labels(["l3", "l4"]),
            HashMap::new(),
        )?;
        Ok(Self { bulk, descs: [gauge, counter] })
    }
}

fn pair(name: &str, value: &str) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

fn family(name: &str, help: &str, kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.to_owned());
    family.set_help(help.to_owned());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}

impl Collector for PrometheusCrate {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    #[expect(clippy::cast_precision_loss, reason = "the crate knows no integers")]
    fn collect(&self) -> Vec<MetricFamily> {
        let mut gauges = Vec::with_capacity(self.bulk.labels.len());
        self.bulk.gauges(|l1, l2, value| {
            let mut gauge = Gauge::default();
            gauge.set_value(value);
            let labels =
                vec![pair("l1", l1), pair("l2", l2), pair("static_example", "I am static value")];
            let mut metric = Metric::from_label(labels);
            metric.set_gauge(gauge);
            gauges.push(metric);
        });
        let mut counters = Vec::with_capacity(self.bulk.labels.len());
        self.bulk.counters(|l3, l4, value| {
            let mut counter = Counter::default();
            counter.set_value(value as f64);
            let mut metric = Metric::from_label(vec![pair("l3", l3), pair("l4", l4)]);
            metric.set_counter(counter);
            counters.push(metric);
        });
        vec![
            family("my_gauge", "gauge_help_tag", MetricType::GAUGE, gauges),
            family("my_counter", "counter_help_tag", MetricType::COUNTER, counters),
        ]
    }
}

/// For prometheus-client. It appends `_total` to the names of counters, so its counter has a shorter name, and the page
/// the same size.
#[derive(Debug)]
pub(crate) struct PrometheusClient(pub(crate) Bulk);

impl prometheus_client::collector::Collector for PrometheusClient {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut outcome = Ok(());
        let sample = ConstGauge::new(0.0);
        let mut family =
            encoder.encode_descriptor("my_gauge", "gauge_help_tag", None, sample.metric_type())?;
        self.0.gauges(|l1, l2, value| {
            let labels = [("l1", l1), ("l2", l2), ("static_example", "I am static value")];
            let written = family
                .encode_family(&labels)
                .and_then(|sample| ConstGauge::new(value).encode(sample));
            outcome = outcome.and(written);
        });
        let sample = ConstCounter::new(0_u64);
        let mut family =
            encoder.encode_descriptor("my_c", "counter_help_tag", None, sample.metric_type())?;
        self.0.counters(|l3, l4, value| {
            let labels = [("l3", l3), ("l4", l4)];
            let written = family
                .encode_family(&labels)
                .and_then(|sample| ConstCounter::new(value).encode(sample));
            outcome = outcome.and(written);
        });
        outcome
    }
}
