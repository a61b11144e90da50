//! Families that several files have parts of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use exporter_parse::{Family as Parsed, Kind, Sample};
use exporter_sdk::{Family, HistogramValue, Kind as SdkKind, Result, Scrape, SummaryValue};

/// Labels in their order.
type Labels = Vec<(String, String)>;

/// What all files say together.
#[derive(Default)]
pub(crate) struct Merged {
    families: BTreeMap<String, Part>,
    contradictions: Vec<(PathBuf, String)>,
}

/// A family, with the file that it was first found in.
struct Part {
    file: PathBuf,
    kind: SdkKind,
    help: Option<String>,
    items: Vec<Item>,
}

/// What is emitted at once.
enum Item {
    Sample(Labels, f64),
    Histogram { labels: Labels, buckets: Vec<(f64, u64)>, sum: f64, count: u64 },
    Summary { labels: Labels, quantiles: Vec<(f64, f64)>, sum: f64, count: u64 },
}

impl Merged {
    /// Adds the families of a file: all of them, or where it contradicts an earlier one, none.
    pub(crate) fn add(&mut self, path: &Path, families: Vec<Parsed>) -> Result {
        let mut parts = Vec::new();
        for family in families.into_iter().filter(|family| !family.samples.is_empty()) {
            let kind = kind(family.kind);
            if let Some(other) = self.families.get(&family.name).filter(|it| it.kind != kind) {
                return Err(format!(
                    "line {}: `{}` has the type {}, but {} in {}",
                    family.line,
                    family.name,
                    kind,
                    other.kind,
                    other.file.display()
                )
                .into());
            }
            let items = items(&family)?;
            parts.push((
                family.name,
                Part { file: path.to_owned(), kind, help: family.help, items },
            ));
        }
        for (name, part) in parts {
            self.merge(name, part);
        }
        Ok(())
    }

    fn merge(&mut self, name: String, part: Part) {
        let Some(first) = self.families.get_mut(&name) else {
            self.families.insert(name, part);
            return;
        };
        // As in node_exporter, the samples are there, and that the help texts differ is told.
        if let (Some(a), Some(b)) = (&first.help, &part.help)
            && a != b
        {
            let other = first.file.display();
            let problem = format!("`{name}` has another help text than in {other}, whose is taken");
            self.contradictions.push((part.file.clone(), problem));
        }
        first.help = first.help.take().or(part.help);
        first.items.extend(part.items);
    }

    /// Files that contradict an earlier one in what does no harm.
    pub(crate) fn contradictions(&mut self) -> Vec<(PathBuf, String)> {
        std::mem::take(&mut self.contradictions)
    }

    pub(crate) fn emit(&self, scrape: &mut Scrape) {
        for (name, part) in &self.families {
            let help = part.help.clone();
            let help = help.unwrap_or_else(|| format!("Metric read from {}", part.file.display()));
            match Family::of_kind(part.kind, name.clone(), help).build() {
                Ok(family) => part.items.iter().for_each(|item| item.emit(&family, scrape)),
                Err(error) => tracing::error!(%error, "A family of a text file is left out"),
            }
        }
    }
}

impl Item {
    fn emit(&self, family: &Family, scrape: &mut Scrape) {
        match self {
            Self::Sample(labels, value) => scrape.emit_pairs(family, labels, *value),
            Self::Histogram { labels, buckets, sum, count } => {
                let value = HistogramValue { buckets, sum: *sum, count: *count };
                scrape.emit_histogram_pairs(family, labels, &value);
            }
            Self::Summary { labels, quantiles, sum, count } => {
                let value = SummaryValue { quantiles, sum: *sum, count: *count };
                scrape.emit_summary_pairs(family, labels, &value);
            }
        }
    }
}

fn kind(kind: Kind) -> SdkKind {
    match kind {
        Kind::Counter => SdkKind::Counter,
        Kind::Histogram => SdkKind::Histogram,
        Kind::Summary => SdkKind::Summary,
        Kind::Unknown => SdkKind::Unknown,
        Kind::Gauge | Kind::GaugeHistogram | Kind::Info | Kind::StateSet => SdkKind::Gauge,
    }
}

fn items(family: &Parsed) -> Result<Vec<Item>> {
    match family.kind {
        Kind::Histogram => parted(family, "le", histogram),
        Kind::Summary => parted(family, "quantile", summary),
        _ => {
            let sample = |sample: &Sample| Item::Sample(sample.labels.clone(), sample.value);
            Ok(family.samples.iter().map(sample).collect())
        }
    }
}

/// The samples of a histogram or summary, one item for each set of labels.
fn parted(
    family: &Parsed,
    label: &str,
    make: fn(Labels, &[&Sample], &str) -> Result<Item, String>,
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
        make(labels, &samples, &family.name)
            .map_err(|problem| format!("line {line}: `{}`: {problem}", family.name).into())
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

fn histogram(labels: Labels, samples: &[&Sample], name: &str) -> Result<Item, String> {
    let buckets = pairs(samples, name, "_bucket", "le");
    let buckets = buckets.into_iter().map(|(bound, count)| Ok((bound, whole(count)?)));
    let buckets = buckets.collect::<Result<Vec<_>, String>>()?;
    if !buckets.array_windows().all(|[a, b]| a.0 < b.0 && a.1 <= b.1) {
        return Err("its buckets contradict each other".to_owned());
    }
    let infinite = buckets.last().filter(|(bound, _)| *bound == f64::INFINITY).map(|last| last.1);
    let count = part(samples, name, "_count").map(whole).transpose()?.or(infinite);
    let count = count.ok_or("it has no count")?;
    if infinite.is_some_and(|infinite| infinite != count)
        || buckets.last().is_some_and(|last| last.1 > count)
    {
        return Err("its buckets contradict its count".to_owned());
    }
    let sum = part(samples, name, "_sum").unwrap_or(f64::NAN);
    Ok(Item::Histogram { labels, buckets, sum, count })
}

fn summary(labels: Labels, samples: &[&Sample], name: &str) -> Result<Item, String> {
    let quantiles = pairs(samples, name, "", "quantile");
    if !quantiles.array_windows().all(|[a, b]| a.0 < b.0) {
        return Err("it has a quantile twice".to_owned());
    }
    let count = part(samples, name, "_count").map(whole).transpose()?.ok_or("it has no count")?;
    let sum = part(samples, name, "_sum").unwrap_or(f64::NAN);
    Ok(Item::Summary { labels, quantiles, sum, count })
}
