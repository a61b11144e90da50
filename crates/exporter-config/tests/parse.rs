//! What YAML is read, and how everything else is refused: with its place, in one line, in no time.

use std::time::{Duration, Instant};

use exporter_config::{Node, NodeValue, Origin, to_yaml};
use proptest::prelude::*;
use serde_json::{Value, json};

fn parse(text: &str) -> Node {
    Node::parse("exporter.yml", text).unwrap()
}

fn refusal(text: &str) -> String {
    let message = Node::parse("exporter.yml", text).unwrap_err().to_string();
    assert!(!message.contains('\n'), "{message}");
    message
}

#[track_caller]
fn refused(text: &str, message: &str) {
    assert_eq!(refusal(text), message);
}

/// What is refused at once, whatever it would have become.
#[track_caller]
fn refused_quickly(text: &str, message: &str) {
    let start = Instant::now();
    refused(text, message);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn a_document_without_content_is_an_empty_map() {
    for text in [
        "",
        "\n",
        "# only\n# comments\n",
        "~",
        "null\n",
        "{}",
        "---\n",
        "--- {}\n...\n",
        "\u{feff}",
    ] {
        assert_eq!(parse(text).to_json(), json!({}), "{text:?}");
    }
    assert_eq!(parse("").origin.to_string(), "exporter.yml:1:1");
}

#[test]
fn a_document_must_be_a_map() {
    refused("- a\n", "exporter.yml:1:1: the document is a list; it must be a map of keys");
    refused("\n a\n", "exporter.yml:2:2: the document is a single value; it must be a map of keys");
}

#[test]
fn every_key_and_value_knows_where_it_stands() {
    let root = parse("\u{feff}a:\r\n  b: 1\r\n  'ü': [x, \"y\"]\r\n");
    assert_eq!(root.to_json(), json!({"a": {"b": 1, "ü": ["x", "y"]}}));
    let place = |origin: &Origin| origin.to_string();
    let (key, a) = &root.entries().unwrap()[0];
    assert_eq!(
        (place(&key.origin), place(&a.origin)),
        ("exporter.yml:1:1".into(), "exporter.yml:2:3".into())
    );
    let (key, list) = &a.entries().unwrap()[1];
    assert_eq!(
        (place(&key.origin), place(&list.origin)),
        ("exporter.yml:3:3".into(), "exporter.yml:3:8".into())
    );
    let NodeValue::List(items) = &list.value else { panic!("{list:?}") };
    assert_eq!(place(&items[1].origin), "exporter.yml:3:12");
}

#[test]
fn only_words_of_the_core_schema_are_not_text() {
    let root =
        parse("a: yes\nb: on\nc: 0x10\nd: !!str 5\ne: '5'\nf: |\n  x\ng:\nh: 012\ni: 1:30\n");
    let expected = json!({
        "a": "yes", "b": "on", "c": 16, "d": "5", "e": "5", "f": "x\n", "g": null, "h": 12, "i": "1:30",
    });
    assert_eq!(root.to_json(), expected);
}

#[test]
fn a_key_stands_in_its_map_once_at_any_depth() {
    refused(
        "a: 1\na: 2\n",
        "exporter.yml:2:1: a: the key is here twice, first in line 1; remove one",
    );
    refused(
        "x:\n  - y:\n      b: 1\n      'b': 2\n",
        "exporter.yml:4:7: x[0].y.b: the key is here twice, first in line 3; remove one",
    );
    refused(
        "x: {1: a, \"1\": b}\n",
        "exporter.yml:1:11: x.1: the key is here twice, first in line 1; remove one",
    );
    assert_eq!(parse("a: {b: 1}\nc: {b: 1}\n").to_json(), json!({"a": {"b": 1}, "c": {"b": 1}}));
}

#[test]
fn aliases_work_in_moderation() {
    let root = parse("a: &common\n  x: [1, 2]\nb: *common\nc: &t text\nd: *t\n");
    assert_eq!(
        root.to_json(),
        json!({"a": {"x": [1, 2]}, "b": {"x": [1, 2]}, "c": "text", "d": "text"})
    );
    let b = root.get("b").unwrap();
    assert_eq!(b.origin.to_string(), "exporter.yml:3:4");
    assert_eq!(b.get("x").unwrap().origin.to_string(), "exporter.yml:2:6");
    refused("a: *b\n", "exporter.yml:1:4: no anchor of this name stands before this alias");
    refused(
        "a: &a [*a]\n",
        "exporter.yml:1:8: a[0]: this alias stands in the value that it refers to",
    );
}

#[test]
fn merge_keys_take_over_what_a_map_does_not_have_itself() {
    let text = "
a: &a {x: 1, y: {n: 1}, z: 1}
b: &b {x: 2, w: 2}
one: {<<: *a, x: 0}
several:
  x: 0
  <<: [*b, *a, {x: 3, v: 3}]
in_place: {<<: {x: 1}, y: 2}
again: {<<: &c {<<: *b, u: 4}}
further: {<<: *c}
none: {<<: []}
quoted: {'<<': 1}
";
    let root = parse(text);
    let expected = json!({
        "a": {"x": 1, "y": {"n": 1}, "z": 1},
        "b": {"x": 2, "w": 2},
        "one": {"x": 0, "y": {"n": 1}, "z": 1},
        "several": {"x": 0, "w": 2, "y": {"n": 1}, "z": 1, "v": 3},
        "in_place": {"x": 1, "y": 2},
        "again": {"x": 2, "w": 2, "u": 4},
        "further": {"x": 2, "w": 2, "u": 4},
        "none": {},
        "quoted": {"<<": 1},
    });
    assert_eq!(root.to_json(), expected);
    let one = root.get("one").unwrap();
    assert_eq!(one.get("x").unwrap().origin.to_string(), "exporter.yml:4:18");
    assert_eq!(
        one.get("z").unwrap().origin.to_string(),
        "exporter.yml:2:28",
        "where it is written"
    );
}

#[test]
fn merge_keys_that_merge_no_map_are_refused() {
    let message = "`<<` takes a map or a list of maps: write `<<: *NAME` with the `&NAME` that stands before a map";
    for (text, place) in [
        ("a: &a 1\nb: {<<: *a}\n", "2:9: b"),
        ("b:\n  <<:\n", "2:5: b"),
        ("b: {<<: [{x: 1}, [{y: 1}]]}\n", "1:18: b"),
    ] {
        refused(text, &format!("exporter.yml:{place}[\"<<\"]: {message}"));
    }
    refused(
        "a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n",
        "exporter.yml:4:3: b[\"<<\"]: the key is here twice, first in line 3; remove one",
    );
    refused(
        "a: &a {<<: *a}\n",
        "exporter.yml:1:12: a[\"<<\"]: this alias stands in the value that it refers to",
    );
}

#[test]
fn merge_keys_copy_no_more_than_aliases() {
    let lines = (1..30).map(|level| {
        let below = level - 1;
        format!(
            "a{level}: &a{level} {{<<: *a{below}, k{level}: [*a{below}, *a{below}, *a{below}]}}\n"
        )
    });
    let bomb = format!("a0: &a0 {{k0: lol}}\n{}", lines.collect::<String>());
    let start = Instant::now();
    let message = refusal(&bomb);
    assert!(
        message.ends_with("anchors and aliases copy more than 4 MiB; write the values out"),
        "{message}"
    );
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[test]
fn alias_bombs_are_refused_at_once() {
    let lines = (1..30).map(|level| {
        let alias = format!("*a{}", level - 1);
        format!("a{level}: &a{level} [{}]\n", [alias.as_str(); 9].join(", "))
    });
    let bomb = format!("a0: &a0 [lol, lol, lol, lol, lol]\n{}", lines.collect::<String>());
    refused_quickly(
        &bomb,
        "exporter.yml:5:9: a4: anchors and aliases copy more than 4 MiB; write the values out",
    );
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), "*a, ".repeat(1000));
    assert!(
        refusal(&long).ends_with("anchors and aliases copy more than 4 MiB; write the values out")
    );
    let steps = (1..1000).map(|level| format!("a{level}: &a{level} [*a{}]\n", level - 1));
    let ladder = format!("a0: &a0 [x]\n{}", steps.collect::<String>());
    refused_quickly(&ladder, "exporter.yml:64:12: nested deeper than 64 levels");
}

#[test]
fn what_is_too_deep_or_too_large_is_refused_at_once() {
    refused_quickly(&"[".repeat(1 << 20), "exporter.yml:1:65: nested deeper than 64 levels");
    refused_quickly(&"- ".repeat(1 << 20), "exporter.yml:1:129: nested deeper than 64 levels");
    let steps: String = (0..2000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    refused_quickly(&steps, "exporter.yml:65:65: nested deeper than 64 levels");
    let many = format!("a: [{}]", "1,".repeat(1 << 20));
    assert!(refusal(&many).ends_with("more than 200000 values"));
    let deep = format!("a: {}{}", "[".repeat(63), "]".repeat(63));
    assert!(Node::parse("exporter.yml", &deep).is_ok());
}

#[test]
fn a_large_map_takes_no_quadratic_time() {
    let text: String = (0..90_000).map(|number| format!("key_{number}: x\n")).collect();
    let start = Instant::now();
    assert_eq!(parse(&text).entries().unwrap().len(), 90_000);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn what_has_no_clear_meaning_is_refused() {
    refused(
        "a: 1\n---\nb: 2\n",
        "exporter.yml:2:1: a second document begins here; the configuration is one document",
    );
    refused(
        "a: !secret x\n",
        "exporter.yml:1:4: a: the tag `!secret` is not supported; remove it (only `!!str` is known, before a scalar)",
    );
    refused("? [a]\n: 1\n", "exporter.yml:1:3: a key must be text, not a list, a map or an alias");
}

#[test]
fn what_is_not_yaml_is_refused_with_its_place() {
    refused(
        "a:\n\tb: 1\n",
        "exporter.yml:2:2: not YAML: a tab is used for indentation; use spaces",
    );
    refused(
        "a: b: c\n",
        "exporter.yml:1:5: not YAML: no key can end here; indent the keys of a map alike, and quote text that contains `: `",
    );
    refused(
        "a: 1\n  b: 2\n",
        "exporter.yml:2:4: not YAML: no key can end here; indent the keys of a map alike, and quote text that contains `: `",
    );
    refused(
        "a:\n  b: 1\n c: 2\n",
        "exporter.yml:3:2: not YAML: expected a key; indent the keys of a map alike",
    );
    refused("a: \"hunter2\nb: 1\n", "exporter.yml:1:4: not YAML: the quotes are not closed");
    refused("a: [1, 2\nb: 3\n", "exporter.yml:2:2: not YAML: illegal placement of ':' indicator");
    refused("a: @hunter2\n", "exporter.yml:1:4: not YAML: unexpected '@'");
}

#[test]
fn flags_win_over_the_file() {
    let mut root = parse("a:\n  b: 1\n  list: [1, 2]\nnothing:\ntext: x\n");
    let flag = |name: &str| Origin::Flag(name.into());
    let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
    root.lay(&path("a.b"), json!(2), flag("--a.b"));
    root.lay(&path("a.list"), json!(["x"]), flag("--a.list"));
    root.lay(&path("nothing.inner"), json!({"deep": true}), flag("--nothing.inner"));
    root.lay(&path("text.inner"), json!(null), flag("--text.inner"));
    root.lay(&path("new.inner.most"), json!("y"), flag("--new"));
    let expected = json!({
        "a": {"b": 2, "list": ["x"]}, "nothing": {"inner": {"deep": true}}, "text": {"inner": null},
        "new": {"inner": {"most": "y"}},
    });
    assert_eq!(root.to_json(), expected);
    let a = root.get_mut("a").unwrap();
    assert_eq!(a.origin.to_string(), "exporter.yml:2:3");
    assert_eq!(a.get("b").unwrap().origin, flag("--a.b"));
    let (key, b) = a.remove("b").unwrap();
    assert_eq!((key.origin.to_string(), b.to_json()), ("exporter.yml:2:3".into(), json!(2)));
    assert_eq!(a.get("b"), None);
    assert_eq!(a.remove("b"), None);
    root.lay(&[], json!({}), flag("--all"));
    assert_eq!(root, Node::empty(flag("--all")));
}

fn json_values() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        any::<String>(),
        "[-+0-9a-zA-Z_.:/ #'\"~<&*!|>%@`{}\\[\\],?=]{0,12}",
        prop::sample::select(vec![
            "yes",
            "0x1f",
            "1e3",
            "---",
            "...",
            "- a",
            "a: b",
            "a #b",
            "~",
            "\u{85}",
            "\u{feff}x"
        ])
        .prop_map(str::to_owned),
    ];
    let number = any::<f64>().prop_filter("JSON has finite numbers", |number| number.is_finite());
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        number.prop_map(Value::from),
        text.clone().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back(value in json_values()) {
        let document = json!({"value": value});
        let text = to_yaml(&document);
        let node = Node::parse("written", &text);
        prop_assert_eq!(node.map(|node| node.to_json()).map_err(|error| format!("{error}\n{text}")), Ok(document));
    }

    #[test]
    fn no_text_panics_and_every_refusal_is_one_line(text in any::<String>()) {
        if let Err(problem) = Node::parse("any", &text) {
            prop_assert!(!problem.to_string().contains(['\n', '\r']));
        }
    }

    #[test]
    fn no_text_of_yaml_signs_panics(text in "[-a1:?&*!|>%@`'\"{}\\[\\],#<~ \t\r\n]{0,60}") {
        if let Err(problem) = Node::parse("any", &text) {
            prop_assert!(!problem.to_string().contains(['\n', '\r']));
        }
    }
}
