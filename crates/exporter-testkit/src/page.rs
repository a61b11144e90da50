//! A page, read back, and what tests ask of it.

use exporter_parse::{Family, Kind, Sample, is_openmetrics, parse_openmetrics, parse_text};

use crate::parts::{Histogram, Summary};

/// A page of text format 0.0.4, or of OpenMetrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The families in their order, with their samples.
    pub families: Vec<Family>,
}

impl Page {
    /// Reads a page, which is of OpenMetrics if its last line is `# EOF`. Panics, saying where, if it is not well formed.
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        let parse = if is_openmetrics(text) { parse_openmetrics } else { parse_text };
        let parsed = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        Self { families: parsed.families }
    }

    /// The names of the families in their order.
    pub fn names(&self) -> Vec<&str> {
        self.families.iter().map(|family| family.name.as_str()).collect()
    }

    /// The family of this name. That of `x_total` and `x_info` is `x` in OpenMetrics.
    pub fn family(&self, name: &str) -> Option<&Family> {
        let named = |name: &str| self.families.iter().find(|family| family.name == name);
        named(name).or_else(|| {
            let of = |suffix: &str, kind: Kind| {
                name.strip_suffix(suffix).and_then(named).filter(|family| family.kind == kind)
            };
            of("_total", Kind::Counter).or_else(|| of("_info", Kind::Info))
        })
    }

    /// Every sample, in the order of the page.
    pub fn all_samples(&self) -> Vec<&Sample> {
        self.families.iter().flat_map(|family| &family.samples).collect()
    }

    /// The samples of a metric.
    pub fn samples(&self, name: &str) -> Vec<&Sample> {
        self.all_samples().into_iter().filter(|sample| sample.name == name).collect()
    }

    /// The value of the one sample of a metric that has these labels, others or not.
    #[track_caller]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        one(self.samples(name), name, labels).map(|sample| sample.value)
    }

    /// The value of the one sample of a gauge that has these labels, others or not. Panics, with what there is, where it
    /// is not one. So do all that follow.
    #[track_caller]
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.sample(&[Kind::Gauge], name, labels).value
    }

    /// The value of the one sample of a counter that has these labels, others or not.
    #[track_caller]
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.sample(&[Kind::Counter], name, labels).value
    }

    /// The value of the one sample, that has these labels, others or not, of a metric of which nothing is known.
    #[track_caller]
    pub fn untyped(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.sample(&[Kind::Unknown], name, labels).value
    }

    /// The one sample of an info that has these labels, and others, which are what it says. In text format 0.0.4, it is a
    /// gauge.
    #[track_caller]
    pub fn info(&self, name: &str, labels: &[(&str, &str)]) -> &Sample {
        assert!(
            name.ends_with("_info"),
            "the name of an info ends in `_info`, and {name} does not"
        );
        let sample = self.sample(&[Kind::Info, Kind::Gauge], name, labels);
        assert_eq!(sample.value, 1.0, "the value of an info is 1, and {sample} has another");
        sample
    }

    /// The one histogram of this name that has these labels, others or not.
    #[track_caller]
    pub fn histogram(&self, name: &str, labels: &[(&str, &str)]) -> Histogram<'_> {
        let count = self.part(Kind::Histogram, name, labels);
        Histogram::of(&self.of_kind(&[Kind::Histogram], name).samples, name, &count.labels)
    }

    /// The one summary of this name that has these labels, others or not.
    #[track_caller]
    pub fn summary(&self, name: &str, labels: &[(&str, &str)]) -> Summary<'_> {
        let count = self.part(Kind::Summary, name, labels);
        Summary::of(&self.of_kind(&[Kind::Summary], name).samples, name, &count.labels)
    }

    /// The sample by which a series of several lines is known.
    #[track_caller]
    fn part(&self, kind: Kind, name: &str, labels: &[(&str, &str)]) -> &Sample {
        pick(self.of_kind(&[kind], name), &format!("{name}_count"), labels)
    }

    #[track_caller]
    fn sample(&self, kinds: &[Kind], name: &str, labels: &[(&str, &str)]) -> &Sample {
        pick(self.of_kind(kinds, name), name, labels)
    }

    #[track_caller]
    fn of_kind(&self, kinds: &[Kind], name: &str) -> &Family {
        let Some(family) = self.family(name) else {
            panic!("there is no family {name}, but these: {}", self.names().join(", "));
        };
        assert!(kinds.contains(&family.kind), "{name} is a {}, not a {}", family.kind, kinds[0]);
        family
    }
}

/// The one sample of a metric in its family.
#[track_caller]
fn pick<'a>(family: &'a Family, name: &str, labels: &[(&str, &str)]) -> &'a Sample {
    let named = family.samples.iter().filter(|sample| sample.name == name).collect();
    one(named, name, labels).unwrap_or_else(|| {
        let there: Vec<String> = family.samples.iter().map(ToString::to_string).collect();
        panic!("{name} has no sample with {labels:?}, but these:\n{}", there.join("\n"))
    })
}

/// The one of `samples` that has these labels.
#[track_caller]
fn one<'a>(samples: Vec<&'a Sample>, name: &str, labels: &[(&str, &str)]) -> Option<&'a Sample> {
    let mut matching = samples
        .into_iter()
        .filter(|sample| labels.iter().all(|(label, value)| sample.label(label) == Some(value)));
    let first = matching.next();
    assert!(matching.next().is_none(), "several samples of {name} with {labels:?}");
    first
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_page_is_read_with_types_labels_and_escapes() {
        let page = Page::parse(
            "# HELP a first\\nline\n# TYPE a gauge\na{x=\"1\",y=\"\\\\ \\\" \\n}\"} +Inf\na 2\n# TYPE b counter\nb NaN\n",
        );
        assert_eq!(page.names(), ["a", "b"]);
        let family = page.family("a").unwrap();
        assert_eq!((family.kind, family.help.as_deref()), (Kind::Gauge, Some("first\nline")));
        assert_eq!(page.all_samples()[0].label("y"), Some("\\ \" \n}"));
        assert_eq!(page.value("a", &[("x", "1")]), Some(f64::INFINITY));
        assert!(page.all_samples()[2].value.is_nan());
    }

    #[test]
    #[should_panic(expected = "line 1, column 10: expected `\"` behind a label value")]
    fn a_line_that_is_no_sample_is_noticed() {
        Page::parse("a{x=\"1} 2\n");
    }

    #[test]
    fn every_kind_is_asked_for_by_its_name_in_both_formats() {
        let text = "# TYPE c_total counter\nc_total 1\n# TYPE u untyped\nu 2\n# TYPE b_info gauge\nb_info{v=\"3\"} 1\n";
        let open = "# TYPE c counter\nc_total 1\n# TYPE u unknown\nu 2\n# TYPE b info\nb_info{v=\"3\"} 1\n# EOF\n";
        let parts = "# TYPE h histogram\nh_bucket{a=\"x\",le=\"0.5\"} 2\nh_bucket{a=\"x\",le=\"+Inf\"} 3\nh_count{a=\"x\"} 3\nh_sum{a=\"x\"} 4.5\n\
                     # TYPE s summary\ns{a=\"x\",quantile=\"0.9\"} 7\ns_count{a=\"x\"} 8\ns_sum{a=\"x\"} 9\n";
        for page in [format!("{parts}{text}"), format!("{parts}{open}")] {
            let page = Page::parse(&page);
            assert_eq!((page.counter("c_total", &[]), page.untyped("u", &[])), (1.0, 2.0));
            assert_eq!(page.info("b_info", &[]).label("v"), Some("3"));
            let h = page.histogram("h", &[("a", "x")]);
            assert_eq!(h.buckets().collect::<Vec<_>>(), [(0.5, 2.0), (f64::INFINITY, 3.0)]);
            assert_eq!((h.bucket(0.5), h.count(), h.sum()), (2.0, 3.0, Some(4.5)));
            let s = page.summary("s", &[]);
            assert_eq!((s.quantile(0.9), s.count(), s.sum()), (7.0, 8.0, Some(9.0)));
        }
    }

    #[test]
    fn what_is_there_is_told_where_something_else_was_asked_for() {
        let check = |ask: fn(&Page), expected: &str| {
            let page = Page::parse("# TYPE a gauge\na{x=\"1\"} 1\na{x=\"2\"} 2\n");
            let said = catch_unwind(move || ask(&page)).unwrap_err();
            assert_eq!(said.downcast_ref::<String>().unwrap(), expected);
        };
        check(|page| _ = page.counter("a", &[]), "a is a gauge, not a counter");
        check(|page| _ = page.histogram("a", &[]), "a is a gauge, not a histogram");
        check(|page| _ = page.gauge("b", &[]), "there is no family b, but these: a");
        check(|page| _ = page.gauge("a", &[]), "several samples of a with []");
        check(
            |page| _ = page.gauge("a", &[("x", "3")]),
            "a has no sample with [(\"x\", \"3\")], but these:\na{x=\"1\"}\na{x=\"2\"}",
        );
    }
}
