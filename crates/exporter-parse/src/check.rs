//! What has to hold between the lines of a family.

use std::collections::BTreeMap;

use crate::cursor::Result;
use crate::error::ParseError;
use crate::model::{Family, Kind, Sample};

/// The labels of a series without one of them, in order.
type Rest<'a> = Vec<&'a (String, String)>;

fn rest<'a>(sample: &'a Sample, without: &str) -> Rest<'a> {
    let mut rest: Rest<'_> = sample.labels.iter().filter(|(name, _)| name != without).collect();
    rest.sort();
    rest
}

fn error<T>(sample: &Sample, message: String) -> Result<T> {
    Err(ParseError { line: sample.line, column: 1, message })
}

/// A label that has to be a number.
fn bound(sample: &Sample, label: &str) -> Result<f64> {
    let Some(text) = sample.label(label) else {
        return error(sample, format!("`{}` needs the label `{label}`", sample.name));
    };
    match text.parse::<f64>() {
        Ok(number) if !number.is_nan() => Ok(number),
        _ => error(sample, format!("the label `{label}` is `{text}`, which is not a number")),
    }
}

/// The form of histograms and summaries: what a label must be to be read at all.
pub(crate) fn form(family: &Family) -> Result<()> {
    for sample in &family.samples {
        let suffix = sample.name.strip_prefix(family.name.as_str()).unwrap_or_default();
        match (family.kind, suffix) {
            (Kind::Histogram | Kind::GaugeHistogram, "_bucket") => drop(bound(sample, "le")?),
            (Kind::Histogram | Kind::GaugeHistogram, "") => {
                return error(
                    sample,
                    format!(
                        "`{0}` has the type {1}, so its samples are {0}_bucket and so on",
                        family.name, family.kind
                    ),
                );
            }
            (Kind::Summary, "") => {
                let quantile = bound(sample, "quantile")?;
                if !(0.0..=1.0).contains(&quantile) {
                    return error(
                        sample,
                        format!("the quantile {quantile} is not between 0 and 1"),
                    );
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The buckets of one series.
#[derive(Default)]
struct Buckets<'a> {
    last: Option<(f64, f64)>,
    infinite: Option<f64>,
    count: Option<&'a Sample>,
    first: Option<&'a Sample>,
}

/// Buckets come in the order of their bounds, do not fall, and end with +Inf, which is the count.
pub(crate) fn buckets(family: &Family) -> Result<()> {
    if !matches!(family.kind, Kind::Histogram | Kind::GaugeHistogram) {
        return Ok(());
    }
    let mut series: BTreeMap<Rest<'_>, Buckets<'_>> = BTreeMap::new();
    for sample in &family.samples {
        let buckets = series.entry(rest(sample, "le")).or_default();
        buckets.first.get_or_insert(sample);
        match sample.name.strip_prefix(family.name.as_str()) {
            Some("_bucket") => bucket(buckets, sample, family.kind)?,
            Some("_count" | "_gcount") => buckets.count = Some(sample),
            _ => {}
        }
    }
    for buckets in series.values() {
        let (Some(first), infinite) = (buckets.first, buckets.infinite) else { continue };
        let Some(infinite) = infinite else {
            return error(first, format!("`{}` lacks its bucket with le=\"+Inf\"", family.name));
        };
        if let Some(count) = buckets.count.filter(|count| count.value != infinite) {
            let message =
                format!("the count is {}, but the bucket +Inf has {infinite}", count.value);
            return error(count, message);
        }
    }
    Ok(())
}

fn bucket(buckets: &mut Buckets<'_>, sample: &Sample, kind: Kind) -> Result<()> {
    let bound = bound(sample, "le")?;
    if let Some((last, count)) = buckets.last {
        if bound <= last {
            return error(
                sample,
                format!("the bucket {bound} must stand before the bucket {last}"),
            );
        }
        if kind == Kind::Histogram && sample.value < count {
            return error(
                sample,
                format!(
                    "the bucket {bound} has {}, less than the {count} of the bucket {last} within it",
                    sample.value
                ),
            );
        }
    }
    buckets.last = Some((bound, sample.value));
    if bound == f64::INFINITY {
        buckets.infinite = Some(sample.value);
    }
    Ok(())
}
