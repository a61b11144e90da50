//! OpenMetrics 1.0, and 0.0.1, which differs in its name only.

use crate::check;
use crate::cursor::{Cursor, Result};
use crate::model::{Exemplar, Exposition, Family, Kind, Sample};
use crate::reader::{Families, labels, series};

/// The longest label set that an exemplar may have, in characters.
const EXEMPLAR_LABELS: usize = 128;

/// Reads a page of OpenMetrics.
///
/// # Errors
///
/// For the first mistake.
pub fn parse_openmetrics(page: &str) -> Result<Exposition> {
    let (mut families, mut ended) = (Families::default(), false);
    let mut last = Cursor::new("", 1);
    for (index, line) in page.split_inclusive('\n').enumerate() {
        let mut cursor = Cursor::new(line.strip_suffix('\n').unwrap_or(line), index + 1);
        last = cursor;
        if ended {
            return cursor.error("there is a line behind `# EOF`".to_owned());
        }
        if cursor.rest() == "# EOF" {
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
    for family in &families.page.families {
        check::form(family)?;
        check::buckets(family)?;
    }
    Ok(families.page)
}

fn metadata(line: &mut Cursor<'_>, families: &mut Families) -> Result<()> {
    line.expect(" ", "behind `#`")?;
    let keyword_at = *line;
    let keyword = line.take_while(|c| c != ' ');
    if !["HELP", "TYPE", "UNIT"].contains(&keyword) {
        return keyword_at.fail("expected HELP, TYPE, UNIT or EOF behind `# `");
    }
    line.expect(" ", "behind the keyword")?;
    let place = *line;
    let name = line.name("the name of a metric", true)?;
    line.expect(" ", "behind the name of a metric")?;
    if keyword == "TYPE" && !families.typed.insert(name.clone()) {
        return place.error(format!("`{name}` has a TYPE line already"));
    }
    let family = families.open(&name, &place)?;
    if let Some(sample) = family.samples.first() {
        return place.error(format!(
            "the {keyword} line of `{name}` must stand before its samples, the first of which is in line {}",
            sample.line
        ));
    }
    match keyword {
        "HELP" if family.help.is_some() => place.error(format!("`{name}` has a HELP line already")),
        "HELP" => {
            family.help = Some(line.escaped("a help text", |_| false)?);
            Ok(())
        }
        "UNIT" if family.unit.is_some() => place.error(format!("`{name}` has a UNIT line already")),
        "UNIT" => unit(line, family),
        _ => {
            family.kind = kind(line)?;
            Ok(())
        }
    }
}

fn unit(line: &mut Cursor<'_>, family: &mut Family) -> Result<()> {
    let unit = line.rest();
    if !unit.is_empty() && !family.name.ends_with(&format!("_{unit}")) {
        return line.error(format!(
            "`{}` has the unit `{unit}`, so its name must end in `_{unit}`",
            family.name
        ));
    }
    family.unit = Some(unit.to_owned());
    Ok(())
}

fn kind(line: &mut Cursor<'_>) -> Result<Kind> {
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
    let (name, labels) = series(line, false)?;
    line.expect(" ", "before the value")?;
    let value = line.number("the value")?;
    let timestamp = timestamp(line)?;
    let exemplar = if line.take(" # ") { Some(exemplar(line)?) } else { None };
    if !line.is_done() {
        return line.fail("expected the end of the line");
    }
    let sample = Sample { name, labels, value, timestamp, exemplar, line: place.number };
    let base = family_of(&sample.name, families);
    families.check_new(&sample, true, &place)?;
    let family = families.open(&base, &place)?;
    legal(&sample, family, &place)?;
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
    let labels = labels(line, &mut name, false)?;
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

/// The endings of the samples of each kind.
fn suffixes(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Counter => &["_total", "_created"],
        Kind::Gauge | Kind::Unknown | Kind::StateSet => &[""],
        Kind::Histogram => &["_bucket", "_count", "_sum", "_created"],
        Kind::GaugeHistogram => &["_bucket", "_gcount", "_gsum"],
        Kind::Summary => &["", "_count", "_sum", "_created"],
        Kind::Info => &["_info"],
    }
}

/// `x` for the sample `x_total` of a counter `x`.
fn family_of(name: &str, families: &Families) -> String {
    for suffix in ["_total", "_created", "_bucket", "_count", "_sum", "_gcount", "_gsum", "_info"] {
        let base = name.strip_suffix(suffix).filter(|base| {
            families.kind(base).is_some_and(|kind| suffixes(kind).contains(&suffix))
        });
        if let Some(base) = base {
            return base.to_owned();
        }
    }
    name.to_owned()
}

/// What a sample of a kind must be.
fn legal(sample: &Sample, family: &Family, place: &Cursor<'_>) -> Result<()> {
    let suffix = sample.name.strip_prefix(family.name.as_str()).unwrap_or_default();
    let (kind, value) = (family.kind, sample.value);
    if !suffixes(kind).contains(&suffix) {
        let endings = suffixes(kind).iter().map(|suffix| format!("`{}{suffix}`", family.name));
        let endings = endings.collect::<Vec<_>>().join(", ");
        return place
            .error(format!("`{}` has the type {kind}, so its samples are {endings}", family.name));
    }
    if sample.exemplar.is_some() && !["_bucket", "_total"].contains(&suffix) {
        return place.error("only buckets and the totals of counters have exemplars".to_owned());
    }
    let counts = matches!(
        (kind, suffix),
        (Kind::Counter, "_total")
            | (Kind::Histogram | Kind::GaugeHistogram, "_bucket" | "_count" | "_gcount")
            | (Kind::Summary, "_count" | "_sum")
    );
    if counts && (value.is_nan() || value < 0.0) {
        return place.error(format!("`{}` is {value}; it cannot be less than 0", sample.name));
    }
    match kind {
        Kind::Info if value != 1.0 => {
            place.error(format!("`{}` is {value}; the value of an info is 1", sample.name))
        }
        Kind::StateSet if value != 0.0 && value != 1.0 => {
            place.error(format!("`{}` is {value}; a state is 0 or 1", sample.name))
        }
        Kind::StateSet if sample.label(&family.name).is_none() => {
            place.error(format!("a state needs the label `{}`", family.name))
        }
        _ => Ok(()),
    }
}
