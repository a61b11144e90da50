//! Text format 0.0.4.

mod check;

use crate::cursor::{Cursor, Result};
use crate::families::Families;
use crate::model::{Exposition, Kind, Sample};
use crate::reader::Format;

/// Reads a page of text format 0.0.4.
///
/// # Errors
///
/// For the first mistake.
pub fn parse_text(page: &str) -> Result<Exposition> {
    parse(page, Families::default())
}

/// Like [`parse_text`], but the lines of a family may stand apart, and the buckets of a histogram may contradict each other,
/// as Prometheus itself tolerates it.
///
/// # Errors
///
/// For the first mistake.
pub fn parse_text_ungrouped(page: &str) -> Result<Exposition> {
    let mut families = Families::default();
    families.ungrouped = true;
    parse(page, families)
}

fn parse(page: &str, mut families: Families) -> Result<Exposition> {
    let mut series = check::Series::default();
    for (index, line) in page.split_inclusive('\n').enumerate() {
        let mut cursor = Cursor::new(line.strip_suffix('\n').unwrap_or(line), index + 1);
        cursor.skip_blanks();
        if cursor.is_done() {
            continue;
        }
        if cursor.take("#") {
            comment(&mut cursor, &mut families)?;
        } else {
            let place = cursor;
            let sample = sample(&mut cursor)?;
            series.add(&sample, &place)?;
            let family = families.open(&family_of(&sample.name, &families), &place)?;
            family.samples.push(sample);
        }
        if !line.ends_with('\n') {
            let mut end = cursor;
            end.take_while(|_| true);
            return end.error("the last line has no line feed at its end".to_owned());
        }
    }
    for family in &families.page.families {
        check::form(family)?;
        if !families.ungrouped {
            check::buckets(family)?;
        }
    }
    Ok(families.page)
}

/// `# HELP name text` or `# TYPE name kind`. Any other comment says nothing, nor does one without a text or kind.
fn comment(line: &mut Cursor<'_>, families: &mut Families) -> Result<()> {
    line.skip_blanks();
    let keyword = line.take_while(|c| c != ' ' && c != '\t');
    line.skip_blanks();
    if line.is_done() || (keyword != "HELP" && keyword != "TYPE") {
        return Ok(());
    }
    let place = *line;
    let name = line.name("the name of a metric", true)?;
    if !line.is_done() && !line.rest().starts_with([' ', '\t']) {
        return line.fail("expected a blank behind the name of a metric");
    }
    line.skip_blanks();
    if line.is_done() {
        return Ok(());
    }
    let name = family_of(&name, families);
    let family = families.describe(keyword, &name, &place)?;
    if keyword == "HELP" {
        family.help = Some(unescape(line.rest()));
        return Ok(());
    }
    family.kind = kind(line)?;
    if let Some(sample) = family.samples.first() {
        return place.error(format!(
            "the TYPE line of `{name}` must stand before its samples, the first of which is in line {}",
            sample.line
        ));
    }
    Ok(())
}

/// The type that is the rest of a line, in letters of any case, as Go reads it.
fn kind(line: &Cursor<'_>) -> Result<Kind> {
    let word = line.rest();
    match word.to_ascii_lowercase().as_str() {
        "counter" => Ok(Kind::Counter),
        "gauge" => Ok(Kind::Gauge),
        "histogram" => Ok(Kind::Histogram),
        "summary" => Ok(Kind::Summary),
        "untyped" => Ok(Kind::Unknown),
        _ => line.error(format!(
            "`{}` is no type; write counter, gauge, histogram, summary or untyped",
            word.escape_debug()
        )),
    }
}

/// Escapes of a help text. What is none stays as it is.
fn unescape(text: &str) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        unescaped.push_str(&rest[..at]);
        let (c, length) = match rest[at + 1..].chars().next() {
            Some('n') => ('\n', 2),
            Some('\\') => ('\\', 2),
            _ => ('\\', 1),
        };
        unescaped.push(c);
        rest = &rest[at + length..];
    }
    unescaped + rest
}

fn sample(line: &mut Cursor<'_>) -> Result<Sample> {
    let number = line.number;
    let (name, labels) = Format::Text.series(line)?;
    line.skip_blanks();
    let value = line.number("the value")?;
    line.skip_blanks();
    let timestamp = if line.is_done() { None } else { Some(milliseconds(line)?) };
    line.skip_blanks();
    if !line.is_done() {
        return line.fail("expected nothing behind a time stamp");
    }
    Ok(Sample { name, labels, value, timestamp, exemplar: None, line: number })
}

fn milliseconds(line: &mut Cursor<'_>) -> Result<f64> {
    let start = *line;
    let word = line.take_while(|c| c != ' ' && c != '\t');
    #[expect(clippy::cast_precision_loss, reason = "exact until the year 287,396")]
    match word.parse::<i64>() {
        Ok(milliseconds) => Ok(milliseconds as f64 / 1000.0),
        Err(_) => start.error(format!(
            "the time stamp `{}` is not a whole number of milliseconds",
            word.escape_debug()
        )),
    }
}

/// The family that a name belongs to: that of the name, or `x` for `x_bucket` where `x` is a histogram.
fn family_of(name: &str, families: &Families) -> String {
    if families.kind(name).is_some() {
        return name.to_owned();
    }
    for (suffix, kinds) in [
        ("_bucket", &[Kind::Histogram][..]),
        ("_sum", &[Kind::Histogram, Kind::Summary]),
        ("_count", &[Kind::Histogram, Kind::Summary]),
    ] {
        let base = name
            .strip_suffix(suffix)
            .filter(|base| families.kind(base).is_some_and(|kind| kinds.contains(&kind)));
        if let Some(base) = base {
            return base.to_owned();
        }
    }
    name.to_owned()
}
