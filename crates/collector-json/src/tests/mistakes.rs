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
