//! What a binary says of itself: `list` and `describe`.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use exporter_runtime::{
    BuildInfo, Catalog, CollectorType, KeyDoc, Registry, RegistryOptions, document_keys,
};
use exporter_sdk::Family;
use serde_json::{Value, json};

use crate::app::Exit;
use crate::cli::{Describe, Format};
use crate::configuration::Source;
use crate::markdown;

/// Writes to standard output. A reader that has seen enough (`| head`) is no failure.
pub(crate) fn print(text: impl AsRef<[u8]>) -> Result<(), Exit> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_ref()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Exit::Failure(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints the collectors of this binary, one per line.
pub(crate) fn list(catalog: &Catalog, source: &Source) -> Result<(), Exit> {
    let settings = source.load(catalog).map_err(Exit::failure)?;
    let mut rows = vec![["COLLECTOR", "ENABLED", "ORIGIN"].map(str::to_owned)];
    for collector in catalog.iter() {
        let enabled = if settings.is_enabled(collector) { "yes" } else { "no" };
        rows.push([
            collector.name().to_owned(),
            enabled.to_owned(),
            collector.origin().to_string(),
        ]);
    }
    print(table(&rows))
}

/// A collector, and the metrics that are known of it.
struct Described<'a> {
    collector: &'a CollectorType,
    families: Vec<&'a Family>,
    keys: Vec<KeyDoc>,
}

/// Prints what collectors declare, their metrics and their keys: of those that run the metrics that they describe with their
/// configuration, of the others what is known without.
pub(crate) fn describe(
    catalog: &Catalog,
    source: &Source,
    info: &BuildInfo,
    what: &Describe,
) -> Result<(), Exit> {
    let settings = source.load(catalog).map_err(Exit::failure)?;
    let registry = Registry::new(catalog, &settings, info, RegistryOptions::default())
        .map_err(Exit::failure)?;
    let running = registry.families();
    let wanted = |name: &str| what.only.is_empty() || what.only.iter().any(|only| only == name);
    let collectors = catalog.iter().filter(|collector| wanted(collector.name()));
    let described: Vec<Described<'_>> = collectors
        .map(|collector| {
            let running = running.iter().find(|(name, _)| *name == collector.name());
            let families = running.map_or(collector.metrics(), |(_, families)| families);
            let mut families: Vec<&Family> = families.iter().collect();
            families.sort_by_key(|family| family.name());
            Described { collector, families, keys: document_keys(&collector.schema()) }
        })
        .collect();
    print(&match what.format {
        Format::Markdown => {
            let pages =
                described.iter().map(|of| markdown::page(of.collector, &of.families, &of.keys));
            pages.collect::<Vec<_>>().join("\n")
        }
        Format::Table => describe_table(&described),
        Format::Json => {
            format!("{:#}\n", described.iter().map(describe_json).collect::<Value>())
        }
    })
}

/// Metrics, and below them keys.
fn describe_table(described: &[Described<'_>]) -> String {
    let mut metrics =
        vec![["COLLECTOR", "METRIC", "KIND", "UNIT", "LABELS", "HELP"].map(str::to_owned)];
    let mut keys = vec![["COLLECTOR", "KEY", "TYPE", "DEFAULT", "MEANING"].map(str::to_owned)];
    for Described { collector, families, keys: documented } in described {
        metrics.extend(families.iter().map(|family| metric_row(collector.name(), family)));
        keys.extend(documented.iter().map(|key| key_row(collector.name(), key)));
    }
    if keys.len() == 1 {
        return table(&metrics);
    }
    format!("{}\n{}", table(&metrics), table(&keys))
}

fn metric_row(collector: &str, family: &Family) -> [String; 6] {
    let const_labels = family.const_labels().map(|(name, value)| format!("{name}={value:?}"));
    let labels: Vec<String> = family.labels().map(str::to_owned).chain(const_labels).collect();
    [
        collector.to_owned(),
        family.name().to_owned(),
        family.kind().to_string(),
        or_dash(family.unit()),
        or_dash(&labels.join(",")),
        family.help().replace('\n', " "),
    ]
}

fn key_row(collector: &str, key: &KeyDoc) -> [String; 5] {
    let default = if key.required { Some("required".to_owned()) } else { key.default_text() };
    [
        collector.to_owned(),
        key.path.join("."),
        plain_shape(key),
        or_dash(&default.unwrap_or_default()),
        key.description.clone(),
    ]
}

/// What stands in a cell that would be empty, so that columns can be counted.
fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { text.to_owned() }
}

fn plain_shape(key: &KeyDoc) -> String {
    markdown::shape(&key.shape).replace('`', "")
}

fn describe_json(described: &Described<'_>) -> Value {
    let Described { collector, families, keys } = described;
    json!({
        "collector": collector.name(),
        "description": collector.origin().description,
        "default_enabled": collector.default_enabled(),
        "configuration": keys.iter().map(key_json).collect::<Value>(),
        "metrics": families.iter().map(|family| metric_json(family)).collect::<Value>(),
    })
}

fn key_json(key: &KeyDoc) -> Value {
    json!({
        "key": key.path.join("."),
        "type": plain_shape(key),
        "default": key.default,
        "required": key.required,
        "meaning": key.description,
    })
}

fn metric_json(family: &Family) -> Value {
    let const_labels: Value =
        family.const_labels().map(|(n, v)| (n.to_owned(), Value::from(v))).collect();
    json!({
        "metric": family.name(),
        "kind": family.kind().as_str(),
        "unit": family.unit(),
        "labels": family.labels().collect::<Vec<_>>(),
        "const_labels": const_labels,
        "help": family.help(),
        "lint_exception": family.lint_exception(),
    })
}

/// Rows with columns as wide as their widest cell; the last one runs free.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = String::new();
    for row in rows {
        for (cell, width) in row[..N - 1].iter().zip(widths) {
            let _ = write!(text, "{cell:width$}  ");
        }
        text.push_str(row[N - 1].trim_end());
        text.push('\n');
    }
    text
}
