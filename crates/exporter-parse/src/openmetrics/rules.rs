//! What one sample of each kind must be (section "Metric Types", and "Metric types" of the text format).

use crate::buckets::{bound, error, quantile};
use crate::cursor::Result;
use crate::model::{Exemplar, Family, Kind, Sample};
use crate::openmetrics::names::suffixes;

/// Checks a sample by itself.
pub(super) fn check(family: &Family, sample: &Sample) -> Result<()> {
    let (kind, name) = (family.kind, family.name.as_str());
    let suffix = sample.name.strip_prefix(name).unwrap_or_default();
    if !suffixes(kind).contains(&suffix) {
        let endings = suffixes(kind).iter().map(|suffix| format!("`{name}{suffix}`"));
        let endings = endings.collect::<Vec<_>>().join(", ");
        return error(
            sample,
            format!("`{name}` has the type {kind}, so its samples are {endings}"),
        );
    }
    if sample.exemplar.is_some() && !["_bucket", "_total"].contains(&suffix) {
        let message = "only buckets and the totals of counters have exemplars";
        return error(sample, message.to_owned());
    }
    match kind {
        Kind::Histogram | Kind::GaugeHistogram if suffix == "_bucket" => bucket(sample)?,
        Kind::Histogram | Kind::GaugeHistogram => without(sample, "le", "buckets")?,
        Kind::Summary if suffix.is_empty() => drop(quantile(sample)?),
        Kind::Summary => without(sample, "quantile", "quantiles")?,
        Kind::StateSet if sample.label(name).is_none() => {
            return error(sample, format!("a state needs the label `{name}`"));
        }
        _ => {}
    }
    value(kind, suffix, sample)
}

/// The value of a sample by its kind and ending.
fn value(kind: Kind, suffix: &str, sample: &Sample) -> Result<()> {
    let value = sample.value;
    // NaN is in no range.
    let positive = value >= 0.0;
    let (legal, what) = match (kind, suffix) {
        (Kind::Info, _) => (value == 1.0, "the value of an info is 1"),
        (Kind::StateSet, _) => (value == 0.0 || value == 1.0, "a state is 0 or 1"),
        (_, "_created") => (value.is_finite(), "it is a time in seconds"),
        (Kind::Counter, "_total") | (_, "_sum") => (positive, "it cannot be less than 0"),
        (_, "_bucket" | "_count" | "_gcount") if positive => {
            (value.fract() == 0.0, "it is a whole number")
        }
        (_, "_bucket" | "_count" | "_gcount") => (false, "it cannot be less than 0"),
        (Kind::GaugeHistogram, "_gsum") => (!value.is_nan(), "a sum is a number"),
        (Kind::Summary, "") => (positive || value.is_nan(), "a quantile cannot be less than 0"),
        _ => (true, ""),
    };
    if legal { Ok(()) } else { error(sample, format!("`{}` is {value}; {what}", sample.name)) }
}

/// The bound of a bucket, and its exemplar, which is within.
fn bucket(sample: &Sample) -> Result<()> {
    let bound = bound(sample, "le")?;
    if bound == f64::INFINITY && sample.label("le") != Some("+Inf") {
        let found = sample.label("le").unwrap_or_default();
        return error(sample, format!("the label `le` is `{found}`; write `+Inf`"));
    }
    let beyond = |exemplar: &&Exemplar| exemplar.value > bound || exemplar.value.is_nan();
    match sample.exemplar.as_ref().filter(beyond) {
        Some(exemplar) if bound < f64::INFINITY => error(
            sample,
            format!("the exemplar {} is not within its bucket, up to {bound}", exemplar.value),
        ),
        _ => Ok(()),
    }
}

/// A label that only some of the samples of a kind have.
fn without(sample: &Sample, label: &str, owners: &str) -> Result<()> {
    match sample.label(label) {
        Some(_) => error(
            sample,
            format!("`{}` has the label `{label}`, which only {owners} have", sample.name),
        ),
        None => Ok(()),
    }
}
