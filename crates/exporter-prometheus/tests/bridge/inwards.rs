//! From the `prometheus` crate to our pages: every kind of metric, and every way to get one wrong.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use exporter_prometheus::{CollectorBridge, RegistryBridge, register_bridge};
use exporter_sdk::{AnyCollector, Context, Kind, Registration};
use prometheus::core::{Collector, Desc};
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType, Quantile,
    Summary, Untyped,
};
use prometheus::{HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry};

use crate::{run, text};

/// A collector of that crate whose families are made by hand.
#[derive(Clone)]
struct ByHand {
    desc: Desc,
    families: Vec<MetricFamily>,
    panics: Arc<AtomicBool>,
}

impl ByHand {
    fn new(families: Vec<MetricFamily>) -> Self {
        let desc = Desc::new("by_hand".into(), "h".into(), Vec::new(), HashMap::new()).unwrap();
        Self { desc, families, panics: Arc::default() }
    }
}

impl Collector for ByHand {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        assert!(!self.panics.load(Ordering::Relaxed), "on purpose");
        self.families.clone()
    }
}

fn family(name: &str, kind: MetricType, metrics: Vec<Metric>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(name.into());
    family.set_help("h".into());
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}

fn histogram(buckets: &[(f64, u64)], count: u64) -> Metric {
    let buckets = buckets.iter().map(|&(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound);
        bucket.set_cumulative_count(count);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_sum(f64::NAN);
    histogram.set_sample_count(count);
    let mut metric = Metric::default();
    metric.set_histogram(histogram);
    metric
}

fn summary(quantiles: &[(f64, f64)], count: u64) -> Metric {
    let quantiles = quantiles.iter().map(|&(at, value)| {
        let mut quantile = Quantile::default();
        quantile.set_quantile(at);
        quantile.set_value(value);
        quantile
    });
    let mut summary = Summary::default();
    summary.set_quantile(quantiles.collect());
    summary.set_sample_sum(1.5);
    summary.set_sample_count(count);
    let mut metric = Metric::default();
    metric.set_summary(summary);
    metric
}

fn counter(labels: &[(&str, &str)], value: f64) -> Metric {
    let labels = labels.iter().map(|&(name, value)| {
        let mut pair = LabelPair::default();
        pair.set_name(name.into());
        pair.set_value(value.into());
        pair
    });
    let mut metric = Metric::from_label(labels.collect());
    let mut counter = Counter::default();
    counter.set_value(value);
    metric.set_counter(counter);
    metric
}

fn gauge(value: f64) -> Metric {
    let mut gauge = Gauge::default();
    gauge.set_value(value);
    Metric::from_gauge(gauge)
}

#[test]
fn what_a_registry_has_comes_over_with_labels_and_values() {
    let registry = Registry::new();
    let opts =
        Opts::new("jobs_total", "Jobs.").const_label("queue", "a\"b").const_label("host", "h");
    let jobs = prometheus::Counter::with_opts(opts).unwrap();
    let depth = IntGauge::new("depth", "Depth.").unwrap();
    let opts = HistogramOpts::new("latency_seconds", "Latency.").buckets(vec![0.005, 1.0, 10.0]);
    let latency = prometheus::Histogram::with_opts(opts.const_label("z", "1")).unwrap();
    registry.register(Box::new(jobs.clone())).unwrap();
    registry.register(Box::new(depth.clone())).unwrap();
    registry.register(Box::new(latency.clone())).unwrap();
    jobs.inc_by(2.5);
    depth.set(-3);
    latency.observe(0.5);
    latency.observe(99.5);

    let mut bridge = RegistryBridge::new(registry);
    let expected = "# HELP depth Depth.\n# TYPE depth gauge\ndepth -3\n\
        # HELP jobs_total Jobs.\n# TYPE jobs_total counter\n\
        jobs_total{host=\"h\",queue=\"a\\\"b\"} 2.5\n\
        # HELP latency_seconds Latency.\n# TYPE latency_seconds histogram\n\
        latency_seconds_bucket{z=\"1\",le=\"0.005\"} 0\n\
        latency_seconds_bucket{z=\"1\",le=\"1\"} 1\n\
        latency_seconds_bucket{z=\"1\",le=\"10\"} 1\n\
        latency_seconds_bucket{z=\"1\",le=\"+Inf\"} 2\n\
        latency_seconds_sum{z=\"1\"} 100\nlatency_seconds_count{z=\"1\"} 2\n";
    assert_eq!(text(run(&mut bridge).unwrap()), expected);
    depth.set(4);
    assert_eq!(text(run(&mut bridge).unwrap()), expected.replace("depth -3", "depth 4"));
    let kinds = bridge.families().unwrap();
    let kinds: Vec<_> = kinds.iter().map(|family| (family.name(), family.kind())).collect();
    let expected = [
        ("depth", Kind::Gauge),
        ("jobs_total", Kind::Counter),
        ("latency_seconds", Kind::Histogram),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn the_default_registry_is_served() {
    let counter = IntCounter::new("default_registry_total", "Of the default registry.").unwrap();
    prometheus::register(Box::new(counter)).unwrap();
    let page = text(run(&mut RegistryBridge::default_registry()).unwrap());
    assert!(page.contains("\ndefault_registry_total 0\n"), "{page}");
}

#[test]
fn one_collector_is_served_with_exact_counts_and_without_its_empty_families() {
    let mut bridge = CollectorBridge::new(ByHand::new(vec![
        family("empty", MetricType::GAUGE, Vec::new()),
        family("h", MetricType::HISTOGRAM, vec![histogram(&[(1e6, 1 << 60)], u64::MAX)]),
        family("i", MetricType::HISTOGRAM, vec![histogram(&[(f64::INFINITY, 3)], 3)]),
        family("s", MetricType::SUMMARY, vec![summary(&[(0.5, 2.0), (0.99, f64::NAN)], u64::MAX)]),
    ]));
    let expected = "# HELP h h\n# TYPE h histogram\nh_bucket{le=\"1e+06\"} 1152921504606846976\n\
        h_bucket{le=\"+Inf\"} 18446744073709551615\nh_sum NaN\nh_count 18446744073709551615\n\
        # HELP i h\n# TYPE i histogram\ni_bucket{le=\"+Inf\"} 3\ni_sum NaN\ni_count 3\n\
        # HELP s h\n# TYPE s summary\ns{quantile=\"0.5\"} 2\ns{quantile=\"0.99\"} NaN\n\
        s_sum 1.5\ns_count 18446744073709551615\n";
    assert_eq!(text(run(&mut bridge).unwrap()), expected);
}

/// In the data model with `protobuf`, where an untyped value can neither be written nor read by what compiles with both.
#[expect(clippy::allow_attributes, reason = "whether it is used depends on the model")]
#[allow(dead_code, reason = "whether it is used depends on the model")]
trait SetUntyped {
    fn set_untyped(&mut self, _: Untyped) {}
}

impl SetUntyped for Metric {}

#[expect(clippy::allow_attributes, reason = "whether it is used depends on the model")]
#[allow(deprecated, reason = "in one model")]
fn untyped(value: f64) -> Metric {
    let (mut metric, mut untyped) = (Metric::default(), Untyped::default());
    untyped.set_value(value);
    metric.set_untyped(untyped);
    metric
}

#[test]
fn untyped_metrics_are_served_or_an_error_but_never_a_wrong_number() {
    let families = vec![family("u", MetricType::UNTYPED, vec![untyped(-2.5)])];
    match run(&mut CollectorBridge::new(ByHand::new(families))) {
        Ok(snapshot) => assert_eq!(text(snapshot), "# HELP u h\n# TYPE u untyped\nu -2.5\n"),
        Err(error) => {
            let error = error.to_string();
            assert!(error.contains("`u`") && error.contains("feature `protobuf`"), "{error}");
            assert!(untyped(1.0) == untyped(2.0), "it could have been read");
        }
    }
}

fn check(families: Vec<MetricFamily>, problem: &str) {
    let good = family("good", MetricType::GAUGE, vec![gauge(1.0)]);
    let all = [vec![good.clone()], families, vec![good]].concat();
    let error = run(&mut CollectorBridge::new(ByHand::new(all))).unwrap_err();
    assert_eq!(error.to_string(), format!("metric {problem}"));
}

#[test]
fn what_cannot_be_served_is_an_error_that_names_the_metric() {
    let counters = |metrics| vec![family("x", MetricType::COUNTER, metrics)];
    let histograms = |metric| vec![family("x", MetricType::HISTOGRAM, vec![metric])];
    check(
        vec![family("x-y", MetricType::GAUGE, vec![gauge(1.0)])],
        "`x-y`: illegal metric name: it must match [a-zA-Z_:][a-zA-Z0-9_:]*",
    );
    check(
        counters(vec![counter(&[("a b", "")], 1.0)]),
        "`x`: illegal label name `a b`: it must match [a-zA-Z_][a-zA-Z0-9_]*",
    );
    check(counters(vec![counter(&[("a", ""), ("a", "")], 1.0)]), "`x`: duplicate label name `a`");
    check(
        counters(vec![counter(&[], 1.0), gauge(2.0)]),
        "`x` of the `prometheus` crate is a counter with a value of a gauge: all metrics of one name must be of one kind",
    );
    check(
        histograms(summary(&[], 1)),
        "`x` of the `prometheus` crate is a histogram with a value of a summary: all metrics of one name must be of one kind",
    );
    check(
        [counters(vec![counter(&[], 1.0)]), histograms(histogram(&[], 1))].concat(),
        "`x`: emitted as a histogram without labels, but described as a counter without labels; give one of the two another name",
    );
    check(
        histograms(histogram(&[(f64::NAN, 1)], 1)),
        "`x`: NaN among the bucket bounds: they must be numbers",
    );
    check(
        histograms(histogram(&[(1.0, 2)], 1)),
        "`x`: bucket 1.0 counts 2, more than the 1 of the histogram: every observation is counted",
    );
}

#[test]
fn what_that_crate_lets_through_in_ordinary_use_is_found() {
    let registry = Registry::new();
    let opts = Opts::new("twice_total", "A label that is constant and variable.");
    let twice = IntCounterVec::new(opts.const_label("a", "1"), &["a"]).unwrap();
    twice.with_label_values(&["2"]).inc();
    registry.register(Box::new(twice)).unwrap();
    let error = run(&mut RegistryBridge::new(registry)).unwrap_err().to_string();
    assert_eq!(error, "metric `twice_total`: duplicate label name `a`");

    let registry = Registry::new();
    let gauge = IntGauge::with_opts(Opts::new("mixed", "h").const_label("a", "1")).unwrap();
    let counter = IntCounter::with_opts(Opts::new("mixed", "h").const_label("a", "2")).unwrap();
    gauge.set(1);
    counter.inc();
    registry.register(Box::new(gauge)).unwrap();
    registry.register(Box::new(counter)).unwrap();
    let error = run(&mut RegistryBridge::new(registry)).unwrap_err().to_string();
    assert!(error.contains("`mixed`") && error.contains("must be of one kind"), "{error}");
}

#[test]
fn a_panic_in_a_foreign_collector_costs_one_run_and_leaves_the_registry_usable() {
    let (registry, foreign) = (Registry::new(), ByHand::new(Vec::new()));
    registry.register(Box::new(foreign.clone())).unwrap();
    let mut bridge = RegistryBridge::new(registry.clone());
    foreign.panics.store(true, Ordering::Relaxed);
    assert!(catch_unwind(AssertUnwindSafe(|| run(&mut bridge))).is_err());
    foreign.panics.store(false, Ordering::Relaxed);
    registry.register(Box::new(IntGauge::new("later", "l").unwrap())).unwrap();
    assert!(text(run(&mut bridge).unwrap()).contains("\nlater 0\n"));
}

register_bridge!("registered", {
    let depth = IntGauge::new("registered_depth", "Depth.")?;
    depth.set(7);
    CollectorBridge::new(depth)
});

#[test]
fn a_registered_bridge_is_a_collector_like_any_other() {
    let registration = Registration::linked().find(|found| found.name == "registered").unwrap();
    assert!(registration.unchecked && registration.default_enabled);
    assert_eq!(registration.origin.package, "exporter-prometheus");
    assert!(registration.origin.file.ends_with("inwards.rs"));
    let mut config = <dyn erased_serde::Deserializer<'_>>::erase(serde_json::json!({}));
    let built = (registration.build)(&mut config, &Context::new("registered")).unwrap();
    let AnyCollector::Blocking(mut built) = built else { panic!("{built:?}") };
    assert!(text(run(&mut *built).unwrap()).ends_with("\nregistered_depth 7\n"));
}
