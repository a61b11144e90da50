//! Plain scalars where text is expected.

use std::collections::BTreeMap;

use exporter_config::{Node, NodeValue, Problem, check_keys, read_as, restore_text};
use exporter_sdk::{ByteSize, HumanDuration, Secret};
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct Config {
    name: String,
    maybe: Option<String>,
    list: Vec<String>,
    labels: BTreeMap<String, String>,
    secrets: BTreeMap<String, Secret>,
    pair: (String, u8),
    way: Option<Way>,
    either: Option<Either>,
    number: f64,
    switch: bool,
    count: Option<u64>,
    interval: HumanDuration,
    size: ByteSize,
    #[serde(flatten)]
    more: More,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "type")]
enum Way {
    #[serde(rename = "1")]
    One { to: String },
    #[serde(rename = "2")]
    Two { times: u8 },
}

#[derive(Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(untagged)]
enum Either {
    Text(String),
    List(Vec<String>),
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default)]
struct More {
    version: String,
}

fn read(text: &str) -> Result<Config, Problem> {
    let schema = schema_for!(Config);
    let mut node = Node::parse("exporter.yml", text)?;
    restore_text(&mut node, &schema);
    check_keys(&node, &schema, "c")?;
    read_as(&node, "c")
}

/// Plain scalars of every kind that is no text in YAML.
const SCALARS: [&str; 20] = [
    "0",
    "007",
    "1.10",
    "-0.50",
    "+1",
    "0x1F",
    "0o17",
    "1e3",
    "true",
    "False",
    "null",
    "~",
    "NULL",
    ".inf",
    "-.INF",
    ".nan",
    "99999999999999999999",
    "1e999",
    "0xfffffffffffffffffffff",
    "1.",
];

#[test]
fn a_plain_scalar_is_the_text_that_stands_in_the_file() {
    for scalar in SCALARS.into_iter().chain(["yes", "off", "1_000", "2024-01-01", "1:30"]) {
        let text = format!(
            "name: {scalar}\nlist: [{scalar}, {scalar} ]\nlabels: {{{scalar}: {scalar}}}\nsecrets: {{a: {scalar}}}\n\
             pair: [{scalar}, 5]\nversion: {scalar} # comment\n"
        );
        let config = read(&text).unwrap();
        assert_eq!(config.name, scalar);
        assert_eq!(config.list, [scalar, scalar]);
        assert_eq!(config.labels[scalar], scalar);
        assert_eq!(config.secrets["a"].expose(), scalar);
        assert_eq!(config.pair, (scalar.to_owned(), 5));
        assert_eq!(config.more.version, scalar);
    }
}

#[test]
fn alternatives_are_text_where_nothing_else_fits() {
    let config = read("{maybe: 1.10, either: 0x1F, way: {type: 1, to: 1.10}}").unwrap();
    assert_eq!(config.maybe.as_deref(), Some("1.10"));
    assert_eq!(config.either, Some(Either::Text("0x1F".to_owned())));
    assert!(matches!(config.way, Some(Way::One { to }) if to == "1.10"));
    let config = read("{maybe: null, either: [1.10, a], way: {type: 2, times: 3}}").unwrap();
    assert_eq!(config.maybe, None);
    assert_eq!(config.either, Some(Either::List(vec!["1.10".to_owned(), "a".to_owned()])));
    assert!(matches!(config.way, Some(Way::Two { times: 3 })));
}

#[test]
fn other_types_are_read_as_before() {
    let config = read("{number: 1.50, switch: true, count: 0x10, size: 1024}").unwrap();
    assert_eq!((config.number, config.switch, config.count), (1.5, true, Some(16)));
    assert_eq!(config.size, ByteSize(1024));
    for (text, message) in [
        ("switch: 1", "1:9: c.switch: invalid type: integer, expected true or false"),
        ("interval: 10", "1:11: c.interval: write a unit, such as 10s"),
        ("name:", "1:5: c.name: invalid type: null, expected text"),
        ("name: [1]", "1:7: c.name: invalid type: list, expected text"),
        ("name: {a: 1}", "1:7: c.name: invalid type: map, expected text"),
        ("list: 5", "1:7: c.list: invalid type: integer, expected a list"),
        ("labels: {a: [1]}", "1:13: c.labels.a: invalid type: list, expected text"),
        (
            "count: 99999999999999999999",
            "1:8: c.count: the integer is out of range; quote it if it is text",
        ),
        ("number: 1e999", "1:9: c.number: the number is out of range; quote it if it is text"),
        (
            "number: .inf",
            "1:9: c.number: infinity and .nan cannot be used; quote them if they are text",
        ),
    ] {
        assert_eq!(read(text).unwrap_err().to_string(), format!("exporter.yml:{message}"));
    }
}

#[test]
fn aliases_and_merge_keys_keep_the_text() {
    let config =
        read("labels: &l {a: &v 1.10, b: 007}\nname: *v\nsecrets: {<<: *l, b: 0x1F}\n").unwrap();
    assert_eq!((config.name.as_str(), config.labels["b"].as_str()), ("1.10", "007"));
    assert_eq!([config.secrets["a"].expose(), config.secrets["b"].expose()], ["1.10", "0x1F"]);
}

#[test]
fn what_no_number_holds_stays_as_it_is_written() {
    let node = Node::parse("exporter.yml", "pin: 99999999999999999999").unwrap();
    let NodeValue::OutOfRange { text, .. } = &node.get("pin").unwrap().value else {
        panic!("{node:?}")
    };
    assert_eq!(text, "99999999999999999999");
}
