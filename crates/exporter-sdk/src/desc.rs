//! Static descriptors: what a family is called, what it means and which labels its samples carry, known when the
//! collector is compiled. A mistake in one is a compile error, not a scrape that fails in production.

use std::fmt;

use crate::names;

/// What the samples of a family mean, in the words of the exposition formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A value that can go up and down.
    Gauge,
    /// A value that only grows, and starts again from zero when its source restarts.
    Counter,
    /// How many observations there were up to each of some bounds, how many in all, and their sum.
    Histogram,
    /// Some quantiles of what was observed, how many observations there were, and their sum.
    Summary,
    /// What does not change while its source runs (a version, say), in labels; the value is always 1.
    Info,
    /// A value of which nothing is known but that it is a number (`untyped` in text format 0.0.4).
    Unknown,
}

impl Kind {
    /// The lower-case word for the kind: `gauge`, `counter`, `histogram`, `summary`, `info`, `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::Unknown => "unknown",
        }
    }

    /// Whether one sample of the kind is several lines: those of histograms and summaries are.
    pub const fn has_parts(self) -> bool {
        matches!(self, Self::Histogram | Self::Summary)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The description of one family, made at compile time by [`Gauge`](crate::Gauge), [`Counter`](crate::Counter) and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desc {
    pub(crate) kind: Kind,
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) labels: &'static [&'static str],
    pub(crate) const_labels: &'static [(&'static str, &'static str)],
    pub(crate) lint_exception: Option<&'static str>,
}

impl Desc {
    pub(crate) const fn new(kind: Kind, name: &'static str, help: &'static str) -> Self {
        assert!(
            names::is_metric_name(name),
            "illegal metric name: it must match [a-zA-Z_:][a-zA-Z0-9_:]*"
        );
        assert!(
            !matches!(kind, Kind::Info) || names::has_suffix(name, "info"),
            "the name of an info ends in `_info`; add that to the name, or make it a `Gauge`"
        );
        Self { kind, name, help, unit: "", labels: &[], const_labels: &[], lint_exception: None }
    }

    pub(crate) const fn with_unit(mut self, unit: &'static str) -> Self {
        assert!(
            names::has_unit(self.name, unit),
            "the name of a metric with a unit ends in it: `_seconds`, or `_seconds_total`"
        );
        self.unit = unit;
        self
    }

    pub(crate) const fn with_labels(mut self, labels: &'static [&'static str]) -> Self {
        self.labels = labels;
        self.check_labels();
        self
    }

    pub(crate) const fn with_const_labels(
        mut self,
        labels: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.const_labels = labels;
        self.check_labels();
        self
    }

    pub(crate) const fn with_lint_exception(mut self, why: &'static str) -> Self {
        assert!(
            !why.is_empty(),
            "an exception needs a reason: say in `.lint_exception(\"...\")` why the metric has to break a rule"
        );
        self.lint_exception = Some(why);
        self
    }

    /// The metric name, exactly as it is exposed.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// What the metric means, for people.
    pub const fn help(&self) -> &'static str {
        self.help
    }

    /// The unit of the values, such as `seconds`; empty where none was given.
    pub const fn unit(&self) -> &'static str {
        self.unit
    }

    /// The kind of the family.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The names of the labels whose values each sample gives, in that order.
    pub const fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    /// The labels that are the same on every sample.
    pub const fn const_labels(&self) -> &'static [(&'static str, &'static str)] {
        self.const_labels
    }

    /// Why the metric may break the rules for names and help texts, if it may.
    pub const fn lint_exception(&self) -> Option<&'static str> {
        self.lint_exception
    }

    const fn label_at(&self, i: usize) -> &'static str {
        if i < self.labels.len() {
            self.labels[i]
        } else {
            self.const_labels[i - self.labels.len()].0
        }
    }

    const fn check_labels(&self) {
        let count = self.labels.len() + self.const_labels.len();
        let mut i = 0;
        while i < count {
            let label = self.label_at(i);
            assert!(
                names::is_label_name(label),
                "illegal label name: it must match [a-zA-Z_][a-zA-Z0-9_]*"
            );
            assert!(
                !names::is_reserved_label(label),
                "reserved label name: `le`, `quantile` and names that begin with `__` are not for collectors; use another name, or a `Histogram` or `Summary` for bounds and quantiles"
            );
            let mut j = 0;
            while j < i {
                assert!(
                    !names::equal(label, self.label_at(j)),
                    "duplicate label name: a label may occur only once, constant labels included; remove or rename one of the two"
                );
                j += 1;
            }
            i += 1;
        }
    }
}
