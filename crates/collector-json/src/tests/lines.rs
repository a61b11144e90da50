//! Documents of one value per line.

use std::fmt::Write as _;

use super::*;

const METRIC: &str =
    "metrics: [{name: v, help: h, path: '$[*]', value: $.v, labels: {id: $.id}}]\nlines: true";

/// The samples of a document of lines, and what was left out of it, with the server's address as `URL`.
fn run(document: &str) -> (String, Vec<String>) {
    let server = Server::of(document);
    let probed = start(&server, METRIC);
    let omissions = probed.omissions();
    let text = probed.text();
    let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    let omissions = omissions.iter().map(|text| text.replace(&server.url(), "URL"));
    (samples.join("\n"), omissions.collect())
}

#[test]
fn lines_are_a_list() {
    let expected = "v{id=\"a\"} 1\nv{id=\"b\"} 2";
    for document in [
        "{\"id\": \"a\", \"v\": 1}\n{\"id\": \"b\", \"v\": 2}\n",
        "\u{feff}{\"id\": \"a\", \"v\": 1}\r\n\r\n   \n{\"id\": \"b\", \"v\": 2}",
    ] {
        assert_eq!(run(document), (expected.to_owned(), vec![]));
    }
    for document in ["", "\n", " \r\n\n"] {
        assert_eq!(run(document), (String::new(), vec![]), "{document:?}");
    }
}

#[test]
fn a_line_that_is_not_json_costs_itself() {
    let (samples, omissions) = run(
        "{\"id\": \"a\", \"v\": 1}\n\n{\"id\": \"b\", \"v\n{\"id\": \"c\", \"v\": 3} x\n{\"id\": \"d\", \"v\": 4}\n",
    );
    assert_eq!(samples, "v{id=\"a\"} 1\nv{id=\"d\"} 4");
    assert_eq!(
        omissions,
        [
            "URL/ line 3: not JSON: EOF while parsing a string at line 1 column 14: \"{\\\"id\\\": \\\"b\\\", \\\"v\"",
            "URL/ line 4: not JSON: trailing characters at line 1 column 21: \"{\\\"id\\\": \\\"c\\\", \\\"v\\\": 3} x\"",
        ]
    );
}

#[test]
fn a_document_without_a_line_of_json_fails() {
    let server = Server::of("<html>\n<body>Log in</body>\n</html>\n");
    let found = start(&server, METRIC).failure().replace(&server.url(), "URL");
    let expected =
        "URL/ line 1: not JSON: expected value at line 1 column 1: \"<html>\" (and 2 more)";
    assert_eq!(found, expected);
}

#[test]
fn lines_are_asked_for() {
    let server = Server::of("{\"id\": \"a\", \"v\": 1}");
    start(&server, METRIC).scrape();
    let asked = server.requests().remove(0);
    assert_eq!(asked.header("accept"), Some("application/x-ndjson, application/json"));
}

#[test]
fn many_lines() {
    let mut document = String::new();
    for id in 0..100_000 {
        writeln!(document, "{{\"id\": \"{id}\", \"v\": {id}}}").unwrap();
    }
    let server = Server::of(&document);
    let page = start(&server, METRIC).scrape();
    assert_eq!(page.samples("v").len(), 100_000);
    assert_eq!(page.gauge("v", &[("id", "99999")]), 99_999.0);
}
