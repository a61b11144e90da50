//! What the names and help texts of metrics should be, by the rules that promtool checks pages by.
//!
//! The rules are those of `promtool check metrics`, in its order, but for duplicate series, which are looked for at every
//! run, and what cannot be declared in the first place (`le` and `quantile` as labels). They are held against the page
//! that promtool reads, text format 0.0.4, on which an info is a gauge. A metric that declares an exception is held to none
//! of them, but has to break one.

use std::collections::BTreeSet;

use exporter_sdk::{Family, FamilySamples, Kind};

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

/// `mibi` is how promtool spells `mebi`. What it does not know, it does not find; both are no base units.
const PREFIXES: [&str; 19] = [
    "pico", "nano", "micro", "milli", "centi", "deci", "deca", "hecto", "kilo", "kibi", "mega",
    "mebi", "mibi", "giga", "gibi", "tera", "tebi", "peta", "pebi",
];

const ABBREVIATIONS: [&str; 14] =
    ["s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"];

/// Everything that is wrong with a family, a sentence each; nothing where all is as it should be, or is declared to be an
/// exception. That an exception is to nothing is wrong as well.
pub fn lint(family: &Family) -> Vec<String> {
    judge(family, broken_rules(family, family.labels()))
}

/// The same, of a family whose samples may bring the names of their labels.
pub fn lint_samples(samples: &FamilySamples) -> Vec<String> {
    let family = samples.family();
    let mut brought = BTreeSet::new();
    if family.labels().len() == 0 {
        samples.iter().for_each(|sample| names_in(&sample.labels(), &mut brought));
    }
    let labels = family.labels().chain(brought.iter().map(String::as_str));
    judge(family, broken_rules(family, labels))
}

fn judge(family: &Family, broken: Vec<String>) -> Vec<String> {
    match family.lint_exception() {
        None => broken,
        Some(_) if broken.is_empty() => {
            vec!["it breaks no rule, so it needs no `.lint_exception(..)`; remove that".to_owned()]
        }
        Some(_) => Vec::new(),
    }
}

fn broken_rules<'a>(family: &'a Family, labels: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found = Vec::new();
    if family.help().is_empty() {
        found.push("no help text".to_owned());
    }
    found.extend(unit(family.name()));
    suffixes(family, &mut found);
    let name = family.name().to_ascii_lowercase();
    let words: Vec<&str> = name.split('_').collect();
    let kind = seen_as(family.kind()).as_str();
    if family.kind() != Kind::Unknown && words[1..].contains(&kind) {
        found.push(format!("metric name should not include type '{kind}'"));
    }
    if family.name().contains(':') {
        found.push("metric names should not contain ':'".to_owned());
    }
    if is_camel_case(family.name()) {
        found.push("metric names should be written in 'snake_case' not 'camelCase'".to_owned());
    }
    if labels.chain(family.const_labels().map(|(name, _)| name)).any(is_camel_case) {
        found.push("label names should be written in 'snake_case' not 'camelCase'".to_owned());
    }
    if words[1..].iter().any(|word| ABBREVIATIONS.contains(word)) {
        found.push("metric names should not contain abbreviated units".to_owned());
    }
    found
}

/// What promtool takes a kind for. The name of an info has to end in `_info`, which is no mistake.
fn seen_as(kind: Kind) -> Kind {
    if kind == Kind::Info { Kind::Gauge } else { kind }
}

/// The names in `a="x",b="y"`.
fn names_in(mut labels: &str, names: &mut BTreeSet<String>) {
    while let Some((name, rest)) = labels.split_once("=\"") {
        names.insert(name.trim_start_matches(',').to_owned());
        let mut escaped = false;
        let end = rest.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        labels = end.map_or("", |end| &rest[end + 1..]);
    }
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
    use exporter_sdk::Recorder;

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
    fn case_and_spelling_hide_nothing_from_it() {
        check(Kind::Gauge, "x_Gauge", &["metric name should not include type 'gauge'"]);
        check(Kind::Gauge, "latency_MS", &["metric names should not contain abbreviated units"]);
        for word in ["mebibytes", "mibibytes"] {
            let expected = format!("use base unit \"bytes\" instead of \"{word}\"");
            let family = Family::gauge(format!("x_{word}"), "Help.").build().unwrap();
            assert_eq!(lint(&family), [expected]);
        }
        check(Kind::Gauge, "x_kelvins", &["use base unit \"kelvin\" instead of \"kelvins\""]);
    }

    #[test]
    fn an_info_is_a_gauge_to_promtool_and_ends_in_info() {
        check(Kind::Info, "build_info", &[]);
        check(Kind::Info, "gauge_info", &[]);
        check(Kind::Info, "x_gauge_info", &["metric name should not include type 'gauge'"]);
        check(Kind::Gauge, "build_info", &[]);
    }

    #[test]
    fn a_declared_exception_is_to_something() {
        let family = |name: &'static str| {
            Family::gauge(name, "Help.").lint_exception("its name is given").build().unwrap()
        };
        assert_eq!(lint(&family("my_gauge")), [""; 0]);
        assert_eq!(
            lint(&family("mine")),
            ["it breaks no rule, so it needs no `.lint_exception(..)`; remove that"]
        );
    }

    #[test]
    fn labels_that_samples_bring_are_looked_at() {
        let family = Family::gauge("x", "Help.").build().unwrap();
        let mut recorder = Recorder::new(vec![family.clone()], false);
        let mut found = |name: &str| {
            let labels = [("a", "\\\",camelValue=\""), (name, "1")];
            let snapshot = recorder.record(None, |scrape| {
                scrape.emit_pairs(&family, &labels, 1);
                Ok(())
            });
            lint_samples(&snapshot.unwrap().families()[0])
        };
        assert_eq!(found("snake_case"), [""; 0]);
        assert_eq!(
            found("camelCase"),
            ["label names should be written in 'snake_case' not 'camelCase'"]
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
