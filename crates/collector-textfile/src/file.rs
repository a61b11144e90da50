//! One file: read, parsed, and made of what can be exposed.

use std::fs::{self, File};
use std::io::{Error as IoError, ErrorKind, Read as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use exporter_parse::{
    Exposition, Family, Kind, is_openmetrics, parse_openmetrics, parse_text_ungrouped,
};
use exporter_sdk::{Error, Result, names};
use rustix::fs::{Mode, OFlags, open};

use crate::OWN;

/// What a file says.
pub(crate) struct Read {
    pub(crate) families: Vec<Family>,
    /// When it was last changed, in whole seconds.
    pub(crate) mtime: u64,
}

/// How often a file is looked for that its folder has.
const ATTEMPTS: u32 = 3;

/// Reads a file. One that is gone is unavailable.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Read> {
    let file = find(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err("it is not a file".into());
    }
    let mut bytes = Vec::new();
    (&file).take(limit + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len())? > limit {
        return Err(format!("it has more than {limit} bytes, see max_file_size").into());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = valid.split(|&byte| byte == b'\n').count();
        format!("line {line} is not UTF-8")
    })?;
    let mtime = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH).duration_since(UNIX_EPOCH);
    Ok(Read { families: families(&text)?, mtime: mtime.unwrap_or_default().as_secs() })
}

/// Opens a file. Between the listing of its folder and now it may have been renamed, or another may have come under its
/// name; a link to nothing is there and stays so.
fn find(path: &Path) -> Result<File> {
    // Without waiting for the other end of a pipe.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    for _ in 0..ATTEMPTS {
        match open(path, flags, Mode::empty()).map_err(IoError::from) {
            Ok(file) => return Ok(file.into()),
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            Err(error) if fs::symlink_metadata(path).is_err() => {
                return Err(Error::unavailable(error));
            }
            Err(_) => {}
        }
    }
    Err("it is a link to a file that is not there".into())
}

fn families(text: &str) -> Result<Vec<Family>> {
    let families = if is_openmetrics(text) {
        of_openmetrics(parse_openmetrics(text)?)
    } else {
        parse_text_ungrouped(text)?.families
    };
    for family in &families {
        check(family)?;
    }
    Ok(families)
}

/// What OpenMetrics says, in the words of the text format. When a counter was created is left out, and so are exemplars.
fn of_openmetrics(page: Exposition) -> Vec<Family> {
    let mut families = Vec::new();
    for mut family in page.families {
        if !matches!(family.kind, Kind::Gauge | Kind::Unknown) {
            let created = format!("{}_created", family.name);
            family.samples.retain(|sample| sample.name != created);
        }
        match family.kind {
            Kind::Counter => {
                families.push(Family { name: format!("{}_total", family.name), ..family });
            }
            Kind::Info => families.push(Family {
                name: format!("{}_info", family.name),
                kind: Kind::Gauge,
                ..family
            }),
            Kind::StateSet => families.push(Family { kind: Kind::Gauge, ..family }),
            Kind::GaugeHistogram => families.extend(gauges(&family)),
            _ => families.push(family),
        }
    }
    families
}

/// The samples of a family, each name a gauge of its own.
fn gauges(family: &Family) -> Vec<Family> {
    let mut gauges: Vec<Family> = Vec::new();
    for sample in &family.samples {
        match gauges.iter_mut().find(|gauge| gauge.name == sample.name) {
            Some(gauge) => gauge.samples.push(sample.clone()),
            None => gauges.push(Family {
                name: sample.name.clone(),
                kind: Kind::Gauge,
                samples: vec![sample.clone()],
                ..family.clone()
            }),
        }
    }
    gauges
}

/// What the formats allow and an exporter cannot expose.
fn check(family: &Family) -> Result<()> {
    let at = |line: usize, problem: String| Err(format!("line {line}: {problem}").into());
    if OWN.contains(&family.name.as_str()) {
        return at(family.line, format!("`{}` is a metric of this collector", family.name));
    }
    if !names::is_metric_name(&family.name) {
        return at(
            family.line,
            format!("`{}` is not a name of a metric", family.name.escape_debug()),
        );
    }
    for sample in &family.samples {
        if sample.timestamp.is_some() {
            return at(
                sample.line,
                "time stamps are not supported: the time is that of the scrape".to_owned(),
            );
        }
        let own = match family.kind {
            Kind::Histogram => "le",
            Kind::Summary => "quantile",
            _ => "",
        };
        for (label, _) in sample.labels.iter().filter(|(label, _)| label != own) {
            if !names::is_label_name(label) || names::is_reserved_label(label) {
                return at(
                    sample.line,
                    format!("`{label}` cannot be a label of a {}", family.kind),
                );
            }
        }
    }
    Ok(())
}
