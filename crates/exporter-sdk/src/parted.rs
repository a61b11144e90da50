//! Samples of several lines: histograms and summaries, of families that are built at run time. What they are made of is
//! checked here, because a histogram whose buckets contradict each other makes every query over it wrong.

use crate::desc::Kind;
use crate::family::Family;
use crate::labels::push_pair;
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
    /// Emits one histogram, with labels as (name, value) in any order. They are exposed in the order of the names, and
    /// `le` stands behind them all. Where the family names its labels, they have to be those.
    ///
    /// ```
    /// # use exporter_sdk::{Family, HistogramValue, Scrape};
    /// # fn f(scrape: &mut Scrape, latency: &Family) {
    /// let value = HistogramValue { buckets: &[(0.1, 3), (1.0, 4)], sum: 2.5, count: 5 };
    /// scrape.emit_histogram(latency, &[("method", "get")], &value);
    /// # }
    /// ```
    pub fn emit_histogram(
        &mut self,
        family: &Family,
        labels: &[(impl AsRef<str>, impl AsRef<str>)],
        value: &HistogramValue<'_>,
    ) {
        if let Err(problem) = value.check() {
            self.fail(family.name(), problem);
            return;
        }
        let Some((samples, labels)) = self.find_parted(Kind::Histogram, family, labels) else {
            return;
        };
        // Adding zero takes the sign off a zero, which as a label would be another series.
        let infinite = (f64::INFINITY, value.count);
        let buckets = value.finite().iter().copied().chain([infinite]);
        let parts = buckets.map(|(bound, count)| (Part::Bucket(bound + 0.0), Value::Uint(count)));
        let lines = push(samples, &labels, parts, value.sum, value.count);
        (0..lines).for_each(|_| self.count());
    }

    /// Emits one summary, with labels as (name, value) in any order. They are exposed in the order of the names, and
    /// `quantile` stands behind them all. Where the family names its labels, they have to be those.
    ///
    /// ```
    /// # use exporter_sdk::{Family, Scrape, SummaryValue};
    /// # fn f(scrape: &mut Scrape, latency: &Family) {
    /// let value = SummaryValue { quantiles: &[(0.5, 0.1), (0.99, 1.2)], sum: 2.5, count: 5 };
    /// scrape.emit_summary(latency, &[("method", "get")], &value);
    /// # }
    /// ```
    pub fn emit_summary(
        &mut self,
        family: &Family,
        labels: &[(impl AsRef<str>, impl AsRef<str>)],
        value: &SummaryValue<'_>,
    ) {
        if let Err(problem) = value.check() {
            self.fail(family.name(), problem);
            return;
        }
        let Some((samples, labels)) = self.find_parted(Kind::Summary, family, labels) else {
            return;
        };
        let quantiles = value.quantiles.iter();
        let parts = quantiles.map(|&(at, value)| (Part::Quantile(at + 0.0), Value::Float(value)));
        let lines = push(samples, &labels, parts, value.sum, value.count);
        (0..lines).for_each(|_| self.count());
    }
}

/// Appends the lines of one sample: `parts`, the sum and the count, which is the order of all Prometheus clients. Returns
/// how many there are.
fn push(
    samples: &mut FamilySamples,
    labels: &[(&str, &str)],
    parts: impl Iterator<Item = (Part, Value)>,
    sum: f64,
    count: u64,
) -> usize {
    let before = samples.len();
    let mut block = Vec::new();
    for (name, value) in labels {
        push_pair(&mut block, name, value);
    }
    let mut bounded = Vec::new();
    for (part, value) in parts {
        bounded.clear();
        bounded.extend_from_slice(if block.is_empty() { b"{" } else { &block });
        bounded.extend_from_slice(if block.is_empty() { b"" } else { b"," });
        bounded.extend_from_slice(part::opening(part.tag()).unwrap_or_default().as_bytes());
        samples.push_part(part, value, &bounded);
    }
    block.extend_from_slice(if block.is_empty() { b" " } else { b"} " });
    samples.push_part(Part::Sum, Value::Float(sum), &block);
    samples.push_part(Part::Count, Value::Uint(count), &block);
    samples.len() - before
}

impl HistogramValue<'_> {
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
                    "bucket {bound:?} counts {count} after {before}: the counts of buckets are cumulative and never fall"
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
mod tests {
    use super::*;
    use crate::{Recorder, Snapshot};

    const NONE: [(&str, &str); 0] = [];

    fn histogram() -> Family {
        Family::histogram("h", "").build().unwrap()
    }

    fn run(family: &Family, emit: impl FnOnce(&mut Scrape<'_>)) -> Result<Snapshot, String> {
        let mut recorder =
            Recorder::new(vec![family.clone()], false).with_label("instance_name", "i").unwrap();
        let run = recorder.record(None, |scrape| {
            emit(scrape);
            Ok(())
        });
        run.map_err(|error| error.to_string())
    }

    fn parts(snapshot: &Snapshot) -> Vec<(Part, String, Value)> {
        let samples = snapshot.families()[0].iter();
        samples.map(|sample| (sample.part(), sample.labels(), sample.value())).collect()
    }

    fn block(sample: &crate::Sample<'_>) -> String {
        let mut room = [0; 100];
        let mut pen = crate::pen::Pen::new(&mut room);
        sample.write_block_to_bound(&mut pen);
        let end = 100 - pen.left().unwrap();
        str::from_utf8(&room[..end]).unwrap().to_owned()
    }

    #[test]
    fn a_histogram_is_its_buckets_then_sum_and_count() {
        let family = Family::histogram("h", "")
            .labels(["b", "a"])
            .const_labels([("c", "1")])
            .build()
            .unwrap();
        let value = HistogramValue { buckets: &[(-1.0, 0), (0.5, 2)], sum: -0.5, count: 3 };
        let snapshot = run(&family, |scrape| {
            scrape.emit_histogram(&family, &[("b", "x"), ("a", "y")], &value);
        });
        let snapshot = snapshot.unwrap();
        let labels = "a=\"y\",b=\"x\",c=\"1\",instance_name=\"i\"";
        let expected = [
            (Part::Bucket(-1.0), Value::Uint(0)),
            (Part::Bucket(0.5), Value::Uint(2)),
            (Part::Bucket(f64::INFINITY), Value::Uint(3)),
            (Part::Sum, Value::Float(-0.5)),
            (Part::Count, Value::Uint(3)),
        ];
        assert_eq!(parts(&snapshot), expected.map(|(part, value)| (part, labels.into(), value)));
        let blocks: Vec<String> = snapshot.families()[0].iter().map(|s| block(&s)).collect();
        assert_eq!(blocks[1], format!("{{{labels},le=\""), "`le` stands behind all other labels");
        assert_eq!(blocks[3], format!("{{{labels}}} "));
    }

    #[test]
    fn a_summary_is_its_quantiles_then_sum_and_count() {
        let family = Family::summary("s", "").build().unwrap();
        let value = SummaryValue { quantiles: &[(0.5, f64::INFINITY)], sum: 1.0, count: u64::MAX };
        let snapshot = run(&family, |scrape| scrape.emit_summary(&family, &NONE, &value)).unwrap();
        let labels = "instance_name=\"i\"";
        let expected = [
            (Part::Quantile(0.5), Value::Float(f64::INFINITY)),
            (Part::Sum, Value::Float(1.0)),
            (Part::Count, Value::Uint(u64::MAX)),
        ];
        assert_eq!(parts(&snapshot), expected.map(|(part, value)| (part, labels.into(), value)));
    }

    fn check_histogram(buckets: &[(f64, u64)], count: u64, problem: Option<&str>) {
        let family = histogram();
        let value = HistogramValue { buckets, sum: f64::NAN, count };
        let outcome = run(&family, |scrape| scrape.emit_histogram(&family, &NONE, &value));
        let expected = problem.map(|problem| format!("metric `h`: {problem}"));
        assert_eq!(outcome.err(), expected);
    }

    #[test]
    fn histograms_that_contradict_themselves_fail_the_run() {
        check_histogram(&[], 0, None);
        check_histogram(&[(f64::NEG_INFINITY, 0), (0.0, 0), (f64::INFINITY, 1)], 1, None);
        check_histogram(
            &[(f64::NAN, 0)],
            0,
            Some("NaN among the bucket bounds: they must be numbers"),
        );
        for (first, second, text) in [(1.0, 1.0, "1.0 after 1.0"), (0.0, -0.0, "-0.0 after 0.0")] {
            let problem =
                format!("{text} among the bucket bounds: they must be strictly ascending");
            check_histogram(&[(first, 0), (second, 0)], 0, Some(&problem));
        }
        check_histogram(
            &[(1.0, 2), (2.0, 1)],
            2,
            Some(
                "bucket 2.0 counts 1 after 2: the counts of buckets are cumulative and never fall",
            ),
        );
        check_histogram(
            &[(1.0, 3)],
            2,
            Some(
                "bucket 1.0 counts 3, more than the 2 of the histogram: every observation is counted",
            ),
        );
        check_histogram(
            &[(1.0, 1), (f64::INFINITY, 1)],
            2,
            Some("bucket +Inf counts 1, not 2 as the histogram: every observation is in it"),
        );
    }

    #[test]
    fn quantiles_are_ascending_fractions() {
        let family = Family::summary("s", "").build().unwrap();
        let problem = |quantiles: &[(f64, f64)]| {
            let value = SummaryValue { quantiles, sum: 0.0, count: 0 };
            run(&family, |scrape| scrape.emit_summary(&family, &NONE, &value)).err()
        };
        assert_eq!(problem(&[(0.0, 1.0), (1.0, f64::NAN)]), None);
        for (quantiles, expected) in [
            ([(0.5, 1.0), (1.5, 1.0)], "quantile 1.5: it must be a fraction from 0 to 1"),
            ([(-0.5, 1.0), (0.5, 1.0)], "quantile -0.5: it must be a fraction from 0 to 1"),
            (
                [(0.9, 1.0), (0.5, 1.0)],
                "0.5 after 0.9 among the quantiles: they must be strictly ascending",
            ),
            ([(0.5, 1.0), (f64::NAN, 1.0)], "NaN among the quantiles: they must be numbers"),
        ] {
            assert_eq!(problem(&quantiles).unwrap(), format!("metric `s`: {expected}"));
        }
    }

    #[test]
    fn what_is_one_number_and_what_is_several_are_not_mixed_up() {
        let (gauge, histogram) = (Family::gauge("g", "").build().unwrap(), histogram());
        let value = HistogramValue { buckets: &[], sum: 0.0, count: 0 };
        let problem = |family, emit: &dyn Fn(&mut Scrape<'_>)| run(family, emit).unwrap_err();
        let whole = "metric `h`: a histogram is not one number: emit it with `emit_histogram`";
        assert_eq!(
            problem(&histogram, &|s| s.emit_dynamic(&histogram, NONE.map(|l| l.0), 1)),
            whole
        );
        assert_eq!(problem(&histogram, &|s| s.emit_pairs(&histogram, &NONE, 1)), whole);
        assert_eq!(
            problem(&gauge, &|s| s.emit_histogram(&gauge, &NONE, &value)),
            "metric `g`: emitted as a histogram, but it is a gauge"
        );
        assert!(
            problem(&histogram, &|s| s.emit_histogram(&histogram, &[("le", "1")], &value))
                .contains("reserved label name `le`")
        );
    }

    #[test]
    fn a_family_that_names_its_labels_gets_those() {
        let family = Family::histogram("h", "").labels(["a", "b"]).build().unwrap();
        let value = HistogramValue { buckets: &[], sum: 0.0, count: 0 };
        for labels in [[("a", "1"), ("c", "1")].as_slice(), &[("a", "1")], &[]] {
            let outcome = run(&family, |scrape| scrape.emit_histogram(&family, labels, &value));
            let expected = "metric `h`: its samples need the labels `a`, `b`, and no others";
            assert_eq!(outcome.unwrap_err(), expected);
        }
    }
}
