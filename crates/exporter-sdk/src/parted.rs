//! Samples of several lines: histograms and summaries. What they are made of is
//! checked here, because a histogram whose buckets contradict each other makes every query over it wrong.

use crate::desc::Kind;
use crate::family::Family;
use crate::labels::Labels;
use crate::limits::Meter;
use crate::metric::{Histogram, Summary};
use crate::part::{self, Part};
use crate::scrape::Scrape;
use crate::snapshot::FamilySamples;
use crate::value::Value;

/// What a histogram has observed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistogramValue<'a> {
    /// Upper bounds, strictly ascending, each with the number of observations that were not above it; the numbers never
    /// fall. `+Inf` may be the last bound, with `count`; it is added where it is missing.
    pub buckets: &'a [(f64, u64)],
    /// The sum of all observations; NaN where one of them was.
    pub sum: f64,
    /// How many observations there were.
    pub count: u64,
}

/// What a summary has observed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SummaryValue<'a> {
    /// Fractions from 0 to 1, strictly ascending, each with the value that so many observations did not exceed; NaN where
    /// there were no observations lately.
    pub quantiles: &'a [(f64, f64)],
    /// The sum of all observations; NaN where one of them was.
    pub sum: f64,
    /// How many observations there were.
    pub count: u64,
}

impl Scrape<'_> {
    /// Emits one histogram of a static metric: what the source has counted, or what an [`Observations`](crate::Observations)
    /// has.
    ///
    /// ```
    /// # use exporter_sdk::{Histogram, HistogramValue, Scrape};
    /// static LATENCY: Histogram<1> = Histogram::new("latency_seconds", "How long calls took.").labels(&["method"]);
    ///
    /// # fn f(scrape: &mut Scrape) {
    /// let value = HistogramValue { buckets: &[(0.1, 3), (1.0, 4)], sum: 2.5, count: 5 };
    /// scrape.emit_histogram(&LATENCY, ["get"], &value);
    /// # }
    /// ```
    pub fn emit_histogram<const N: usize>(
        &mut self,
        metric: &'static Histogram<N>,
        labels: impl Labels<N>,
        value: &HistogramValue<'_>,
    ) {
        if let Err(problem) = value.check() {
            return self.fail(metric.desc().name(), problem);
        }
        if let Some((samples, block)) = self.find_static_parted(metric.desc(), labels) {
            let lines = samples.push_lines(&block, value.parts(), value.sum, value.count);
            self.count_lines(metric.desc().name, lines);
        }
    }

    /// Emits one summary of a static metric.
    ///
    /// ```
    /// # use exporter_sdk::{Scrape, Summary, SummaryValue};
    /// static SIZE: Summary = Summary::new("reply_size_bytes", "How large replies were.");
    ///
    /// # fn f(scrape: &mut Scrape) {
    /// let value = SummaryValue { quantiles: &[(0.5, 120.0), (0.99, 900.0)], sum: 2500.0, count: 15 };
    /// scrape.emit_summary(&SIZE, (), &value);
    /// # }
    /// ```
    pub fn emit_summary<const N: usize>(
        &mut self,
        metric: &'static Summary<N>,
        labels: impl Labels<N>,
        value: &SummaryValue<'_>,
    ) {
        if let Err(problem) = value.check() {
            return self.fail(metric.desc().name(), problem);
        }
        if let Some((samples, block)) = self.find_static_parted(metric.desc(), labels) {
            let lines = samples.push_lines(&block, value.parts(), value.sum, value.count);
            self.count_lines(metric.desc().name, lines);
        }
    }

    /// Emits one histogram of a family that was built at run time, with labels as (name, value) in any order. They are
    /// exposed in the order of the names, and `le` stands behind them all. Where the family names its labels, they have to
    /// be those, and are exposed in its order.
    ///
    /// ```
    /// # use exporter_sdk::{Family, HistogramValue, Scrape};
    /// # fn f(scrape: &mut Scrape, latency: &Family) {
    /// let value = HistogramValue { buckets: &[(0.1, 3), (1.0, 4)], sum: 2.5, count: 5 };
    /// scrape.emit_histogram_pairs(latency, &[("method", "get")], &value);
    /// # }
    /// ```
    pub fn emit_histogram_pairs(
        &mut self,
        family: &Family,
        labels: &[(impl AsRef<str>, impl AsRef<str>)],
        value: &HistogramValue<'_>,
    ) {
        if let Err(problem) = value.check() {
            return self.fail(family.name(), problem);
        }
        if let Some((samples, block)) = self.find_parted(Kind::Histogram, family, labels) {
            let lines = samples.push_lines(&block, value.parts(), value.sum, value.count);
            self.count_lines(family.name(), lines);
        }
    }

    /// Emits one summary of a family that was built at run time, with labels as (name, value) in any order. They are
    /// exposed in the order of the names, and `quantile` stands behind them all. Where the family names its labels, they
    /// have to be those, and are exposed in its order.
    ///
    /// ```
    /// # use exporter_sdk::{Family, Scrape, SummaryValue};
    /// # fn f(scrape: &mut Scrape, latency: &Family) {
    /// let value = SummaryValue { quantiles: &[(0.5, 0.1), (0.99, 1.2)], sum: 2.5, count: 5 };
    /// scrape.emit_summary_pairs(latency, &[("method", "get")], &value);
    /// # }
    /// ```
    pub fn emit_summary_pairs(
        &mut self,
        family: &Family,
        labels: &[(impl AsRef<str>, impl AsRef<str>)],
        value: &SummaryValue<'_>,
    ) {
        if let Err(problem) = value.check() {
            return self.fail(family.name(), problem);
        }
        if let Some((samples, block)) = self.find_parted(Kind::Summary, family, labels) {
            let lines = samples.push_lines(&block, value.parts(), value.sum, value.count);
            self.count_lines(family.name(), lines);
        }
    }

    fn count_lines(&mut self, name: &str, lines: usize) {
        (0..lines).for_each(|_| self.count(name));
    }
}

/// Where the lines of one sample go.
pub(crate) struct Lines<'a> {
    pub(crate) samples: &'a mut FamilySamples,
    pub(crate) meter: &'a mut Meter,
    pub(crate) stamp: Option<i64>,
}

impl Lines<'_> {
    /// Appends the lines of one sample: `parts`, the sum and the count, which is the order of all Prometheus clients.
    /// `block` is what stands between name and value where there is no bound. Returns how many lines there are.
    fn push_lines(
        self,
        block: &[u8],
        parts: impl Iterator<Item = (Part, Value)>,
        sum: f64,
        count: u64,
    ) -> usize {
        let Self { samples, meter, stamp } = self;
        let before = samples.len();
        let mut push = |part, value, block: &[u8]| {
            samples.push_part(meter, stamp, part, value, block);
        };
        let open = block.strip_suffix(b"} ");
        let mut bounded = Vec::with_capacity(block.len() + 16);
        for (part, value) in parts {
            bounded.clear();
            bounded.extend_from_slice(open.unwrap_or(b"{"));
            bounded.extend_from_slice(if open.is_some() { b"," } else { b"" });
            bounded.extend_from_slice(part::opening(part.tag()).unwrap_or_default().as_bytes());
            push(part, value, &bounded);
        }
        push(Part::Sum, Value::Float(sum), block);
        push(Part::Count, Value::Uint(count), block);
        samples.len() - before
    }
}

impl HistogramValue<'_> {
    fn parts(&self) -> impl Iterator<Item = (Part, Value)> {
        let buckets = self.finite().iter().copied().chain([(f64::INFINITY, self.count)]);
        // Adding zero takes the sign off a zero, which as a label would be another series.
        buckets.map(|(bound, count)| (Part::Bucket(bound + 0.0), Value::Uint(count)))
    }

    /// The buckets but for `+Inf`.
    fn finite(&self) -> &[(f64, u64)] {
        match self.buckets.split_last() {
            Some((&(f64::INFINITY, _), finite)) => finite,
            _ => self.buckets,
        }
    }

    fn check(&self) -> Result<(), String> {
        check_ascending("bucket bounds", self.buckets.iter().map(|&(bound, _)| bound))?;
        for pair in self.buckets.windows(2) {
            let ((_, before), (bound, count)) = (pair[0], pair[1]);
            if count < before {
                return Err(format!(
                    "bucket {bound:?} counts {count} after {before}: the counts of buckets are cumulative and never fall; count in each those of the ones below"
                ));
            }
        }
        let count = self.count;
        match self.buckets.last() {
            Some(&(f64::INFINITY, infinite)) if infinite != count => Err(format!(
                "bucket +Inf counts {infinite}, not {count} as the histogram: every observation is in it"
            )),
            Some(&(bound, last)) if last > count => Err(format!(
                "bucket {bound:?} counts {last}, more than the {count} of the histogram: every observation is counted"
            )),
            _ => Ok(()),
        }
    }
}

impl SummaryValue<'_> {
    fn parts(&self) -> impl Iterator<Item = (Part, Value)> {
        let quantiles = self.quantiles.iter();
        quantiles.map(|&(at, value)| (Part::Quantile(at + 0.0), Value::Float(value)))
    }

    fn check(&self) -> Result<(), String> {
        check_ascending("quantiles", self.quantiles.iter().map(|&(quantile, _)| quantile))?;
        match self.quantiles.iter().find(|(quantile, _)| !(0.0..=1.0).contains(quantile)) {
            Some((quantile, _)) => {
                Err(format!("quantile {quantile:?}: it must be a fraction from 0 to 1"))
            }
            None => Ok(()),
        }
    }
}

fn check_ascending(what: &str, numbers: impl Iterator<Item = f64>) -> Result<(), String> {
    let mut before = None;
    for number in numbers {
        if number.is_nan() {
            return Err(format!("NaN among the {what}: they must be numbers"));
        }
        if let Some(before) = before.filter(|&before| before >= number) {
            return Err(format!(
                "{number:?} after {before:?} among the {what}: they must be strictly ascending"
            ));
        }
        before = Some(number);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
