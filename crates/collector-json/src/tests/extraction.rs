//! What becomes of documents.

use super::*;

/// The lines of a page with these metrics, without HELP and TYPE.
fn samples(document: &'static str, metrics: &str) -> String {
    let server = Server::of(document);
    let text = start(&server, metrics).text();
    text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n")
}

fn failure(document: &'static str, metrics: &str) -> String {
    let server = Server::of(document);
    start(&server, metrics).failure().replace(&server.url(), "URL")
}

#[test]
fn numbers_in_all_their_forms() {
    let metrics = "metrics: [{name: m, help: h, path: '$[*]', labels: {at: key()}}]";
    let document = r#"[0, -0.0, 9007199254740993, 18446744073709551615, 1e-320, 1.5e3, true, false,
        "17", " -2.5 ", "1e3", "NaN", "-Infinity", "9007199254740993"]"#;
    let expected = [
        "0",
        "-0.0",
        "9007199254740993",
        "18446744073709551615",
        "1e-320",
        "1500",
        "1",
        "0",
        "17",
        "-2.5",
        "1000",
        "NaN",
        "-Inf",
        "9007199254740993",
    ];
    let expected: Vec<String> =
        (0..).zip(expected).map(|(at, value)| format!("m{{at=\"{at}\"}} {value}")).collect();
    assert_eq!(samples(document, metrics), expected.join("\n"));
}

#[test]
fn labels_come_from_the_node_its_surroundings_its_key_and_the_configuration() {
    let document = r#"{"regions": {"north": {"code": 7, "shops": [{"id": "a\n\"b\"", "n": 1}, {"id": true, "n": 2}]}}}"#;
    let metrics = r#"
metrics:
  - name: shops
    help: Shops.
    path: $.regions.*.shops[*]
    value: $.n
    labels: {id: $.id, code: ^^.code, place: key(), region: key(2), kind: open, first: "^[0].n"}"#;
    assert_eq!(
        samples(document, metrics),
        "shops{code=\"7\",first=\"1\",id=\"a\\n\\\"b\\\"\",kind=\"open\",place=\"0\",region=\"north\"} 1\n\
         shops{code=\"7\",first=\"1\",id=\"true\",kind=\"open\",place=\"1\",region=\"north\"} 2"
    );
}

#[test]
fn constants_mappings_filters_and_several_entries_of_one_family() {
    let document = r#"{"version": "1.2", "disks": [{"d": "a", "state": "ok"}, {"d": "b", "state": "bad"}, {"d": "c", "state": "bad", "old": 1}]}"#;
    let metrics = r#"
metrics:
  - {name: build_info, help: Version., value: 1, labels: {version: $.version}}
  - {name: disk, help: "State.", path: "$.disks[?@.state=='ok']", value: $.state, mapping: {ok: 1, bad: 0}, labels: {d: $.d}}
  - {name: disk, help: "State.", path: "$.disks[?@.state=='bad' && !@.old]", value: 0, labels: {d: $.d}}
  - {name: disks, help: Disks., type: unknown, path: "$.disks[-1:]", value: key()}"#;
    assert_eq!(
        samples(document, metrics),
        "build_info{version=\"1.2\"} 1\ndisk{d=\"a\"} 1\ndisk{d=\"b\"} 0\ndisks 2"
    );
}

#[test]
fn what_is_missing_fails_the_run_or_is_left_out() {
    let document = r#"[{"n": 1, "l": "x"}, {"n": null, "l": "y"}, {"l": "z"}, {"n": 4}]"#;
    let metric = |more: &str| {
        format!(
            "metrics: [{{name: m, help: h, path: '$[*]', value: $.n, labels: {{l: $.l}}{more}}}]"
        )
    };
    assert_eq!(
        failure(document, &metric("")),
        "URL/: metrics[0] `m`: value `$.n` at $[1]: it is missing or null; with `on_missing: skip` it is left out"
    );
    assert_eq!(samples(document, &metric(", on_missing: skip")), "m{l=\"x\"} 1\nm{l=\"\"} 4");
    let one = "metrics: [{name: m, help: h, path: $.a.b}, {name: n, help: h, value: 2}]";
    assert_eq!(
        failure(r#"{"a": []}"#, one),
        "URL/: metrics[0] `m`: path `$.a.b`: it is missing or null; with `on_missing: skip` it is left out"
    );
    assert_eq!(
        samples(
            r#"{"a": {"b": []}}"#,
            "metrics: [{name: m, help: h, path: '$.a.b[*]'}, {name: n, help: h, value: 2}]"
        ),
        "n 2"
    );
}

#[test]
fn labels_have_a_rule_of_their_own() {
    let document = r#"[{"n": 1, "l": null}, {"l": "z"}, {"n": 4, "l": "y"}]"#;
    let metric = |more: &str| {
        format!(
            "metrics: [{{name: m, help: h, path: '$[*]', value: $.n, labels: {{l: $.l}}, {more}}}]"
        )
    };
    let whole = document.replace("{\"l\": \"z\"}, ", "");
    let server = Server::of(&whole);
    let text = start(&server, &metric("on_missing_label: empty")).text();
    assert!(text.ends_with("m{l=\"\"} 1\nm{l=\"y\"} 4\n"), "{text}");
    assert_eq!(
        failure(document, &metric("on_missing_label: empty")),
        "URL/: metrics[0] `m`: value `$.n` at $[1]: it is missing or null; with `on_missing: skip` it is left out"
    );
    assert_eq!(
        failure(document, &metric("on_missing: skip, on_missing_label: error")),
        "URL/: metrics[0] `m`: label `l` `$.l` at $[0]: it is missing or null; with `on_missing_label: empty` it is empty"
    );
}

#[test]
fn values_as_people_write_them() {
    let document = r#"{"since": "2026-11-27T18:00:00Z", "load": "85%", "limit": "512Mi", "uptime": "1h30m",
        "temperature": "21,5", "latency_ms": 12.5, "total": "1 234 567", "tank": {"name": null}}"#;
    let metrics = r"
metrics:
  - {name: since, help: h, value: $.since, format: time}
  - {name: load, help: h, value: $.load, format: percentage}
  - {name: limit, help: h, value: $.limit, format: size}
  - {name: uptime, help: h, value: $.uptime, format: duration}
  - {name: temperature, help: h, value: $.temperature, decimal: comma}
  - {name: latency, help: h, value: $.latency_ms, factor: 0.001}
  - {name: total, help: h, value: $.total, decimal: point, labels: {tank: $.tank.name}, on_missing_label: empty}";
    assert_eq!(
        samples(document, metrics),
        "latency 0.0125\nlimit 536870912\nload 0.85\nsince 1795802400\ntemperature 21.5\n\
         total{tank=\"\"} 1234567\nuptime 5400"
    );
}

#[test]
fn a_list_may_be_empty_but_not_be_something_else() {
    const METRIC: &str = "metrics: [{name: m, help: h, path: '$.shops[*]', value: $.n}]";
    assert_eq!(samples(r#"{"shops": []}"#, METRIC), "");
    let at = "URL/: metrics[0] `m`: path `$.shops`:";
    let missing = format!("{at} it is missing or null; with `on_missing: skip` it is left out");
    for document in [r#"{"error": "maintenance"}"#, r#"{"shops": null}"#, "[]", "7"] {
        assert_eq!(failure(document, METRIC), missing);
        assert_eq!(samples(document, &METRIC.replace("}]", ", on_missing: skip}]")), "");
    }
    let expected = format!("{at} expected a list or an object, found a number");
    assert_eq!(failure(r#"{"shops": 5}"#, METRIC), expected);
    let everywhere = METRIC.replace("$.shops[*]", "$..shop");
    assert_eq!(samples("[]", &everywhere), "");
    assert!(failure("\"no\"", &everywhere).contains("path `$`: expected a list or an object"));
}

#[test]
fn a_label_that_is_missing_is_told_with_its_place() {
    let metric = "metrics: [{name: m, help: h, path: '$[*]', value: $.n, labels: {l: $.x}}]";
    assert_eq!(
        failure(r#"[{"n": 1}]"#, metric),
        "URL/: metrics[0] `m`: label `l` `$.x` at $[0]: it is missing or null; with `on_missing_label: empty` it is empty"
    );
}

#[test]
fn what_cannot_be_a_value_or_label_is_told_with_its_place() {
    let of = |value: &str, labels: &str| {
        format!(
            "metrics: [{{name: m, help: h, path: $.a, value: '{value}', labels: {{{labels}}}}}]"
        )
    };
    let document = r#"{"a": {"o": {}, "t": "up", "n": 1, "l": [1, 2]}}"#;
    let at = "URL/: metrics[0] `m`:";
    for (value, labels, problem) in [
        ("$.o", "", "value `$.o` at $['a']: expected a number, found an object"),
        ("$.l", "", "value `$.l` at $['a']: expected a number, found a list"),
        ("$.l[*]", "", "value `$.l[*]` at $['a']: it finds 2 values, not one"),
        (
            "$.t",
            "",
            "value `$.t` at $['a']: expected a number, found the text \"up\"; a `mapping` can give it one",
        ),
        (
            "^^^.x",
            "",
            "value `^^^.x` at $['a']: `^` goes 3 steps outwards from a node that is 1 deep",
        ),
        ("$.n", "l: $.l", "label `l` `$.l` at $['a']: expected a text, found a list"),
        (
            "$.n",
            "l: key(4)",
            "label `l` `key(4)` at $['a']: `key` goes 4 steps outwards from a node that is 1 deep",
        ),
    ] {
        assert_eq!(failure(document, &of(value, labels)), format!("{at} {problem}"));
    }
    let mapped = "metrics: [{name: m, help: h, path: $.a.t, mapping: {down: 0}}]";
    assert_eq!(
        failure(document, mapped),
        format!(
            "{at} value `$` at $['a']['t']: expected a number, found the text \"up\"; the `mapping` does not have it"
        )
    );
}

#[test]
fn samples_that_are_one_series_are_found() {
    let found = failure("[1, 2]", "metrics: [{name: m, help: h, path: '$[*]'}]");
    let expected = "1 samples are of series that it emitted before, the first of m; ";
    assert!(found.starts_with(expected), "{found}");
}

#[test]
fn a_document_of_real_size() {
    use std::fmt::Write as _;

    let mut document = String::from("[");
    for id in 0..100_000 {
        write!(document, "{{\"id\": \"{id}\", \"n\": {id}, \"text\": \"of no interest\"}},")
            .unwrap();
    }
    document.push_str("{\"id\": \"last\", \"n\": 0.5}]");
    let server = Server::start(move |_| Answer::json(&document));
    let metrics = "metrics: [{name: m, help: h, path: '$[*]', value: $.n, labels: {id: $.id}}]";
    let page = start(&server, metrics).scrape();
    assert_eq!(page.samples("m").len(), 100_001);
    assert_eq!(page.gauge("m", &[("id", "99999")]), 99_999.0);
    assert_eq!(page.gauge("m", &[("id", "last")]), 0.5);
}
