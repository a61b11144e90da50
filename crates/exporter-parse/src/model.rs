//! What a page says.

use std::fmt;

/// A page, family by family.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exposition {
    /// In the order in which they begin.
    pub families: Vec<Family>,
}

/// A family of samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The name. In OpenMetrics, that of a counter has no `_total`.
    pub name: String,
    /// The kind; unknown where none is given.
    pub kind: Kind,
    /// The help text, where one is given.
    pub help: Option<String>,
    /// The unit, where one is given. OpenMetrics only.
    pub unit: Option<String>,
    /// The samples in their order, each line one.
    pub samples: Vec<Sample>,
    /// Where it begins, from 1.
    pub line: usize,
}

/// What a family counts or measures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts by bucket.
    Histogram,
    /// Counts by bucket that go up and down. OpenMetrics only.
    GaugeHistogram,
    /// Quantiles.
    Summary,
    /// Labels, whose value is always 1. OpenMetrics only.
    Info,
    /// Which of several states hold. OpenMetrics only.
    StateSet,
    /// Nothing is known of it: `untyped` in the text format.
    #[default]
    Unknown,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::Unknown => "unknown",
        })
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The name of the metric, such as `x_bucket` in the family `x`.
    pub name: String,
    /// The labels in their order.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
    /// The time in seconds since 1970, where one is given.
    pub timestamp: Option<f64>,
    /// The exemplar, where there is one. OpenMetrics only.
    pub exemplar: Option<Exemplar>,
    /// Where it stands, from 1.
    pub line: usize,
}

impl Sample {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

/// The series: `name{label="value"}`.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (index, (name, value)) in self.labels.iter().enumerate() {
            write!(f, "{}{name}={value:?}", if index == 0 { '{' } else { ',' })?;
        }
        f.write_str(if self.labels.is_empty() { "" } else { "}" })
    }
}

/// One of the events that a sample counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Exemplar {
    /// The labels in their order.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
    /// The time in seconds since 1970, where one is given.
    pub timestamp: Option<f64>,
}
