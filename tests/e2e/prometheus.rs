//! A real Prometheus scrapes the exporter, and promtool reads its page.

use std::io::Write;
use std::process::{Command, Stdio};

use exporter_testkit::{Exporter, Prometheus, wait_until};

use crate::{EXPORTER, REFERENCE};

#[test]
fn a_real_prometheus_scrapes_it_and_answers_queries_with_its_samples() {
    let exporter = Exporter::start(EXPORTER, [""; 0]);
    let prometheus = Prometheus::scraping(exporter.address());
    let up = prometheus.query("up");
    assert_eq!(up[0]["value"][1], "1", "{up:?}\n{}", prometheus.log());

    let gauge = &prometheus.query("my_gauge")[0];
    assert_eq!(gauge["metric"]["static_example"], "I am static value");
    assert_eq!(gauge["metric"]["job"], "exporter");
    let l1: u32 = gauge["metric"]["l1"].as_str().unwrap().parse().unwrap();
    let l2: u32 = gauge["metric"]["l2"].as_str().unwrap().parse().unwrap();
    assert!(l1 < 1111 && l2 < 2222);
    let counter = &prometheus.query("my_counter")[0];
    assert!(counter["metric"]["l3"].is_string() && counter["metric"]["l4"].is_string());
    assert!(counter["value"][1].as_str().unwrap().parse::<f64>().unwrap() > 1.7e9);
    for collector in prometheus.query("exporter_collector_success") {
        assert_eq!(collector["value"][1], "1", "{collector}");
    }

    let metadata = prometheus.api("metadata");
    assert_eq!(metadata["my_gauge"][0]["type"], "gauge");
    assert_eq!(metadata["my_gauge"][0]["help"], "gauge_help_tag");
    assert_eq!(metadata["my_counter"][0]["type"], "counter");
    assert_eq!(metadata["my_counter"][0]["help"], "counter_help_tag");

    // It goes on: every scrape makes new series.
    wait_until("Prometheus has scraped three times", || {
        prometheus.query("count(last_over_time(my_gauge[5m]))")[0]["value"][1]
            .as_str()
            .is_some_and(|count| count.parse::<u32>().unwrap() >= 3)
    });
    assert_eq!(prometheus.query("min_over_time(up[5m])")[0]["value"][1], "1");
}

#[test]
fn promtool_has_nothing_to_say_but_of_the_two_names_that_are_given() {
    let page = Exporter::start(EXPORTER, REFERENCE).get("/metrics").body;
    // The two names are given, and all that is wrong with the page.
    let expected = [
        "my_counter counter metrics should have \"_total\" suffix",
        "my_counter metric name should not include type 'counter'",
        "my_gauge metric name should not include type 'gauge'",
    ];
    assert_eq!(promtool(&page), expected);
}

#[test]
fn promtool_has_nothing_to_say_of_host_and_textfile_but_of_the_names_of_the_kernel() {
    let args = ["--no-collector.gauge", "--no-collector.counter", "--web.node-exporter-build-info"];
    let page = Exporter::start(EXPORTER, args).get("/metrics").body;
    let rule = "metric names should be written in 'snake_case' not 'camelCase'";
    for line in promtool(&page) {
        assert!(line.starts_with("node_memory_") && line.ends_with(rule), "{line}");
    }
}

/// What promtool says of a page.
fn promtool(page: &str) -> Vec<String> {
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is in Debian's package prometheus");
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    said.trim().lines().map(str::to_owned).collect()
}
