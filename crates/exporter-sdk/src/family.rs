//! Families as they are at run time: the same thing whether they were declared in the source or built from
//! configuration, and cheap to clone.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::desc::{Desc, Kind};
use crate::labels::Layout;
use crate::names;

/// A family: kind, name, help and labels.
///
/// Collectors that know their families when they are compiled declare them as [`Gauge`](crate::Gauge) and so on, and
/// never meet this type. Those that learn them from configuration (JSON, SQL, text files) build them with
/// [`Family::gauge`] and its neighbours, under the same rules:
///
/// ```
/// use exporter_sdk::Family;
///
/// let orders = Family::gauge("orders_open", "Orders that wait.").labels(["shop"]).build()?;
/// assert_eq!(orders.name(), "orders_open");
/// assert!(Family::gauge("orders open", "").build().is_err());
/// # Ok::<(), exporter_sdk::InvalidFamily>(())
/// ```
#[derive(Clone, Debug)]
pub struct Family(Arc<Data>);

#[derive(Debug)]
struct Data {
    kind: Kind,
    name: Text,
    help: Text,
    unit: Text,
    labels: Vec<Text>,
    const_labels: Vec<(Text, Text)>,
    lint_exception: Option<Text>,
    layout: Layout,
}

type Text = Cow<'static, str>;

impl Family {
    /// A family of gauges.
    pub fn gauge(name: impl Into<Text>, help: impl Into<Text>) -> FamilyBuilder {
        Self::of_kind(Kind::Gauge, name, help)
    }

    /// A family of counters.
    pub fn counter(name: impl Into<Text>, help: impl Into<Text>) -> FamilyBuilder {
        Self::of_kind(Kind::Counter, name, help)
    }

    /// A family of histograms, whose samples are emitted with
    /// [`emit_histogram_pairs`](crate::Scrape::emit_histogram_pairs). Its name is that without `_bucket`, `_sum` and `_count`.
    pub fn histogram(name: impl Into<Text>, help: impl Into<Text>) -> FamilyBuilder {
        Self::of_kind(Kind::Histogram, name, help)
    }

    /// A family of summaries, whose samples are emitted with [`emit_summary_pairs`](crate::Scrape::emit_summary_pairs). Its name is
    /// that without `_sum` and `_count`.
    pub fn summary(name: impl Into<Text>, help: impl Into<Text>) -> FamilyBuilder {
        Self::of_kind(Kind::Summary, name, help)
    }

    /// A family of infos, whose samples have the value 1. Its name ends in `_info`.
    pub fn info(name: impl Into<Text>, help: impl Into<Text>) -> FamilyBuilder {
        Self::of_kind(Kind::Info, name, help)
    }

    /// A family of the given kind.
    pub fn of_kind(kind: Kind, name: impl Into<Text>, help: impl Into<Text>) -> FamilyBuilder {
        FamilyBuilder {
            kind,
            name: name.into(),
            help: help.into(),
            unit: Text::default(),
            labels: Vec::new(),
            const_labels: Vec::new(),
            lint_exception: None,
        }
    }

    /// The metric name, exactly as it is exposed.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What the metric means, for people.
    pub fn help(&self) -> &str {
        &self.0.help
    }

    /// The unit of the values, such as `seconds`; empty where none was given.
    pub fn unit(&self) -> &str {
        &self.0.unit
    }

    /// The kind of the family.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The names of the labels whose values each sample gives, in that order. Empty as well where the samples of the
    /// family bring their own names, see [`Scrape::emit_pairs`](crate::Scrape::emit_pairs).
    pub fn labels(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.labels.iter().map(AsRef::as_ref)
    }

    /// The labels that are the same on every sample, as (name, value).
    pub fn const_labels(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.const_labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    /// Why the family may break the rules for names and help texts, if it may.
    pub fn lint_exception(&self) -> Option<&str> {
        self.0.lint_exception.as_deref()
    }

    /// Every name under which the family can be exposed, in any format: [`text_names`](Self::text_names) and
    /// [`openmetrics_names`](Self::openmetrics_names).
    pub fn exposed_names(&self) -> Vec<String> {
        let mut names = self.text_names();
        names.extend(self.openmetrics_names());
        names
    }

    /// The names of its series and of its metadata in text format: its own, and those with `_bucket`, `_sum` and `_count`
    /// of a histogram or summary. Two families that share one of them contradict each other on every page.
    ///
    /// ```
    /// # use exporter_sdk::Family;
    /// let latency = Family::summary("latency_seconds", "").build()?;
    /// assert_eq!(latency.text_names(), ["latency_seconds", "latency_seconds_sum", "latency_seconds_count"]);
    /// # Ok::<(), exporter_sdk::InvalidFamily>(())
    /// ```
    pub fn text_names(&self) -> Vec<String> {
        let suffixes: &[&str] = match self.kind() {
            Kind::Histogram => &["", "_bucket", "_sum", "_count"],
            Kind::Summary => &["", "_sum", "_count"],
            Kind::Gauge | Kind::Counter | Kind::Info | Kind::Unknown => &[""],
        };
        suffixes.iter().map(|suffix| format!("{}{suffix}", self.name())).collect()
    }

    /// The names that it takes in OpenMetrics only, where a counter `x_total` and an info `x_info` are the family `x`, and
    /// counters, histograms and summaries can have `x_created` beside them. Of two families that share one of these, the
    /// text format has both.
    ///
    /// ```
    /// # use exporter_sdk::Family;
    /// let jobs = Family::counter("jobs_total", "").build()?;
    /// assert_eq!(jobs.openmetrics_names(), ["jobs", "jobs_created"]);
    /// # Ok::<(), exporter_sdk::InvalidFamily>(())
    /// ```
    pub fn openmetrics_names(&self) -> Vec<String> {
        let name = self.name();
        let base = |suffix| name.strip_suffix(suffix).filter(|base: &&str| !base.is_empty());
        match (self.kind(), base("_total"), base("_info")) {
            (Kind::Counter, Some(base), _) => vec![base.to_owned(), format!("{base}_created")],
            (Kind::Info, _, Some(base)) => vec![base.to_owned()],
            (Kind::Histogram | Kind::Summary, ..) => vec![format!("{name}_created")],
            _ => Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn layout(&self) -> &Layout {
        &self.0.layout
    }

    /// What tells this family from all others that are alive.
    #[inline]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Whether samples of `other` may stand in this family, beyond the name being the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.kind() == other.kind()
            && self.labels().eq(other.labels())
            && self.const_labels().eq(other.const_labels())
    }
}

impl From<&'static Desc> for Family {
    fn from(desc: &'static Desc) -> Self {
        let builder = FamilyBuilder {
            kind: desc.kind,
            name: desc.name.into(),
            help: desc.help.into(),
            unit: desc.unit.into(),
            labels: desc.labels.iter().map(|&name| name.into()).collect(),
            const_labels: desc.const_labels.iter().map(|&(n, v)| (n.into(), v.into())).collect(),
            lint_exception: desc.lint_exception.map(Into::into),
        };
        builder.finish()
    }
}

/// Builds a [`Family`] from what is known at run time only.
#[derive(Clone, Debug)]
pub struct FamilyBuilder {
    kind: Kind,
    name: Text,
    help: Text,
    unit: Text,
    labels: Vec<Text>,
    const_labels: Vec<(Text, Text)>,
    lint_exception: Option<Text>,
}

impl FamilyBuilder {
    /// Says in which unit the values are, such as `seconds`. The name ends in it, but for the `_total` of counters.
    pub fn unit(mut self, unit: impl Into<Text>) -> Self {
        self.unit = unit.into();
        self
    }

    /// Names the labels whose values each sample gives.
    pub fn labels(mut self, names: impl IntoIterator<Item = impl Into<Text>>) -> Self {
        self.labels.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds labels that are the same on every sample, as (name, value). An empty value is as good as no label, and left out.
    pub fn const_labels(
        mut self,
        labels: impl IntoIterator<Item = (impl Into<Text>, impl Into<Text>)>,
    ) -> Self {
        self.const_labels.extend(labels.into_iter().map(|(n, v)| (n.into(), v.into())));
        self
    }

    /// Lets the family break the rules that lint has for names and help texts, which are those of `promtool check metrics`,
    /// and says why it has to. A family that breaks none may not have it.
    pub fn lint_exception(mut self, why: impl Into<Text>) -> Self {
        self.lint_exception = Some(why.into());
        self
    }

    /// Checks the names and makes the family.
    ///
    /// # Errors
    ///
    /// When a name is not legal, is reserved, or occurs twice, or an exception has no reason: what the compiler says of a static descriptor.
    pub fn build(self) -> Result<Family, InvalidFamily> {
        self.check().map_err(|problem| InvalidFamily { family: self.name.to_string(), problem })?;
        Ok(self.finish())
    }

    fn check(&self) -> Result<(), String> {
        if !names::is_metric_name(&self.name) {
            return Err("illegal metric name: it must match [a-zA-Z_:][a-zA-Z0-9_:]*".into());
        }
        if self.kind == Kind::Info && !names::has_suffix(&self.name, "info") {
            return Err("the name of an info ends in `_info`".into());
        }
        if !self.unit.is_empty() && !names::has_unit(&self.name, &self.unit) {
            return Err(format!(
                "its unit is `{0}`, so its name ends in `_{0}` (or `_{0}_total`)",
                self.unit
            ));
        }
        if self.lint_exception.as_ref().is_some_and(|why| why.is_empty()) {
            return Err("an exception needs a reason: say in `.lint_exception(\"...\")` why the metric has to break a rule".into());
        }
        let names: Vec<&str> = self
            .labels
            .iter()
            .chain(self.const_labels.iter().map(|(name, _)| name))
            .map(AsRef::as_ref)
            .collect();
        for (i, name) in names.iter().enumerate() {
            check_label(name)?;
            if names[..i].contains(name) {
                return Err(format!("duplicate label name `{name}`"));
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Family {
        // As in samples that bring their labels: sorted, and an empty value is none.
        self.const_labels.retain(|(_, value)| !value.is_empty());
        self.const_labels.sort_unstable();
        let layout = Layout::new(
            self.labels.iter().map(AsRef::as_ref),
            self.const_labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref())),
        );
        let Self { kind, name, help, unit, labels, const_labels, lint_exception } = self;
        let data = Data { kind, name, help, unit, labels, const_labels, lint_exception, layout };
        Family(Arc::new(data))
    }
}

/// The rules for one label name, as text for an error.
pub(crate) fn check_label(name: &str) -> Result<(), String> {
    if !names::is_label_name(name) {
        return Err(format!("illegal label name `{name}`: it must match [a-zA-Z_][a-zA-Z0-9_]*"));
    }
    if names::is_reserved_label(name) {
        return Err(format!(
            "reserved label name `{name}`: `le`, `quantile` and names that begin with `__` are not for collectors; use another name, or a `Histogram` or `Summary` for bounds and quantiles"
        ));
    }
    Ok(())
}

/// A family that cannot be built, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidFamily {
    family: String,
    problem: String,
}

impl fmt::Display for InvalidFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metric `{}`: {}", self.family, self.problem)
    }
}

impl std::error::Error for InvalidFamily {}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(builder: FamilyBuilder) -> String {
        builder.build().unwrap_err().to_string()
    }

    #[test]
    fn run_time_families_are_held_to_the_rules_of_static_ones() {
        assert_eq!(
            problem(Family::gauge("a-b", "")),
            "metric `a-b`: illegal metric name: it must match [a-zA-Z_:][a-zA-Z0-9_:]*"
        );
        assert!(
            problem(Family::gauge("a", "").labels(["x y"])).contains("illegal label name `x y`")
        );
        assert!(
            problem(Family::gauge("a", "").labels(["le"])).contains("reserved label name `le`")
        );
        assert_eq!(
            problem(Family::info("a", "")),
            "metric `a`: the name of an info ends in `_info`"
        );
        assert!(Family::counter("a_seconds_total", "").unit("seconds").build().is_ok());
        assert_eq!(
            problem(Family::gauge("a_seconds", "").unit("bytes")),
            "metric `a_seconds`: its unit is `bytes`, so its name ends in `_bytes` (or `_bytes_total`)"
        );
        assert!(problem(Family::gauge("a", "").lint_exception("")).contains("needs a reason"));
        let twice = Family::counter("a", "").labels(["x"]).const_labels([("x", "1")]);
        assert_eq!(problem(twice), "metric `a`: duplicate label name `x`");
    }

    #[test]
    fn a_family_knows_the_names_of_its_lines_in_either_format() {
        let check = |builder: FamilyBuilder, text: &str, openmetrics: &str| {
            let family = builder.build().unwrap();
            assert_eq!(family.text_names().join(" "), text);
            assert_eq!(family.openmetrics_names().join(" "), openmetrics);
            assert_eq!(family.exposed_names().join(" "), format!("{text} {openmetrics}").trim());
        };
        check(Family::gauge("x", ""), "x", "");
        check(Family::gauge("x_total", ""), "x_total", "");
        check(Family::counter("x", ""), "x", "");
        check(Family::counter("_total", ""), "_total", "");
        check(Family::counter("x_total", ""), "x_total", "x x_created");
        check(Family::info("x_info", ""), "x_info", "x");
        check(Family::summary("x", ""), "x x_sum x_count", "x_created");
        check(Family::histogram("x", ""), "x x_bucket x_sum x_count", "x_created");
    }

    #[test]
    fn a_static_descriptor_becomes_the_same_family() {
        static METRIC: crate::Gauge<1> =
            crate::Gauge::new("m", "help").labels(&["a"]).const_labels(&[("c", "v")]);
        let family = Family::from(METRIC.desc());
        assert_eq!((family.kind(), family.name(), family.help()), (Kind::Gauge, "m", "help"));
        assert!(family.labels().eq(["a"]) && family.const_labels().eq([("c", "v")]));
        assert!(family.is_like(&Family::from(METRIC.desc())));
    }
}
