//! A page of the text format, read back.

use std::fmt;

use exporter_parse::{Kind, Sample as Parsed, parse_text};

/// The samples and the metadata of a page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The samples in their order.
    pub samples: Vec<Sample>,
    /// The families in their order, each with its type and its help.
    pub families: Vec<(String, String, String)>,
}

/// One line of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// The metric name.
    pub name: String,
    /// The labels in their order.
    pub labels: Vec<(String, String)>,
    /// The value.
    pub value: f64,
}

impl Page {
    /// Reads a page of text format 0.0.4. Panics, saying where, if it is not well formed.
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        let parsed = parse_text(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let mut page = Self::default();
        for family in parsed.families {
            let samples = family.samples.into_iter();
            page.samples.extend(samples.map(|Parsed { name, labels, value, .. }| Sample {
                name,
                labels,
                value,
            }));
            // As the text format spells it.
            let kind = match family.kind {
                Kind::Unknown => "untyped".to_owned(),
                kind => kind.to_string(),
            };
            page.families.push((family.name, kind, family.help.unwrap_or_default()));
        }
        page
    }

    /// The names of the families in their order.
    pub fn names(&self) -> Vec<&str> {
        self.families.iter().map(|(name, ..)| name.as_str()).collect()
    }

    /// Type and help of a family.
    pub fn family(&self, name: &str) -> Option<(&str, &str)> {
        let family = self.families.iter().find(|family| family.0 == name)?;
        Some((&family.1, &family.2))
    }

    /// The samples of a metric.
    pub fn samples(&self, name: &str) -> Vec<&Sample> {
        self.samples.iter().filter(|sample| sample.name == name).collect()
    }

    /// The value of the one sample of a metric that has these labels, others or not.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut matching = self.samples.iter().filter(|sample| {
            sample.name == name
                && labels.iter().all(|(label, value)| sample.label(label) == Some(value))
        });
        let value = matching.next()?.value;
        assert!(matching.next().is_none(), "several samples of {name} with {labels:?}");
        Some(value)
    }

    /// The value of the one sample of a gauge that has these labels, others or not. Panics, with what there is, where it
    /// is not one.
    #[track_caller]
    pub fn gauge(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.typed("gauge", name, labels)
    }

    /// The value of the one sample of a counter that has these labels, others or not. Panics, with what there is, where
    /// it is not one.
    #[track_caller]
    pub fn counter(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.typed("counter", name, labels)
    }

    #[track_caller]
    fn typed(&self, kind: &str, name: &str, labels: &[(&str, &str)]) -> f64 {
        let Some((found, _)) = self.family(name) else {
            panic!("there is no family {name}, but these: {}", self.names().join(", "));
        };
        assert_eq!(found, kind, "{name} is a {found}, not a {kind}");
        self.value(name, labels).unwrap_or_else(|| {
            let there: Vec<String> = self.samples(name).iter().map(ToString::to_string).collect();
            panic!("{name} has no sample with {labels:?}, but these:\n{}", there.join("\n"))
        })
    }
}

/// The series: `name{label="value"}`.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<String> =
            self.labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        let labels =
            if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        write!(f, "{}{labels}", self.name)
    }
}

impl Sample {
    /// The value of a label.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_with_types_labels_and_escapes() {
        let page = Page::parse(
            "# HELP a first\\nline\n# TYPE a gauge\na{x=\"1\",y=\"\\\\ \\\" \\n}\"} +Inf\na 2\n# TYPE b counter\nb NaN\n",
        );
        assert_eq!(page.names(), ["a", "b"]);
        assert_eq!(page.family("a"), Some(("gauge", "first\nline")));
        assert_eq!(page.samples[0].label("y"), Some("\\ \" \n}"));
        assert_eq!(page.value("a", &[("x", "1")]), Some(f64::INFINITY));
        assert!(page.samples[2].value.is_nan());
    }

    #[test]
    #[should_panic(expected = "line 1, column 10: expected `\"` behind a label value")]
    fn a_line_that_is_no_sample_is_noticed() {
        Page::parse("a{x=\"1} 2\n");
    }
}
