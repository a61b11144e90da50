//! Snapshots as the `prometheus` crate wants them, made with the setters that both of its data models have.

use std::mem;

use exporter_sdk::{FamilySamples, Kind, Part, Sample, Snapshot, Value};
use prometheus::proto::{
    Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType, Quantile,
    Summary,
};

/// The families of a snapshot. Those without samples are left out: a single one would fail that crate's whole page.
pub(crate) fn families(snapshot: &Snapshot) -> Vec<MetricFamily> {
    snapshot.families().iter().filter(|samples| !samples.is_empty()).map(family).collect()
}

fn family(samples: &FamilySamples) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(samples.family().name().to_owned());
    family.set_help(samples.family().help().to_owned());
    let (kind, metrics) = match samples.family().kind() {
        Kind::Counter => (MetricType::COUNTER, samples.iter().map(|s| counter(&s)).collect()),
        // That crate's encoder panics at what is untyped; Prometheus treats a gauge no different.
        Kind::Gauge | Kind::Info | Kind::Unknown => {
            (MetricType::GAUGE, samples.iter().map(|s| gauge(&s)).collect())
        }
        Kind::Histogram => (MetricType::HISTOGRAM, put_together(samples, Parts::into_histogram)),
        Kind::Summary => (MetricType::SUMMARY, put_together(samples, Parts::into_summary)),
    };
    family.set_field_type(kind);
    family.set_metric(metrics);
    family
}

fn counter(sample: &Sample<'_>) -> Metric {
    let mut counter = Counter::default();
    counter.set_value(sample.value().as_f64());
    let mut metric = metric_of(sample);
    metric.set_counter(counter);
    metric
}

fn gauge(sample: &Sample<'_>) -> Metric {
    let mut gauge = Gauge::default();
    gauge.set_value(sample.value().as_f64());
    let mut metric = metric_of(sample);
    metric.set_gauge(gauge);
    metric
}

/// A metric with the labels and the time of a sample, and no value yet.
fn metric_of(sample: &Sample<'_>) -> Metric {
    let mut metric = Metric::from_label(labels(&sample.labels()));
    if let Some(timestamp) = sample.timestamp() {
        metric.set_timestamp_ms(timestamp);
    }
    metric
}

/// The lines of one histogram or summary, as far as they were read.
#[derive(Default)]
struct Parts {
    buckets: Vec<Bucket>,
    quantiles: Vec<Quantile>,
    sum: f64,
}

impl Parts {
    fn into_histogram(self, metric: &mut Metric, count: u64) {
        let mut histogram = Histogram::default();
        histogram.set_bucket(self.buckets);
        histogram.set_sample_sum(self.sum);
        histogram.set_sample_count(count);
        metric.set_histogram(histogram);
    }

    fn into_summary(self, metric: &mut Metric, count: u64) {
        let mut summary = Summary::default();
        summary.set_quantile(self.quantiles);
        summary.set_sample_sum(self.sum);
        summary.set_sample_count(count);
        metric.set_summary(summary);
    }
}

/// Puts lines together that belong to one sample, of which the count is the last.
fn put_together(samples: &FamilySamples, finish: fn(Parts, &mut Metric, u64)) -> Vec<Metric> {
    let (mut metrics, mut parts) = (Vec::new(), Parts::default());
    for sample in samples.iter() {
        match sample.part() {
            // That crate's encoder adds it, and would misspell one that is there already.
            Part::Bucket(f64::INFINITY) | Part::Whole => {}
            Part::Bucket(bound) => parts.buckets.push(bucket(bound, sample.value())),
            Part::Quantile(at) => parts.quantiles.push(quantile(at, sample.value())),
            Part::Sum => parts.sum = sample.value().as_f64(),
            Part::Count => {
                let mut metric = metric_of(&sample);
                finish(mem::take(&mut parts), &mut metric, count(sample.value()));
                metrics.push(metric);
            }
        }
    }
    metrics
}

fn bucket(bound: f64, value: Value) -> Bucket {
    let mut bucket = Bucket::default();
    bucket.set_upper_bound(bound);
    bucket.set_cumulative_count(count(value));
    bucket
}

fn quantile(at: f64, value: Value) -> Quantile {
    let mut quantile = Quantile::default();
    quantile.set_quantile(at);
    quantile.set_value(value.as_f64());
    quantile
}

/// Counts are recorded as unsigned integers.
fn count(value: Value) -> u64 {
    if let Value::Uint(count) = value { count } else { 0 }
}

/// Takes `a="x",b="y"` apart, in which the values are escaped.
fn labels(text: &str) -> Vec<LabelPair> {
    let (mut pairs, mut rest) = (Vec::new(), text);
    while let Some((name, behind)) = rest.split_once("=\"") {
        let (value, behind) = unescape(behind);
        let mut pair = LabelPair::default();
        pair.set_name(name.to_owned());
        pair.set_value(value);
        pairs.push(pair);
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
    pairs
}

/// The value up to the next quote that is not escaped, and what is behind that.
fn unescape(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => value.extend(characters.next().map(|c| if c == 'n' { '\n' } else { c })),
            _ => value.push(character),
        }
    }
    (value, characters.as_str())
}
