//! OpenMetrics 1.0, and 0.0.1, which differs in its name only.

mod metrics;
mod names;
mod rules;

use crate::cursor::{Cursor, Result, Undefined};
use crate::families::{Families, KEYWORDS};
use crate::model::{Exemplar, Exposition, Family, Kind, Sample};
use crate::reader::Format;

/// The longest label set that an exemplar may have, in characters.
const EXEMPLAR_LABELS: usize = 128;

/// Reads a page of OpenMetrics.
///
/// What the specification demands of a page is checked, whole and strictly. Names that begin with an underscore, which it
/// reserves, are read, since its grammar has them; `__name__` is not a label.
///
/// # Errors
///
/// For the first mistake: of the form of lines, of names, and then of what lines say together.
pub fn parse_openmetrics(page: &str) -> Result<Exposition> {
    let (mut families, mut ended) = (Families::default(), false);
    let mut last = Cursor::new("", 1);
    for (index, line) in page.split_inclusive('\n').enumerate() {
        let content = line.strip_suffix('\n').unwrap_or(line);
        let mut cursor = Cursor::new(content, index + 1);
        last = cursor;
        if ended {
            return cursor.error("there is a line behind `# EOF`".to_owned());
        }
        // A help text may have one at its end, as the grammar has it.
        if content.ends_with('\r') && !content.starts_with("# HELP ") {
            return cursor.before_last().fail("expected the end of the line");
        }
        if content == "# EOF" {
            ended = true;
        } else if !line.ends_with('\n') {
            break;
        } else if cursor.take("#") {
            metadata(&mut cursor, &mut families)?;
        } else {
            sample(&mut cursor, &mut families)?;
        }
    }
    if !ended {
        last.take_while(|_| true);
        return last.error("the page does not end with the line `# EOF`".to_owned());
    }
    names::check(&families.page.families)?;
    families.page.families.iter().try_for_each(metrics::check)?;
    Ok(families.page)
}

fn metadata(line: &mut Cursor<'_>, families: &mut Families) -> Result<()> {
    line.expect(" ", "behind `#`")?;
    let keyword_at = *line;
    let keyword = line.take_while(|c| c != ' ');
    if !KEYWORDS.contains(&keyword) {
        return keyword_at.fail("expected HELP, TYPE, UNIT or EOF behind `# `");
    }
    line.expect(" ", "behind the keyword")?;
    let place = *line;
    let name = line.name("the name of a metric", true)?;
    line.expect(" ", "behind the name of a metric")?;
    let family = families.describe(keyword, &name, &place)?;
    if let Some(sample) = family.samples.first() {
        return place.error(format!(
            "the {keyword} line of `{name}` must stand before its samples, the first of which is in line {}",
            sample.line
        ));
    }
    // An empty text is as if its line was not there.
    match keyword {
        "HELP" => family.help = Some(help(line)?).filter(|help| !help.is_empty()),
        "UNIT" => family.unit = Some(unit(line, family)?).filter(|unit| !unit.is_empty()),
        _ => family.kind = kind(line)?,
    }
    if matches!(family.kind, Kind::Info | Kind::StateSet) && family.unit.is_some() {
        return place.error(format!("`{name}` has the type {}, which has no unit", family.kind));
    }
    Ok(())
}

fn help(line: &mut Cursor<'_>) -> Result<String> {
    let help = line.escaped("a help text", Undefined::Kept)?;
    if line.is_done() {
        Ok(help)
    } else {
        line.error("a double quote in a help text has a backslash before it: `\\\"`".to_owned())
    }
}

fn unit(line: &Cursor<'_>, family: &Family) -> Result<String> {
    let unit = line.rest();
    let base = family.name.strip_suffix(unit);
    if !unit.is_empty() && !base.is_some_and(|base| base.ends_with('_')) {
        return line.error(format!(
            "`{}` has the unit `{unit}`, so its name must end in `_{unit}`",
            family.name
        ));
    }
    Ok(unit.to_owned())
}

fn kind(line: &Cursor<'_>) -> Result<Kind> {
    let kinds = [
        Kind::Counter,
        Kind::Gauge,
        Kind::Histogram,
        Kind::GaugeHistogram,
        Kind::Summary,
        Kind::Info,
        Kind::StateSet,
        Kind::Unknown,
    ];
    let word = line.rest();
    match kinds.into_iter().find(|kind| kind.to_string() == word) {
        Some(kind) => Ok(kind),
        None => line.error(format!(
            "`{}` is no type; write counter, gauge, histogram, gaugehistogram, summary, info, stateset or unknown",
            word.escape_debug()
        )),
    }
}

fn sample(line: &mut Cursor<'_>, families: &mut Families) -> Result<()> {
    let place = *line;
    if line.is_done() {
        return line.error("there is an empty line; OpenMetrics has none".to_owned());
    }
    let (name, labels) = Format::OpenMetrics.series(line)?;
    line.expect(" ", "before the value")?;
    let value = line.number("the value")?;
    let timestamp = timestamp(line)?;
    let exemplar = if line.take(" # ") { Some(exemplar(line)?) } else { None };
    if !line.is_done() {
        return line.fail("expected the end of the line");
    }
    let sample = Sample { name, labels, value, timestamp, exemplar, line: place.number };
    let family = families.open(&names::family_of(&sample.name, families), &place)?;
    rules::check(family, &sample)?;
    family.samples.push(sample);
    Ok(())
}

fn timestamp(line: &mut Cursor<'_>) -> Result<Option<f64>> {
    if line.rest().starts_with(" # ") || !line.take(" ") {
        return Ok(None);
    }
    let start = *line;
    let time = line.number("the time stamp")?;
    if time.is_finite() {
        Ok(Some(time))
    } else {
        start.error(format!("the time stamp is {time}; write seconds"))
    }
}

fn exemplar(line: &mut Cursor<'_>) -> Result<Exemplar> {
    let start = *line;
    line.expect("{", "before the labels of an exemplar")?;
    let mut name = None;
    let labels = Format::OpenMetrics.labels(line, &mut name)?;
    if name.is_some() {
        return start.error("an exemplar has labels only, and no name".to_owned());
    }
    let length: usize =
        labels.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
    if length > EXEMPLAR_LABELS {
        return start.error(format!(
            "the labels of an exemplar may have {EXEMPLAR_LABELS} characters, not {length}"
        ));
    }
    line.expect(" ", "before the value of an exemplar")?;
    let value = line.number("the value of an exemplar")?;
    Ok(Exemplar { labels, value, timestamp: timestamp(line)? })
}
