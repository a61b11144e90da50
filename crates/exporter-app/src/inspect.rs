//! What a binary says of itself: `list` and `describe`.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use exporter_runtime::{BuildInfo, Catalog, Registry, RegistryOptions};
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

/// Prints every metric of every collector: of those that run what they describe with their configuration, of the others
/// what is known without.
pub(crate) fn describe(
    catalog: &Catalog,
    source: &Source,
    info: &BuildInfo,
    what: &Describe,
) -> Result<(), Exit> {
    let settings = source.load(catalog).map_err(Exit::failure)?;
    let registry = Registry::new(catalog, &settings, info, RegistryOptions::default())
        .map_err(Exit::failure)?;
    let (running, mut described, mut pages) = (registry.families(), Vec::new(), Vec::new());
    let wanted = |name: &str| what.only.is_empty() || what.only.iter().any(|only| only == name);
    for collector in catalog.iter().filter(|collector| wanted(collector.name())) {
        let running = running.iter().find(|(name, _)| *name == collector.name());
        let families = running.map_or(collector.metrics(), |(_, families)| families);
        let mut families: Vec<&Family> = families.iter().collect();
        families.sort_by_key(|family| family.name());
        pages.push(markdown::page(collector, &families));
        described.extend(families.into_iter().map(|family| (collector.name(), family)));
    }
    print(&match what.format {
        Format::Markdown => pages.join("\n"),
        Format::Table => describe_table(&described),
        Format::Json => {
            let metrics: Vec<Value> = described.into_iter().map(describe_json).collect();
            format!("{:#}\n", Value::Array(metrics))
        }
    })
}

fn describe_table(described: &[(&str, &Family)]) -> String {
    let mut rows = vec![["COLLECTOR", "METRIC", "KIND", "LABELS", "HELP"].map(str::to_owned)];
    for (collector, family) in described {
        let const_labels = family.const_labels().map(|(name, value)| format!("{name}={value:?}"));
        let labels: Vec<String> = family.labels().map(str::to_owned).chain(const_labels).collect();
        rows.push([
            (*collector).to_owned(),
            family.name().to_owned(),
            family.kind().to_string(),
            if labels.is_empty() { "-".to_owned() } else { labels.join(",") },
            family.help().replace('\n', " "),
        ]);
    }
    table(&rows)
}

fn describe_json((collector, family): (&str, &Family)) -> Value {
    let const_labels: Value =
        family.const_labels().map(|(n, v)| (n.to_owned(), Value::from(v))).collect();
    json!({
        "collector": collector,
        "metric": family.name(),
        "kind": family.kind().as_str(),
        "labels": family.labels().collect::<Vec<_>>(),
        "const_labels": const_labels,
        "help": family.help(),
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
