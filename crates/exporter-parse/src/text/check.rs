//! What has to hold between the lines of a page in text format.

use std::collections::{BTreeMap, HashMap};

use crate::buckets::{Histogram, bound, error, quantile};
use crate::cursor::{Cursor, Result};
use crate::model::{Family, Kind, Sample};

/// The series of a page, each of which it has once.
#[derive(Debug, Default)]
pub(super) struct Series {
    /// With the line of each.
    seen: HashMap<String, usize>,
}

impl Series {
    /// Adds that of a sample.
    pub(super) fn add(&mut self, sample: &Sample, place: &Cursor<'_>) -> Result<()> {
        let mut labels: Vec<&(String, String)> = sample.labels.iter().collect();
        labels.sort_unstable();
        let mut key = sample.name.clone();
        for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
            key.extend(["\0", name, "\0", value]);
        }
        match self.seen.insert(key, sample.line) {
            Some(line) => place.error(format!("the series was in line {line} already")),
            None => Ok(()),
        }
    }
}

/// The form of histograms and summaries: what a label must be to be read at all.
pub(super) fn form(family: &Family) -> Result<()> {
    for sample in &family.samples {
        let suffix = sample.name.strip_prefix(family.name.as_str()).unwrap_or_default();
        match (family.kind, suffix) {
            (Kind::Histogram, "_bucket") => drop(bound(sample, "le")?),
            (Kind::Histogram, "") => {
                return error(
                    sample,
                    format!(
                        "`{0}` has the type {1}, so its samples are {0}_bucket and so on",
                        family.name, family.kind
                    ),
                );
            }
            (Kind::Summary, "") => drop(quantile(sample)?),
            _ => {}
        }
    }
    Ok(())
}

/// Buckets come in the order of their bounds, do not fall, and end with +Inf, which is the count.
pub(super) fn buckets(family: &Family) -> Result<()> {
    if family.kind != Kind::Histogram {
        return Ok(());
    }
    let mut histograms: BTreeMap<Vec<&(String, String)>, Histogram<'_>> = BTreeMap::new();
    for sample in &family.samples {
        let labels = sample.labels.iter().filter(|(name, _)| name != "le");
        let mut labels: Vec<&(String, String)> = labels.collect();
        labels.sort_unstable();
        histograms.entry(labels).or_default().add(&family.name, sample)?;
    }
    histograms.values().try_for_each(|histogram| histogram.check(&family.name))
}
