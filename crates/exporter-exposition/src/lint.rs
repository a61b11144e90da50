//! What the names and help texts of metrics should be, by the rules that promtool checks pages by.
//!
//! The rules are those of `promtool check metrics`, in its order, but for duplicate series, which are looked for at every
//! run, and what cannot be declared in the first place (`le` and `quantile` as labels).

use exporter_sdk::{Family, Kind};

/// Units of the same quantity, each behind the base unit that is to be used instead.
const UNITS: [(&str, &[&str]); 7] = [
    ("seconds", &["minutes", "hours", "days", "weeks"]),
    ("kelvin", &["kelvins"]),
    ("celsius", &["fahrenheit", "rankine"]),
    ("meters", &["inches", "yards", "miles"]),
    ("bytes", &["bits"]),
    ("joules", &["calories"]),
    ("grams", &["pounds", "ounces"]),
];

const BASE_UNITS: [&str; 10] = [
    "amperes", "bytes", "celsius", "grams", "joules", "kelvin", "meters", "metres", "seconds",
    "volts",
];

const PREFIXES: [&str; 18] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega",
    "mebi", "giga", "gibi", "tera", "tebi", "peta", "pebi",
];

const ABBREVIATIONS: [&str; 14] =
    ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

/// Everything that is wrong with a family, a sentence each; nothing where all is as it should be.
pub fn lint(family: &Family) -> Vec<String> {
    let mut found = Vec::new();
    if family.help().is_empty() {
        found.push("no help text".to_owned());
    }
    found.extend(unit(family.name()));
    suffixes(family, &mut found);
    let kind = family.kind().as_str();
    let words: Vec<&str> = family.name().split('_').collect();
    if family.kind() != Kind::Unknown && words[1..].contains(&kind) {
        found.push(format!("metric name should not include type '{kind}'"));
    }
    if family.name().contains(':') {
        found.push("metric names should not contain ':'".to_owned());
    }
    if is_camel_case(family.name()) {
        found.push("metric names should be written in 'snake_case' not 'camelCase'".to_owned());
    }
    let mut labels = family.labels().chain(family.const_labels().map(|(name, _)| name));
    if labels.any(is_camel_case) {
        found.push("label names should be written in 'snake_case' not 'camelCase'".to_owned());
    }
    if words[1..].iter().any(|word| ABBREVIATIONS.contains(&word.to_ascii_lowercase().as_str())) {
        found.push("metric names should not contain abbreviated units".to_owned());
    }
    found
}

/// The first unit in the name has to be a base unit without a prefix.
fn unit(name: &str) -> Option<String> {
    name.split('_').find_map(|word| {
        let stripped = PREFIXES
            .iter()
            .find_map(|prefix| word.strip_prefix(prefix).filter(|rest| base_of(rest).is_some()));
        let unit = stripped.unwrap_or(word);
        let base = base_of(unit)?;
        Some((base != word).then(|| format!("use base unit \"{base}\" instead of \"{word}\"")))
    })?
}

fn base_of(unit: &str) -> Option<&str> {
    let base = BASE_UNITS.into_iter().find(|base| *base == unit);
    base.or_else(|| {
        UNITS.into_iter().find(|(_, others)| others.contains(&unit)).map(|(base, _)| base)
    })
}

fn suffixes(family: &Family, found: &mut Vec<String>) {
    let (name, kind) = (family.name(), family.kind());
    match (kind, name.ends_with("_total")) {
        (Kind::Counter, false) => {
            found.push("counter metrics should have \"_total\" suffix".to_owned());
        }
        (Kind::Gauge | Kind::Histogram | Kind::Summary, true) => {
            found.push("non-counter metrics should not have \"_total\" suffix".to_owned());
        }
        _ => {}
    }
    if kind == Kind::Unknown {
        return;
    }
    if kind != Kind::Histogram && name.ends_with("_bucket") {
        found.push("non-histogram metrics should not have \"_bucket\" suffix".to_owned());
    }
    if !matches!(kind, Kind::Histogram | Kind::Summary) {
        for suffix in ["_count", "_sum"] {
            if name.ends_with(suffix) {
                found.push(format!(
                    "non-histogram and non-summary metrics should not have \"{suffix}\" suffix"
                ));
            }
        }
    }
}

fn is_camel_case(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: Kind, name: &'static str, expected: &[&str]) {
        let family = Family::of_kind(kind, name, "Help.").build().unwrap();
        assert_eq!(lint(&family), expected, "{kind} {name}");
    }

    #[test]
    fn names_are_held_to_the_rules_of_promtool() {
        check(Kind::Counter, "requests_total", &[]);
        check(Kind::Gauge, "gauge", &[]);
        check(Kind::Gauge, "up_seconds", &[]);
        check(Kind::Counter, "requests", &["counter metrics should have \"_total\" suffix"]);
        check(Kind::Gauge, "x_total", &["non-counter metrics should not have \"_total\" suffix"]);
        check(Kind::Gauge, "my_gauge", &["metric name should not include type 'gauge'"]);
        check(
            Kind::Gauge,
            "x_milliseconds",
            &["use base unit \"seconds\" instead of \"milliseconds\""],
        );
        check(Kind::Gauge, "x_days_left", &["use base unit \"seconds\" instead of \"days\""]);
        check(Kind::Gauge, "x_kilobits", &["use base unit \"bytes\" instead of \"kilobits\""]);
        check(Kind::Gauge, "latency_ms", &["metric names should not contain abbreviated units"]);
        check(Kind::Gauge, "a:b", &["metric names should not contain ':'"]);
        check(
            Kind::Gauge,
            "aB",
            &["metric names should be written in 'snake_case' not 'camelCase'"],
        );
        check(
            Kind::Gauge,
            "x_count",
            &["non-histogram and non-summary metrics should not have \"_count\" suffix"],
        );
        check(Kind::Unknown, "x_count", &[]);
        check(
            Kind::Gauge,
            "x_bucket",
            &["non-histogram metrics should not have \"_bucket\" suffix"],
        );
    }

    #[test]
    fn help_is_wanted_and_labels_are_in_snake_case() {
        let family = Family::gauge("x", "").labels(["camelCase"]).build().unwrap();
        let expected =
            ["no help text", "label names should be written in 'snake_case' not 'camelCase'"];
        assert_eq!(lint(&family), expected);
    }
}
