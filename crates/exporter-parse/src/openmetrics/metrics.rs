//! What has to hold between the samples of a family: which make a metric, and which a point of it (sections "Metric",
//! "MetricPoint", and "Metric Types").

use std::collections::HashMap;

use crate::buckets::{Histogram, error, quantile};
use crate::cursor::Result;
use crate::model::{Family, Kind, Sample};

/// The labels of a metric, sorted by their names. An empty one is as if it was not there.
type Labels<'a> = Vec<&'a (String, String)>;

/// Checks that the samples of each metric stand together, and so do those of each point, which are whole.
pub(super) fn check(family: &Family) -> Result<()> {
    let own = own_label(family);
    let labels: Vec<Labels<'_>> = family.samples.iter().map(|sample| labels(sample, own)).collect();
    let mut samples = family.samples.as_slice();
    let mut ends: HashMap<&Labels<'_>, usize> = HashMap::with_capacity(labels.len());
    for same in labels.chunk_by(PartialEq::eq) {
        let (metric, others) = samples.split_at(same.len());
        if let Some(end) = ends.insert(&same[0], metric[metric.len() - 1].line) {
            return error(
                &metric[0],
                format!(
                    "the samples of one metric of `{}` must stand together; others with these labels end in line {end}",
                    family.name
                ),
            );
        }
        points(family, own, metric)?;
        samples = others;
    }
    Ok(())
}

/// The label that tells the samples of one point from each other.
fn own_label(family: &Family) -> Option<&str> {
    match family.kind {
        Kind::Histogram | Kind::GaugeHistogram => Some("le"),
        Kind::Summary => Some("quantile"),
        Kind::StateSet => Some(&family.name),
        Kind::Counter | Kind::Gauge | Kind::Info | Kind::Unknown => None,
    }
}

fn labels<'a>(sample: &'a Sample, own: Option<&str>) -> Labels<'a> {
    let is_of_metric =
        |(name, value): &&(String, String)| !value.is_empty() && Some(name.as_str()) != own;
    let mut labels: Labels<'_> = sample.labels.iter().filter(is_of_metric).collect();
    labels.sort_unstable();
    labels
}

/// Checks the points of a metric: one after the other, in the order of their times.
fn points<'a>(family: &Family, own: Option<&str>, metric: &'a [Sample]) -> Result<()> {
    if metric.len() == 1 {
        return point(family, metric);
    }
    let mut start = 0;
    // The samples of a point, each with its line, differ in their names, or in this label.
    let mut series: HashMap<(&'a str, Option<&'a str>), usize> =
        HashMap::with_capacity(metric.len());
    for (at, sample) in metric.iter().enumerate() {
        let key = (sample.name.as_str(), own.and_then(|own| sample.label(own)));
        let repeated = series.insert(key, sample.line);
        if at > 0 && is_next(&metric[at - 1], sample, repeated)? {
            point(family, &metric[start..at])?;
            start = at;
            series.clear();
            series.insert(key, sample.line);
        }
    }
    point(family, &metric[start..])
}

/// Whether a sample begins another point than the one before it is of. `repeated` is the line of the same series in
/// that point.
fn is_next(before: &Sample, sample: &Sample, repeated: Option<usize>) -> Result<bool> {
    let line = before.line;
    match (before.timestamp, sample.timestamp) {
        (None, None) => repeated.map_or(Ok(false), |line| {
            error(sample, format!("the series was in line {line} already"))
        }),
        (Some(earlier), Some(time)) if time < earlier => error(
            sample,
            format!("the time of this metric goes back: it was {earlier} in line {line}"),
        ),
        (Some(earlier), Some(time)) => Ok(time > earlier || repeated.is_some()),
        (Some(_), None) => error(
            sample,
            format!("the metric has no time stamp here, but in line {line}; write all or none"),
        ),
        (None, Some(_)) => error(
            sample,
            format!("the metric has a time stamp here, but none in line {line}; write all or none"),
        ),
    }
}

/// Checks that the samples of a point are whole.
fn point(family: &Family, samples: &[Sample]) -> Result<()> {
    match family.kind {
        Kind::Counter => total(family, samples),
        Kind::Histogram | Kind::GaugeHistogram => histogram(family, samples),
        Kind::Summary => quantiles(samples),
        Kind::Gauge | Kind::Info | Kind::StateSet | Kind::Unknown => Ok(()),
    }
}

fn total(family: &Family, samples: &[Sample]) -> Result<()> {
    let is_total = |sample: &Sample| sample.name.ends_with("_total");
    match samples.first() {
        Some(created) if !samples.iter().any(is_total) => error(
            created,
            format!("`{}` needs a sample `{}_total` beside it", created.name, family.name),
        ),
        _ => Ok(()),
    }
}

fn histogram(family: &Family, samples: &[Sample]) -> Result<()> {
    let mut histogram = Histogram::default();
    samples.iter().try_for_each(|sample| histogram.add(&family.name, sample))?;
    histogram.check(&family.name)?;
    let endings = match family.kind {
        Kind::GaugeHistogram => ["_gsum", "_gcount"],
        _ => ["_sum", "_count"],
    };
    let [sum, count] = endings.map(|ending| format!("{}{ending}", family.name));
    match (histogram.sum, histogram.count, histogram.negative) {
        (Some(sample), _, Some(_)) | (None, Some(sample), Some(_))
            if family.kind == Kind::Histogram =>
        {
            let message =
                format!("a histogram with a bucket below 0 has no `{sum}`, and no `{count}`");
            error(sample, message)
        }
        (Some(sample), _, None) if sample.value < 0.0 => error(
            sample,
            format!("`{sum}` is {}; it cannot be less than 0 where no bucket is", sample.value),
        ),
        (Some(sample), None, _) => error(sample, format!("`{sum}` needs `{count}` beside it")),
        (None, Some(sample), _) => error(sample, format!("`{count}` needs `{sum}` beside it")),
        _ => Ok(()),
    }
}

/// Each quantile is there once, however it is spelled.
fn quantiles(samples: &[Sample]) -> Result<()> {
    let mut quantiles = Vec::new();
    for sample in samples.iter().filter(|sample| sample.label("quantile").is_some()) {
        quantiles.push((quantile(sample)?, sample));
    }
    quantiles.sort_by(|a, b| a.0.total_cmp(&b.0));
    match quantiles.array_windows().find(|[a, b]| a.0 == b.0) {
        Some([_, (quantile, sample)]) => {
            error(sample, format!("the quantile {quantile} comes a second time"))
        }
        None => Ok(()),
    }
}
