//! A collector that goes wrong costs its own samples only, and load is served.

use exporter_testkit::{Exporter, run, wait_until};

use crate::{LAB, TWINS, failures, stderr, success};

#[test]
fn bulk_makes_as_many_series_as_asked_for_half_of_each_kind() {
    let exporter = Exporter::start(LAB, ["--collector.bulk.series=100000"]);
    let page = exporter.scrape();
    let (counters, gauges) = (page.samples("my_counter"), page.samples("my_gauge"));
    assert_eq!((counters.len(), gauges.len()), (50_000, 50_000));
    for (i, (counter, gauge)) in counters.iter().zip(&gauges).enumerate() {
        let (session, node) = (format!("session-{i}"), format!("node-{}", i % 97));
        assert_eq!(counter.label("l3"), Some(session.as_str()));
        assert_eq!(counter.label("l4"), Some(node.as_str()));
        assert_eq!(gauge.label("l1"), Some(session.as_str()));
        assert_eq!(gauge.label("l2"), Some(node.as_str()));
        assert_eq!(gauge.label("static_example"), Some("I am static value"));
        assert!((0.0..1e6).contains(&gauge.value));
    }
    assert_eq!(page.value("exporter_page_samples", &[]), Some(100_000.0));
    let again = exporter.scrape();
    assert_ne!(again.samples("my_gauge"), gauges);
}

#[test]
fn a_page_that_does_not_fit_one_buffer_is_sent_in_pieces_and_a_small_one_has_a_length() {
    let small = Exporter::start(LAB, ["--collector.bulk.series=2"]).get("/metrics");
    assert_eq!(small.header("content-length"), Some(small.body.len().to_string().as_str()));
    let large = Exporter::start(LAB, ["--collector.bulk.series=100000"]).get("/metrics");
    assert_eq!(large.header("content-length"), None);
    assert_eq!(large.header("transfer-encoding"), Some("chunked"));
    assert!(large.body.len() > 7_000_000);
}

#[test]
fn a_failing_collector_costs_its_own_samples_only() {
    let exporter = Exporter::start(LAB, ["--collector.error", "--collector.bulk.series=10"]);
    let page = exporter.scrape();
    assert_eq!(page.samples("my_counter").len(), 5);
    assert_eq!((success(&page, "bulk"), success(&page, "error")), (Some(1.0), Some(0.0)));
    // It emitted a sample before it failed.
    assert!(page.family("lab_before").is_none());
    let page = exporter.scrape();
    assert_eq!(failures(&page, "error", "error"), Some(2.0));
    assert_eq!(failures(&page, "bulk", "error"), None);
    let log = exporter.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("Collector failed")).collect();
    assert_eq!(told.len(), 1, "told once, not at every scrape:\n{log}");
    assert!(told[0].contains("collector=error") && told[0].contains("the lab's source is on fire"));
}

#[test]
fn a_sample_that_was_not_described_names_metric_collector_and_origin() {
    let exporter = Exporter::start(LAB, ["--collector.invalid", "--collector.bulk.series=10"]);
    let page = exporter.scrape();
    assert_eq!(page.samples("my_gauge").len(), 5);
    assert!(page.family("lab_undescribed").is_none());
    assert_eq!(success(&page, "invalid"), Some(0.0));
    assert_eq!(failures(&exporter.scrape(), "invalid", "invalid"), Some(2.0));
    let log = exporter.log();
    for part in [
        "metric `lab_undescribed`: not described by the collector",
        "in collector `invalid` of lab-exporter",
        "tests/lab/src/emit.rs:",
    ] {
        assert!(log.contains(part), "{part} is missing in:\n{log}");
    }
}

#[test]
fn a_panicking_collector_is_built_anew_and_the_rest_does_not_notice() {
    let exporter = Exporter::start(LAB, ["--collector.panic", "--collector.bulk.series=10"]);
    for round in 1..=3 {
        let page = exporter.scrape();
        assert_eq!(page.value("lab_panic_runs", &[]), Some(1.0), "built anew in round {round}");
        assert_eq!(success(&page, "panic"), Some(1.0));
        let page = exporter.scrape();
        assert_eq!(page.value("lab_panic_runs", &[]), None);
        assert_eq!(success(&page, "panic"), Some(0.0));
        assert_eq!(failures(&page, "panic", "panic"), Some(f64::from(round)));
        assert_eq!(page.samples("my_counter").len(), 5);
    }
    wait_until("the panic is logged", || exporter.log().contains("the lab panics on purpose"));
    assert!(!exporter.log().contains("stack backtrace"), "{}", exporter.log());
}

#[test]
fn a_collector_without_a_source_is_no_failure() {
    let exporter = Exporter::start(LAB, ["--collector.unavailable"]);
    exporter.scrape();
    let page = exporter.scrape();
    // An alert for `exporter_collector_success == 0` does not fire.
    assert_eq!(success(&page, "unavailable"), None);
    let collector = [("collector", "unavailable")];
    assert_eq!(page.value("exporter_collector_unavailable", &collector), Some(1.0));
    assert!(page.value("exporter_collector_duration_seconds", &collector).is_some());
    assert_eq!(page.samples("exporter_collector_unavailable").len(), 1);
    assert_eq!(page.samples("exporter_collector_failures_total").len(), 0);
    let log = exporter.log();
    assert_eq!(log.matches("no such hardware in the lab").count(), 1, "{log}");
    assert!(!log.contains("level=error"), "{log}");
}

#[test]
fn two_collectors_that_expose_one_name_are_an_error_that_names_both_origins() {
    let output = run(LAB, ["--collector.clash"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    for part in [
        "the metric name `my_gauge`",
        "`bulk` of lab-exporter",
        "bulk.rs:",
        "`clash` of",
        "emit.rs:",
    ] {
        assert!(said.contains(part), "{part} is missing in: {said}");
    }
    let alone = Exporter::start(LAB, ["--collector.clash", "--no-collector.bulk"]);
    assert_eq!(alone.scrape().value("my_gauge", &[]), Some(1.0));
}

#[test]
fn two_collectors_of_one_name_are_an_error_that_names_both_origins() {
    let output = run(TWINS, [""; 0]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(said.contains("two collectors have the name `twin`"), "{said}");
    assert_eq!(said.matches("tests/lab/src/bin/twins.rs:").count(), 2, "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_bad_value_is_refused_by_the_flag_or_by_the_collector() {
    for (arg, code, expected) in [
        (
            "--collector.bulk.series=many",
            2,
            "error: --collector.bulk.series=many: `many` is not an integer; try --help\n",
        ),
        (
            "--collector.bulk.series=7",
            1,
            "error: --collector.bulk.series: collectors.bulk: series: 7 is not an even number\n",
        ),
        (
            "--collector.bulk.series=-2",
            1,
            "error: --collector.bulk.series: collectors.bulk.series: invalid value: integer `-2`, expected an integer, 0 or more\n",
        ),
        (
            "--collector.bulk.serie=2",
            2,
            "error: unexpected argument '--collector.bulk.serie' found (did you mean --collector.bulk.series?); try --help\n",
        ),
    ] {
        let output = run(LAB, [arg]);
        assert_eq!((stderr(&output).as_str(), output.status.code()), (expected, Some(code)));
    }
}
