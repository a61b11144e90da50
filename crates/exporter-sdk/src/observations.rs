//! What a collector counts itself, for histograms.

use crate::parted::HistogramValue;

/// The bounds of a histogram's buckets: numbers, strictly ascending, without `+Inf`, which every histogram has.
///
/// ```
/// use exporter_sdk::Buckets;
///
/// const LATENCIES: Buckets = Buckets::new(&[0.005, 0.05, 0.5, 5.0]);
/// ```
///
/// Where it is a constant, bounds that are wrong do not compile:
///
/// ```compile_fail
/// # use exporter_sdk::Buckets;
/// const LATENCIES: Buckets = Buckets::new(&[0.5, 0.05]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Buckets(&'static [f64]);

impl Buckets {
    /// What Prometheus clients use for the duration of requests, in seconds.
    pub const DEFAULT: Self =
        Self::new(&[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]);

    /// Buckets with these upper bounds.
    ///
    /// # Panics
    ///
    /// When the bounds are not finite numbers in strictly ascending order.
    pub const fn new(bounds: &'static [f64]) -> Self {
        let mut i = 0;
        while i < bounds.len() {
            assert!(
                bounds[i].is_finite(),
                "the bounds of buckets are finite numbers; +Inf is there anyway"
            );
            assert!(
                i == 0 || bounds[i - 1] < bounds[i],
                "the bounds of buckets are strictly ascending; sort them, and give each once"
            );
            i += 1;
        }
        Self(bounds)
    }
}

/// Counts observations by bucket. What it has counted is a histogram's value at any time; it may live for a run, or in the
/// collector for as long as that does, as counts that Prometheus takes rates of should.
///
/// ```
/// use exporter_sdk::{Buckets, Histogram, Observations, Scrape};
///
/// static SIZES: Histogram = Histogram::new("spool_file_size_bytes", "How large the files of the spool are.");
///
/// # fn f(scrape: &mut Scrape) {
/// let mut sizes = Observations::new(Buckets::new(&[1e3, 1e6, 1e9]));
/// for size in [17.0, 2e6] {
///     sizes.observe(size);
/// }
/// scrape.emit_histogram(&SIZES, (), &sizes.value());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Observations {
    /// Each with the number of observations that were not above it.
    buckets: Vec<(f64, u64)>,
    sum: f64,
    count: u64,
}

impl Observations {
    /// None so far.
    pub fn new(buckets: Buckets) -> Self {
        Self { buckets: buckets.0.iter().map(|&bound| (bound, 0)).collect(), sum: 0.0, count: 0 }
    }

    /// Counts a number in.
    pub fn observe(&mut self, value: f64) {
        // NaN is in no bucket but the last, which is the count.
        let within = self.buckets.iter_mut().rev().take_while(|(bound, _)| value <= *bound);
        within.for_each(|(_, count)| *count += 1);
        self.sum += value;
        self.count += 1;
    }

    /// What was counted.
    pub fn value(&self) -> HistogramValue<'_> {
        HistogramValue { buckets: &self.buckets, sum: self.sum, count: self.count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_are_counted_where_they_belong() {
        let mut observations = Observations::new(Buckets::new(&[1.0, 2.0]));
        for value in [0.5, 1.0, 1.5, 2.5, -1.0, f64::INFINITY] {
            observations.observe(value);
        }
        let expected =
            HistogramValue { buckets: &[(1.0, 3), (2.0, 4)], sum: f64::INFINITY, count: 6 };
        assert_eq!(observations.value(), expected);
        observations.observe(f64::NAN);
        assert_eq!(observations.value().buckets, [(1.0, 3), (2.0, 4)]);
        assert!(observations.value().sum.is_nan() && observations.value().count == 7);
    }
}
