//! Samples of a file, put together as they are emitted: those of a gauge one by one, those of a histogram or summary all
//! that have the same labels.

use std::collections::BTreeMap;

use exporter_parse::{Family as Parsed, Kind, Sample};
use exporter_sdk::{Family, HistogramValue, Result, Scrape, SummaryValue};

/// Labels in their order.
pub(crate) type Labels = Vec<(String, String)>;

/// What is emitted at once.
#[derive(Debug)]
pub(crate) struct Item {
    labels: Labels,
    value: Value,
    /// Where it stands in its file, or begins.
    pub(crate) line: usize,
}

#[derive(Debug)]
enum Value {
    Sample(f64),
    Histogram { buckets: Vec<(f64, u64)>, sum: f64, count: u64 },
    Summary { quantiles: Vec<(f64, f64)>, sum: f64, count: u64 },
}

impl Item {
    /// What a family has.
    pub(crate) fn all(family: &Parsed) -> Result<Vec<Self>> {
        match family.kind {
            Kind::Histogram => parted(family, "le", histogram),
            Kind::Summary => parted(family, "quantile", summary),
            _ => Ok(family.samples.iter().map(Self::of_sample).collect()),
        }
    }

    fn of_sample(sample: &Sample) -> Self {
        let (labels, value) = (sample.labels.clone(), Value::Sample(sample.value));
        Self { labels, value, line: sample.line }
    }

    /// What tells it from the others of its family: an empty label is none, and their order means nothing.
    pub(crate) fn series(&self) -> Labels {
        let labels = self.labels.iter().filter(|(_, value)| !value.is_empty());
        let mut labels: Labels = labels.cloned().collect();
        labels.sort();
        labels
    }

    pub(crate) fn emit(&self, family: &Family, scrape: &mut Scrape) {
        let labels = &self.labels;
        match &self.value {
            Value::Sample(value) => scrape.emit_pairs(family, labels, *value),
            Value::Histogram { buckets, sum, count } => {
                let value = HistogramValue { buckets, sum: *sum, count: *count };
                scrape.emit_histogram_pairs(family, labels, &value);
            }
            Value::Summary { quantiles, sum, count } => {
                let value = SummaryValue { quantiles, sum: *sum, count: *count };
                scrape.emit_summary_pairs(family, labels, &value);
            }
        }
    }
}

/// The samples of a histogram or summary, one item for each set of labels.
fn parted(
    family: &Parsed,
    label: &str,
    make: fn(&[&Sample], &str) -> Result<Value, String>,
) -> Result<Vec<Item>> {
    let mut series: Vec<(Labels, Vec<&Sample>)> = Vec::new();
    let mut index: BTreeMap<Labels, usize> = BTreeMap::new();
    for sample in &family.samples {
        let mut labels: Labels =
            sample.labels.iter().filter(|(name, _)| name != label).cloned().collect();
        labels.sort();
        let at = *index.entry(labels.clone()).or_insert_with(|| {
            series.push((labels, Vec::new()));
            series.len() - 1
        });
        series[at].1.push(sample);
    }
    let items = series.into_iter().map(|(labels, samples)| {
        let line = samples.first().map_or(family.line, |sample| sample.line);
        let value = make(&samples, &family.name)
            .map_err(|problem| format!("line {line}: `{}`: {problem}", family.name))?;
        Ok(Item { labels, value, line })
    });
    items.collect()
}

/// The value of the sample `x_sum` or `x_count`.
fn part(samples: &[&Sample], name: &str, suffix: &str) -> Option<f64> {
    let wanted = |sample: &&&Sample| sample.name.strip_prefix(name) == Some(suffix);
    samples.iter().find(wanted).map(|sample| sample.value)
}

/// The pairs of bound and value, in the order of the bounds.
fn pairs(samples: &[&Sample], name: &str, suffix: &str, label: &str) -> Vec<(f64, f64)> {
    let own = samples.iter().filter(|sample| sample.name.strip_prefix(name) == Some(suffix));
    let pair = |sample: &&Sample| Some((sample.label(label)?.parse().ok()?, sample.value));
    let mut pairs: Vec<(f64, f64)> = own.filter_map(pair).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    pairs
}

/// A number of observations.
fn whole(value: f64) -> Result<u64, String> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked in the line before"
    )]
    if (0.0..18_446_744_073_709_551_616.0).contains(&value) && value.fract() == 0.0 {
        Ok(value as u64)
    } else {
        Err(format!("{value} is not a number of observations"))
    }
}

fn histogram(samples: &[&Sample], name: &str) -> Result<Value, String> {
    let buckets = pairs(samples, name, "_bucket", "le");
    let buckets = buckets.into_iter().map(|(bound, count)| Ok((bound, whole(count)?)));
    let buckets = buckets.collect::<Result<Vec<_>, String>>()?;
    if !buckets.array_windows().all(|[a, b]| a.0 < b.0 && a.1 <= b.1) {
        return Err("its buckets contradict each other".to_owned());
    }
    let infinite = buckets.last().filter(|(bound, _)| *bound == f64::INFINITY).map(|last| last.1);
    let count = part(samples, name, "_count").map(whole).transpose()?.or(infinite);
    let count = count.ok_or("it has no count, and no bucket +Inf either")?;
    if infinite.is_some_and(|infinite| infinite != count)
        || buckets.last().is_some_and(|last| last.1 > count)
    {
        return Err("its buckets contradict its count".to_owned());
    }
    // As node_exporter has it, a sum that is not there is 0.
    let sum = part(samples, name, "_sum").unwrap_or_default();
    Ok(Value::Histogram { buckets, sum, count })
}

/// As node_exporter has it, a sum and a count that are not there are 0: many a program writes quantiles alone.
fn summary(samples: &[&Sample], name: &str) -> Result<Value, String> {
    let quantiles = pairs(samples, name, "", "quantile");
    if !quantiles.array_windows().all(|[a, b]| a.0 < b.0) {
        return Err("it has a quantile twice".to_owned());
    }
    let count = part(samples, name, "_count").map(whole).transpose()?.unwrap_or_default();
    let sum = part(samples, name, "_sum").unwrap_or_default();
    Ok(Value::Summary { quantiles, sum, count })
}
