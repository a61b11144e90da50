//! Series of several lines: histograms and summaries.

use exporter_parse::Sample;

/// A histogram on a page: those of its lines that differ in nothing but the bound.
#[derive(Clone, Debug)]
pub struct Histogram<'a>(Lines<'a>);

/// A summary on a page: those of its lines that differ in nothing but the quantile.
#[derive(Clone, Debug)]
pub struct Summary<'a>(Lines<'a>);

impl<'a> Histogram<'a> {
    pub(crate) fn of(samples: &'a [Sample], name: &str, labels: &[(String, String)]) -> Self {
        Self(Lines::of(samples, name, labels, "le"))
    }

    /// The upper bound of each bucket, and how many observations were in it or in one below.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, f64)> {
        self.0.bounded("_bucket", "le")
    }

    /// How many observations were up to this bound, which a bucket must have.
    #[track_caller]
    pub fn bucket(&self, bound: f64) -> f64 {
        at(self.buckets(), bound)
    }

    /// How many observations there were.
    pub fn count(&self) -> f64 {
        self.0.end("_count").expect("it was found by its count")
    }

    /// The sum of the observations, where the page has it.
    pub fn sum(&self) -> Option<f64> {
        self.0.end("_sum")
    }
}

impl<'a> Summary<'a> {
    pub(crate) fn of(samples: &'a [Sample], name: &str, labels: &[(String, String)]) -> Self {
        Self(Lines::of(samples, name, labels, "quantile"))
    }

    /// Each quantile and its value.
    pub fn quantiles(&self) -> impl Iterator<Item = (f64, f64)> {
        self.0.bounded("", "quantile")
    }

    /// The value of this quantile, which there must be.
    #[track_caller]
    pub fn quantile(&self, quantile: f64) -> f64 {
        at(self.quantiles(), quantile)
    }

    /// How many observations there were.
    pub fn count(&self) -> f64 {
        self.0.end("_count").expect("it was found by its count")
    }

    /// The sum of the observations, where the page has it.
    pub fn sum(&self) -> Option<f64> {
        self.0.end("_sum")
    }
}

/// The lines of one series.
#[derive(Clone, Debug)]
struct Lines<'a> {
    /// Each with what stands behind the name of the family.
    lines: Vec<(&'a str, &'a Sample)>,
}

impl<'a> Lines<'a> {
    fn of(samples: &'a [Sample], name: &str, labels: &[(String, String)], bound: &str) -> Self {
        let rest = |sample: &Sample| -> Vec<(String, String)> {
            sample.labels.iter().filter(|(label, _)| label != bound).cloned().collect()
        };
        let lines = samples.iter().filter(|sample| rest(sample) == labels);
        let lines = lines.filter_map(|sample| Some((sample.name.strip_prefix(name)?, sample)));
        Self { lines: lines.collect() }
    }

    fn bounded(&self, end: &str, label: &str) -> impl Iterator<Item = (f64, f64)> {
        let lines = self.lines.iter().filter(move |(found, _)| *found == end);
        lines
            .filter_map(move |(_, sample)| Some((sample.label(label)?.parse().ok()?, sample.value)))
    }

    fn end(&self, end: &str) -> Option<f64> {
        self.lines.iter().find(|(found, _)| *found == end).map(|(_, sample)| sample.value)
    }
}

#[track_caller]
fn at(values: impl Iterator<Item = (f64, f64)>, bound: f64) -> f64 {
    let values: Vec<(f64, f64)> = values.collect();
    let found = values.iter().find(|(found, _)| *found == bound);
    found.unwrap_or_else(|| panic!("there is no {bound}, but these: {values:?}")).1
}
