//! What both formats have in common: the names and labels of a sample, and which family it belongs to.

use std::collections::{HashMap, HashSet};

use crate::cursor::{Cursor, Result};
use crate::model::{Exposition, Family, Kind, Sample};

/// Labels in their order.
pub(crate) type Labels = Vec<(String, String)>;

/// The labels behind an opening brace, up to the closing one. A name alone, between quotes, is that of the metric.
pub(crate) fn labels(
    line: &mut Cursor<'_>,
    name: &mut Option<String>,
    blanks: bool,
) -> Result<Labels> {
    let mut labels = Labels::new();
    loop {
        skip(line, blanks);
        if line.take("}") {
            return Ok(labels);
        }
        let start = *line;
        let quoted = line.rest().starts_with('"');
        let label = line.name("a label name", false)?;
        skip(line, blanks);
        if quoted && !line.rest().starts_with('=') {
            if name.is_some() || !labels.is_empty() {
                return start.error("the metric has a name already".to_owned());
            }
            *name = Some(label);
        } else {
            line.expect("=", "behind a label name")?;
            skip(line, blanks);
            line.expect("\"", "before a label value")?;
            if labels.iter().any(|(other, _)| *other == label) {
                return start.error(format!("the label `{label}` comes a second time"));
            }
            let value = line.quoted("a label value")?;
            labels.push((label, value));
        }
        skip(line, blanks);
        if !line.take(",") && !line.rest().starts_with('}') {
            return line.fail("expected `,` or `}` behind a label");
        }
    }
}

fn skip(line: &mut Cursor<'_>, blanks: bool) {
    if blanks {
        line.skip_blanks();
    }
}

/// Name and labels of a sample.
pub(crate) fn series(line: &mut Cursor<'_>, blanks: bool) -> Result<(String, Labels)> {
    let mut name = None;
    if !line.rest().starts_with('{') {
        name = Some(line.name("the name of a metric", true)?);
    }
    skip(line, blanks);
    let start = *line;
    let labels = if line.take("{") { labels(line, &mut name, blanks)? } else { Labels::new() };
    match name {
        Some(name) => Ok((name, labels)),
        None => {
            start.error("the braces have no name of a metric; write it first, in quotes".to_owned())
        }
    }
}

/// The families that a page has so far.
#[derive(Debug, Default)]
pub(crate) struct Families {
    pub(crate) page: Exposition,
    index: HashMap<String, usize>,
    seen: HashMap<String, (usize, Option<f64>)>,
    /// The families that have a TYPE line.
    pub(crate) typed: HashSet<String>,
    /// Whether the lines of a family may stand apart.
    pub(crate) ungrouped: bool,
}

impl Families {
    /// The family of this name, which metadata or a sample at this place is about.
    pub(crate) fn open(&mut self, name: &str, place: &Cursor<'_>) -> Result<&mut Family> {
        let last = self.page.families.len().saturating_sub(1);
        let index = match self.index.get(name) {
            Some(&index) if index == last || self.ungrouped => index,
            Some(&index) => {
                let family = &self.page.families[index];
                let end = family.samples.last().map_or(family.line, |sample| sample.line);
                return place.error(format!(
                    "the lines of `{name}` must stand together; others end in line {end}"
                ));
            }
            None => {
                self.index.insert(name.to_owned(), self.page.families.len());
                self.page.families.push(Family {
                    name: name.to_owned(),
                    kind: Kind::Unknown,
                    help: None,
                    unit: None,
                    samples: Vec::new(),
                    line: place.number,
                });
                self.page.families.len() - 1
            }
        };
        Ok(&mut self.page.families[index])
    }

    /// The kind of the family of this name, if there is one.
    pub(crate) fn kind(&self, name: &str) -> Option<Kind> {
        self.index.get(name).map(|&index| self.page.families[index].kind)
    }

    /// Refuses a series that was there before. With `times`, it may come again with a later time.
    pub(crate) fn check_new(
        &mut self,
        sample: &Sample,
        times: bool,
        place: &Cursor<'_>,
    ) -> Result<()> {
        let mut labels: Vec<&(String, String)> = sample.labels.iter().collect();
        labels.sort();
        let mut key = sample.name.clone();
        for (name, value) in labels.iter().filter(|(_, value)| !value.is_empty()) {
            key.extend(["\0", name, "\0", value]);
        }
        let now = (sample.line, sample.timestamp);
        let Some((line, before)) = self.seen.insert(key, now) else { return Ok(()) };
        match (before, sample.timestamp) {
            (Some(before), Some(now)) if times && now > before => Ok(()),
            (Some(_), Some(_)) if times => {
                place.error(format!("the time of this series is not after that of line {line}"))
            }
            _ => place.error(format!("the series was in line {line} already")),
        }
    }
}
