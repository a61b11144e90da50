//! Families of the `prometheus` crate, emitted as samples of ours. That crate merges whatever has one name, and checks
//! hardly anything of what collectors make by hand, so what matters is checked here and in the SDK.

use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

use exporter_sdk::{Family, HistogramValue, Kind, Result, Scrape, SummaryValue};
use prometheus::proto::{Metric, MetricFamily, MetricType};

use crate::model::{counter_value, gauge_value, is_set, untyped_value};

/// Emits families, and remembers them, because they hardly ever change.
#[derive(Debug, Default)]
pub(crate) struct Emitter {
    families: HashMap<String, Family>,
}

impl Emitter {
    pub(crate) fn emit(&mut self, gathered: &[MetricFamily], scrape: &mut Scrape<'_>) -> Result {
        // Names that come and go do not pile up.
        if self.families.len() > 2 * gathered.len() {
            self.families.clear();
        }
        for gathered in gathered.iter().filter(|gathered| !gathered.get_metric().is_empty()) {
            let family = self.family(gathered)?;
            for metric in gathered.get_metric() {
                emit_metric(&family, metric, scrape)?;
            }
        }
        Ok(())
    }

    fn family(&mut self, gathered: &MetricFamily) -> Result<Family> {
        if let Some(known) = self.families.get(gathered.name())
            && known.kind() == kind(gathered.get_field_type())
            && known.help() == gathered.help()
        {
            return Ok(known.clone());
        }
        let family = family(gathered)?;
        self.families.insert(gathered.name().to_owned(), family.clone());
        Ok(family)
    }
}

/// The family as ours. It names no labels, because each metric brings its own.
pub(crate) fn family(gathered: &MetricFamily) -> Result<Family> {
    let (name, help) = (gathered.name().to_owned(), gathered.help().to_owned());
    Ok(Family::of_kind(kind(gathered.get_field_type()), name, help).build()?)
}

fn kind(of: MetricType) -> Kind {
    match of {
        MetricType::COUNTER => Kind::Counter,
        MetricType::GAUGE => Kind::Gauge,
        MetricType::HISTOGRAM => Kind::Histogram,
        MetricType::SUMMARY => Kind::Summary,
        MetricType::UNTYPED => Kind::Unknown,
    }
}

fn emit_metric(family: &Family, metric: &Metric, scrape: &mut Scrape<'_>) -> Result {
    check_kind(family, metric)?;
    let labels: Vec<_> =
        metric.get_label().iter().map(|pair| (pair.name(), pair.value())).collect();
    let time = u64::try_from(metric.timestamp_ms()).ok().filter(|time| *time != 0);
    scrape.set_timestamp(time.map(|time| UNIX_EPOCH + Duration::from_millis(time)));
    match family.kind() {
        Kind::Counter => scrape.emit_pairs(family, &labels, counter_value(metric.get_counter())),
        Kind::Gauge | Kind::Info => {
            scrape.emit_pairs(family, &labels, gauge_value(metric.get_gauge()));
        }
        Kind::Histogram => emit_histogram(family, &labels, metric, scrape),
        Kind::Summary => emit_summary(family, &labels, metric, scrape),
        Kind::Unknown => {
            let value = untyped_value(metric).ok_or_else(|| unreadable(family))?;
            scrape.emit_pairs(family, &labels, value);
        }
    }
    Ok(())
}

fn emit_histogram(
    family: &Family,
    labels: &[(&str, &str)],
    metric: &Metric,
    scrape: &mut Scrape<'_>,
) {
    let histogram = metric.get_histogram();
    let buckets = histogram.get_bucket().iter();
    let buckets: Vec<_> =
        buckets.map(|bucket| (bucket.upper_bound(), bucket.cumulative_count())).collect();
    let (sum, count) = (histogram.get_sample_sum(), histogram.get_sample_count());
    scrape.emit_histogram_pairs(family, labels, &HistogramValue { buckets: &buckets, sum, count });
}

fn emit_summary(
    family: &Family,
    labels: &[(&str, &str)],
    metric: &Metric,
    scrape: &mut Scrape<'_>,
) {
    let summary = metric.get_summary();
    let quantiles = summary.get_quantile().iter();
    let quantiles: Vec<_> =
        quantiles.map(|quantile| (quantile.quantile(), quantile.value())).collect();
    let (sum, count) = (summary.sample_sum(), summary.sample_count());
    scrape.emit_summary_pairs(family, labels, &SummaryValue { quantiles: &quantiles, sum, count });
}

/// Finds a metric of another kind than its family: that crate's registry merges what has one name, and its encoder would
/// write such a metric as 0. In the model without `protobuf`, a value of 0 cannot be told from none at all.
fn check_kind(family: &Family, metric: &Metric) -> Result {
    let kind = family.kind();
    let others = [
        (Kind::Counter, is_set(metric.get_counter())),
        (Kind::Gauge, is_set(metric.get_gauge())),
        (Kind::Histogram, is_set(metric.get_histogram())),
        (Kind::Summary, is_set(metric.get_summary())),
        (Kind::Unknown, untyped_value(metric).is_some_and(|value| value != 0.0)),
    ];
    match others.into_iter().find(|&(other, set)| set && other != kind) {
        Some((other, _)) => Err(format!(
            "metric `{}` of the `prometheus` crate is a {kind} with a value of a {other}: all metrics of one name must be of one kind",
            family.name(),
        )
        .into()),
        None => Ok(()),
    }
}

fn unreadable(family: &Family) -> String {
    format!(
        "metric `{}` of the `prometheus` crate is untyped, which cannot be read where that crate has its feature `protobuf`: make it a gauge",
        family.name(),
    )
}
