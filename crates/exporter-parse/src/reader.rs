//! What both formats have in common: name and labels of a sample.

use crate::cursor::{Cursor, Result, Undefined};

/// Labels in their order.
pub(crate) type Labels = Vec<(String, String)>;

/// The label that stands for the name of the metric in Prometheus, and which no page has.
const NAME: &str = "__name__";

/// The format of a page, where it makes a difference between the parts of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Any blanks, a comma behind the last label, and no backslash in a label value but for an escape.
    Text,
    /// No blanks and no such comma; a backslash that escapes nothing stands for itself.
    OpenMetrics,
}

impl Format {
    fn skip_blanks(self, line: &mut Cursor<'_>) {
        if self == Self::Text {
            line.skip_blanks();
        }
    }

    /// What becomes of backslashes that escape nothing, in label values.
    fn undefined(self) -> Undefined {
        match self {
            Self::Text => Undefined::Refused,
            Self::OpenMetrics => Undefined::Kept,
        }
    }

    /// Name and labels of a sample.
    pub(crate) fn series(self, line: &mut Cursor<'_>) -> Result<(String, Labels)> {
        let mut name = None;
        if !line.rest().starts_with('{') {
            name = Some(line.name("the name of a metric", true)?);
        }
        self.skip_blanks(line);
        let start = *line;
        let labels = if line.take("{") { self.labels(line, &mut name)? } else { Labels::new() };
        match name {
            Some(name) => Ok((name, labels)),
            None => start
                .error("the braces have no name of a metric; write it first, in quotes".to_owned()),
        }
    }

    /// The labels behind an opening brace, up to the closing one. A name alone, between quotes, is that of the metric.
    pub(crate) fn labels(self, line: &mut Cursor<'_>, name: &mut Option<String>) -> Result<Labels> {
        let mut labels = Labels::new();
        self.skip_blanks(line);
        if line.take("}") {
            return Ok(labels);
        }
        loop {
            self.label(line, name, &mut labels)?;
            self.skip_blanks(line);
            let comma = line.take(",");
            self.skip_blanks(line);
            if (!comma || self == Self::Text) && line.take("}") {
                return Ok(labels);
            }
            if !comma {
                return line.fail("expected `,` or `}` behind a label");
            }
            if line.rest().starts_with('}') {
                return line.fail("expected a label behind a comma");
            }
        }
    }

    fn label(
        self,
        line: &mut Cursor<'_>,
        name: &mut Option<String>,
        labels: &mut Labels,
    ) -> Result<()> {
        let start = *line;
        let quoted = line.rest().starts_with('"');
        let label = line.name("a label name", false)?;
        self.skip_blanks(line);
        if quoted && !line.rest().starts_with('=') {
            if name.is_some() || !labels.is_empty() {
                return start.error("the metric has a name already".to_owned());
            }
            *name = Some(label);
            return Ok(());
        }
        line.expect("=", "behind a label name")?;
        self.skip_blanks(line);
        line.expect("\"", "before a label value")?;
        if label == NAME {
            return start.error(format!(
                "the label `{NAME}` is reserved for the name of the metric, which stands before the labels"
            ));
        }
        if labels.iter().any(|(other, _)| *other == label) {
            return start.error(format!("the label `{label}` comes a second time"));
        }
        let value = line.quoted("a label value", self.undefined())?;
        labels.push((label, value));
        Ok(())
    }
}
