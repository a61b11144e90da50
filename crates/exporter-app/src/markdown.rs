//! The documentation of a collector, from what it declares.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use exporter_runtime::{CollectorType, KeyDoc, Shape};
use exporter_sdk::Family;

/// A page on one collector, with the metrics that are known of it.
pub(crate) fn page(collector: &CollectorType, families: &[&Family], keys: &[KeyDoc]) -> String {
    let mut page = format!("# {}\n\n", collector.name());
    if !collector.origin().description.is_empty() {
        let _ = writeln!(page, "{}.\n", collector.origin().description);
    }
    let name = collector.name();
    let _ = if collector.default_enabled() {
        writeln!(
            page,
            "It runs where it is built in, unless `--no-collector.{name}` switches it off."
        )
    } else {
        writeln!(
            page,
            "It runs where `--collector.{name}` or the configuration file switches it on."
        )
    };
    configuration(&mut page, collector, keys);
    metrics(&mut page, collector, families);
    page
}

fn configuration(page: &mut String, collector: &CollectorType, keys: &[KeyDoc]) {
    page.push_str("\n## Configuration\n\n");
    if keys.is_empty() {
        page.push_str("There is nothing to configure.\n");
        return;
    }
    let name = collector.name();
    let _ = writeln!(
        page,
        "Under `collectors.{name}` in the configuration file. Keys that are one value, or a list of such, are flags as well: the key `a_b` is \
         `--collector.{name}.a-b`.\n"
    );
    page.push_str("| key | type | default | meaning |\n|---|---|---|---|\n");
    for key in keys {
        let default = match key.default_text() {
            _ if key.required => "required".to_owned(),
            Some(default) => format!("`{}`", cell(&default)),
            None => String::new(),
        };
        let former =
            key.former_names.iter().map(|name| format!(" Formerly `{name}`, which is deprecated."));
        let _ = writeln!(
            page,
            "| `{}` | {} | {default} | {}{} |",
            key.path.join("."),
            shape(&key.shape),
            cell(&key.description),
            former.collect::<String>()
        );
    }
}

fn metrics(page: &mut String, collector: &CollectorType, families: &[&Family]) {
    page.push_str("\n## Metrics\n\n");
    if !families.is_empty() {
        page.push_str("| metric | kind | labels | meaning |\n|---|---|---|---|\n");
    }
    for family in families {
        let const_labels = family.const_labels().map(|(name, value)| format!("`{name}={value:?}`"));
        let labels = family.labels().map(|label| format!("`{label}`")).chain(const_labels);
        let unit = family.unit();
        let unit = if unit.is_empty() { String::new() } else { format!(" in {unit}") };
        let _ = writeln!(
            page,
            "| `{}` | {}{unit} | {} | {} |",
            family.name(),
            family.kind(),
            labels.collect::<Vec<_>>().join(", "),
            cell(family.help())
        );
    }
    exceptions(page, families);
    let more = match (collector.unchecked(), families.is_empty()) {
        (false, false) => return,
        (true, false) => "\nBesides, whatever its source has.\n",
        (true, true) => "Its source decides which there are.\n",
        (false, true) => "Its configuration decides which there are.\n",
    };
    page.push_str(more);
}

/// Metrics that are not named as promtool would have it, by the reason that they give.
fn exceptions(page: &mut String, families: &[&Family]) {
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for family in families {
        if let Some(why) = family.lint_exception() {
            reasons.entry(why).or_default().push(format!("`{}`", family.name()));
        }
    }
    for (why, names) in reasons {
        let names =
            if names.len() > 3 { format!("{} of them", names.len()) } else { names.join(", ") };
        let _ = writeln!(page, "\nNot named as promtool asks: {names}; {}.", cell(why));
    }
}

/// What may stand at a key.
pub(crate) fn shape(shape: &Shape) -> String {
    match shape {
        Shape::Boolean => "boolean".to_owned(),
        Shape::Integer => "integer".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Text => "text".to_owned(),
        Shape::Secret => "text, `{file: PATH}` or `{env: NAME}`".to_owned(),
        Shape::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            words.join(" or ")
        }
        Shape::List(item) => format!("list of {}", plural(item)),
        Shape::Map(value) => format!("map to {}", self::shape(value)),
        Shape::Either(shapes) => shapes.iter().map(self::shape).collect::<Vec<_>>().join(" or "),
        Shape::Keys => "map".to_owned(),
        Shape::Any => "any".to_owned(),
    }
}

fn plural(shape: &Shape) -> String {
    match shape {
        Shape::Boolean
        | Shape::Integer
        | Shape::Number
        | Shape::Map(_)
        | Shape::List(_)
        | Shape::Keys => {
            format!("{}s", self::shape(shape))
        }
        _ => self::shape(shape),
    }
}

/// Text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
