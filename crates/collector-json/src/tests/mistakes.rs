//! What an operator reads of mistakes in the configuration.

use super::*;

#[track_caller]
fn refused(config: &str, expected: &str) {
    let found = probe("http://localhost/", config).refused();
    assert!(found.contains(expected), "{found}");
    assert!(!found.contains("hunter2"), "{found}");
}

#[test]
fn of_metrics() {
    let metric = |keys: &str| format!("metrics: [{{help: h, {keys}}}]");
    refused("metrics: []", "metrics: there is none; name at least one metric of the document");
    refused(&metric("name: a-b"), "metrics[0]: metric `a-b`: illegal metric name");
    refused(
        &metric("name: m, path: '$.a[', labels: {l: x}"),
        "metrics[0]: path: not JSONPath (RFC 9535): ",
    );
    refused(&metric("name: m, path: a.b"), "metrics[0]: path: not JSONPath (RFC 9535): ");
    refused(
        &metric("name: m, value: open"),
        "metrics[0]: value: expected a path that begins with `$` or `^`, `key()`, or a number, found \"open\"",
    );
    refused(&metric("name: m, labels: {l: $..}"), "metrics[0]: labels.l: not JSONPath");
    refused(&metric("name: m, labels: {le: x}"), "reserved label name `le`");
    refused(&metric("name: m, type: histogram"), "metrics[0].type");
    refused(&metric("name: m, jsonpath: $"), "jsonpath");
    refused("metrics: [{name: m}]", "help");
}

#[test]
fn of_how_values_are_written() {
    for (keys, problem) in [
        ("format: date", "metrics[0].format"),
        ("decimal: dot", "metrics[0].decimal"),
        ("on_missing_label: skip", "metrics[0].on_missing_label"),
        ("layout: '%F'", "layout: it is for `format: time`; the format is `number`"),
        (
            "format: size, time_zone: UTC",
            "time_zone: it is for `format: time`; the format is `size`",
        ),
        ("format: time, layout: '%H:%M'", "layout: \"%H:%M\" is none of a time: "),
        ("format: time, layout: '%Y-%m-%d %!'", "layout: \"%Y-%m-%d %!\" is none of a time: "),
        ("format: time, time_zone: Mars/Olympus", "time_zone: "),
        (
            "format: duration, decimal: comma",
            "decimal: it is for numbers, sizes and percentages; the format is `duration`",
        ),
        ("factor: 0", "factor: expected a number other than 0, found 0"),
        ("factor: .inf", "metrics[0].factor: infinity and .nan cannot be used"),
        ("format: percentage, factor: 0.01", "factor: a percentage has its own, 0.01; "),
        ("format: time, layout: '%F', factor: 2", "layout and factor: one of them, not both; "),
        (
            "value: 1, format: percentage",
            "format: it has no effect on `value: 1`, which is the value",
        ),
        ("value: 1.5, factor: 2", "factor: it has no effect on `value: 1.5`, which is the value"),
    ] {
        let place = if problem.starts_with("metrics") { "" } else { "metrics[0]: " };
        let config = format!("metrics: [{{name: m, help: h, {keys}}}]");
        refused(&config, &format!("{place}{problem}"));
    }
}

#[test]
fn of_entries_that_disagree() {
    let two = |keys: &str| {
        format!("metrics: [{{name: m, help: h, labels: {{a: x}}}}, {{name: m, {keys}}}]")
    };
    let rule = "entries of one name must have the same type, help and names of labels";
    for (keys, what) in [
        ("help: h, labels: {b: x}", "set of labels"),
        ("help: other, labels: {a: x}", "help"),
        ("help: h, type: counter, labels: {a: x}", "type"),
    ] {
        let expected =
            format!("metrics[1] `m`: its {what} differs from that of metrics[0] `m`; {rule}");
        refused(&two(keys), &expected);
    }
}

#[test]
fn of_the_request() {
    for (config, problem) in [
        ("method: 'G T'", "method: \"G T\" is none"),
        ("headers: {'a b': x}", "headers: \"a b\" is no name of a header"),
        ("headers: {a: \"hunter2\\n\"}", "headers.a: it has characters that a header cannot have"),
        ("bearer_token: \"hunter2\\n\"", "bearer_token: it has characters that a header cannot"),
        ("basic_auth: {password: hunter2}", "username"),
        (
            "basic_auth: {username: me, password: hunter2}\nbearer_token: hunter2",
            "basic_auth and bearer_token: one of them, not several",
        ),
        (
            "headers: {authorization: hunter2}\nbearer_token: hunter2",
            "headers.Authorization and bearer_token: one of them, not several",
        ),
        ("valid_status: [20]", "valid_status: 20 is no status of an answer; 200 is one"),
        (
            "proxy_url: ftp://me:hunter2@proxy",
            "proxy_url: expected `http://` or `https://`, found `ftp:`",
        ),
        (
            "proxy_url: http://proxy\nproxy_from_environment: true",
            "proxy_url and proxy_from_environment: one of them, not both",
        ),
        ("max_body: 10 apples", "max_body"),
    ] {
        refused(&format!("{config}\n{WHOLE}"), problem);
    }
    for (url, problem) in [
        ("''", "url: it is missing; say where the document is"),
        ("localhost:8000/x", "url: expected `http://` or `https://`, found `localhost:`"),
        ("/orders", "url: expected `http://` or `https://`, and then a host"),
        ("http://", "url: empty host"),
    ] {
        let found = probe(url, WHOLE).refused();
        assert!(found.contains(problem), "{found}");
    }
}

#[test]
fn of_tls() {
    for (config, problem) in [
        ("ca: hunter2", "tls.ca: expected certificates in PEM (`-----BEGIN CERTIFICATE-----`)"),
        (
            "ca: \"-----BEGIN CERTIFICATE-----\\n!\\n-----END CERTIFICATE-----\\n\"",
            "tls.ca: it is not PEM",
        ),
        (
            "ca: \"-----BEGIN CERTIFICATE-----\\naGk=\\n-----END CERTIFICATE-----\\n\"",
            "tls.ca: invalid peer certificate",
        ),
        ("cert: x", "tls.key is missing: `cert` needs its key"),
        ("key: hunter2", "tls.cert is missing: `key` needs its certificate"),
        ("server_name: 'a b'", "tls.server_name: expected a host name or an address"),
        ("ca: {file: /nosuch/ca.pem}", "/nosuch/ca.pem: "),
    ] {
        refused(&format!("tls: {{{config}}}\n{WHOLE}"), problem);
    }
}
