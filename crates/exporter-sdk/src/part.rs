//! Which line of its family a sample is. Gauges and counters have one line per sample; histograms and summaries several,
//! which the formats tell apart by a suffix of the name and a label whose value is a number.

/// A line of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// The only one.
    Whole,
    /// `_bucket`: how many observations were not above the bound, which is the label `le`.
    Bucket(f64),
    /// The value that this fraction of the observations did not exceed; the fraction is the label `quantile`.
    Quantile(f64),
    /// `_sum`: the sum of all observations.
    Sum,
    /// `_count`: how many observations there were.
    Count,
}

// What stands in the header of a record; it has room for three more, and for whether the record has a time stamp.
pub(crate) const WHOLE: u32 = 0;
const BUCKET: u32 = 1;
const QUANTILE: u32 = 2;
const SUM: u32 = 3;
const COUNT: u32 = 4;
/// Added to the part of records that end in a time stamp.
pub(crate) const STAMPED: u32 = 8;

/// How many bytes a time stamp takes at the end of a record.
pub(crate) const STAMP: usize = size_of::<i64>();

/// How many bytes a bound takes at the end of a record.
pub(crate) const BOUND: usize = size_of::<f64>();

/// What stands before the bound of a part that has one.
pub(crate) const fn opening(tag: u32) -> Option<&'static str> {
    match tag & !STAMPED {
        BUCKET => Some("le=\""),
        QUANTILE => Some("quantile=\""),
        _ => None,
    }
}

impl Part {
    /// What the name of the line has besides the name of the family.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Whole | Self::Quantile(_) => "",
            Self::Bucket(_) => "_bucket",
            Self::Sum => "_sum",
            Self::Count => "_count",
        }
    }

    /// The value of the label `le` or `quantile`, where the line has one.
    pub const fn bound(self) -> Option<f64> {
        match self {
            Self::Bucket(bound) | Self::Quantile(bound) => Some(bound),
            Self::Whole | Self::Sum | Self::Count => None,
        }
    }

    pub(crate) const fn tag(self) -> u32 {
        match self {
            Self::Whole => WHOLE,
            Self::Bucket(_) => BUCKET,
            Self::Quantile(_) => QUANTILE,
            Self::Sum => SUM,
            Self::Count => COUNT,
        }
    }

    /// The part of a record with this tag. Its bound is the end of the record's `block`, without a time stamp.
    pub(crate) fn read(tag: u32, block: &[u8]) -> Self {
        let bound = || f64::from_le_bytes(block.last_chunk().copied().unwrap_or_default());
        match tag & !STAMPED {
            BUCKET => Self::Bucket(bound()),
            QUANTILE => Self::Quantile(bound()),
            SUM => Self::Sum,
            COUNT => Self::Count,
            _ => Self::Whole,
        }
    }
}
