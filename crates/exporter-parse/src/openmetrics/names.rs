//! The names that a family has the use of.

use std::collections::HashMap;

use crate::cursor::Result;
use crate::error::ParseError;
use crate::families::Families;
use crate::model::{Family, Kind};

/// The endings of the samples of each kind (section "Suffixes").
pub(super) fn suffixes(kind: Kind) -> &'static [&'static str] {
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
pub(super) fn family_of(name: &str, families: &Families) -> String {
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

/// No name is that of two families, or of samples of two, whether the page has these samples or not (section "Suffixes").
pub(super) fn check(families: &[Family]) -> Result<()> {
    let mut owners: HashMap<String, &Family> = HashMap::with_capacity(2 * families.len());
    for family in families {
        let own = suffixes(family.kind).iter().filter(|suffix| !suffix.is_empty());
        for suffix in [""].iter().chain(own) {
            let name = format!("{}{suffix}", family.name);
            if let Some(other) = owners.get(&name) {
                let (kind, is, line) = (family.kind, other.kind, other.line);
                let message = format!(
                    "the {kind} `{}` and the {is} `{}` of line {line} may both have samples `{name}`; name one of them otherwise",
                    family.name, other.name
                );
                return Err(ParseError { line: family.line, column: 1, message });
            }
            owners.insert(name, family);
        }
    }
    Ok(())
}
