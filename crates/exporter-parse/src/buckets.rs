//! The numbers in labels, and what has to hold between the buckets of a histogram.

use crate::cursor::Result;
use crate::error::ParseError;
use crate::model::Sample;
use crate::number;

/// An error of a whole line.
pub(crate) fn error<T>(sample: &Sample, message: String) -> Result<T> {
    Err(ParseError { line: sample.line, column: 1, message })
}

/// The number that a label has to be: the bound of a bucket, or a quantile.
pub(crate) fn bound(sample: &Sample, label: &str) -> Result<f64> {
    let Some(text) = sample.label(label) else {
        return error(sample, format!("`{}` needs the label `{label}`", sample.name));
    };
    match number::parse(text) {
        Ok(number) if !number.is_nan() => Ok(number),
        _ => error(
            sample,
            format!("the label `{label}` is `{}`, which is not a number", text.escape_debug()),
        ),
    }
}

/// A quantile, which is between 0 and 1.
pub(crate) fn quantile(sample: &Sample) -> Result<f64> {
    let quantile = bound(sample, "quantile")?;
    if (0.0..=1.0).contains(&quantile) {
        Ok(quantile)
    } else {
        error(sample, format!("the quantile {quantile} is not between 0 and 1"))
    }
}

/// The samples of one histogram, or of one point of it.
#[derive(Debug, Default)]
pub(crate) struct Histogram<'a> {
    first: Option<&'a Sample>,
    /// The last bucket, with its bound.
    last: Option<(f64, &'a Sample)>,
    /// A bucket whose bound is below zero.
    pub(crate) negative: Option<&'a Sample>,
    pub(crate) count: Option<&'a Sample>,
    pub(crate) sum: Option<&'a Sample>,
}

impl<'a> Histogram<'a> {
    /// Adds a sample of the family `family`. Buckets come in the order of their bounds, and their counts do not fall.
    pub(crate) fn add(&mut self, family: &str, sample: &'a Sample) -> Result<()> {
        self.first.get_or_insert(sample);
        match sample.name.strip_prefix(family) {
            Some("_bucket") => self.add_bucket(sample)?,
            Some("_count" | "_gcount") => self.count = Some(sample),
            Some("_sum" | "_gsum") => self.sum = Some(sample),
            _ => {}
        }
        Ok(())
    }

    fn add_bucket(&mut self, sample: &'a Sample) -> Result<()> {
        let bound = bound(sample, "le")?;
        if let Some((last, before)) = self.last {
            if bound <= last {
                return error(
                    sample,
                    format!("the bucket {bound} must stand before the bucket {last}"),
                );
            }
            let (value, count) = (sample.value, before.value);
            if value < count {
                return error(
                    sample,
                    format!(
                        "the bucket {bound} has {value}, less than the {count} of the bucket {last} within it"
                    ),
                );
            }
        }
        if bound < 0.0 {
            self.negative.get_or_insert(sample);
        }
        self.last = Some((bound, sample));
        Ok(())
    }

    /// Checks what there is when all samples were added: the last bucket is +Inf, and it is the count.
    pub(crate) fn check(&self, family: &str) -> Result<()> {
        let Some(first) = self.first else { return Ok(()) };
        let Some((_, infinite)) = self.last.filter(|(bound, _)| *bound == f64::INFINITY) else {
            return error(first, format!("`{family}` lacks its bucket with le=\"+Inf\""));
        };
        let other = self.count.filter(|count| count.value != infinite.value);
        other.map_or(Ok(()), |count| {
            let (count_value, infinite) = (count.value, infinite.value);
            error(count, format!("the count is {count_value}, but the bucket +Inf has {infinite}"))
        })
    }
}
