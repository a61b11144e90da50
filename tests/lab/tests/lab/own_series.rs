//! The exporter's own series: how many there are, and when those begin that report what went wrong.

use exporter_testkit::{Exporter, Page, Prometheus};

use crate::{Config, LAB, failures};

/// The series that are not of the lab's collectors.
fn own(page: &Page) -> Vec<String> {
    let samples = page.all_samples().into_iter().map(ToString::to_string);
    samples.filter(|series| !series.starts_with("my_") && !series.starts_with("lab_")).collect()
}

/// Those with a label `collector`, and the others.
fn by_collector(page: &Page) -> (Vec<String>, Vec<String>) {
    own(page).into_iter().partition(|series| series.contains("collector=\""))
}

#[test]
fn a_healthy_collector_costs_two_series_and_the_exporter_at_most_forty() {
    let instances: String = (0..30).map(|i| format!("  bulk@i{i}: {{series: 2}}\n")).collect();
    let config = Config::new(&format!("collectors:\n  bulk: {{enabled: false}}\n{instances}"));
    let exporter = config.start(&["--web.node-exporter-build-info"]);
    exporter.scrape();
    let (collectors, others) = by_collector(&exporter.scrape());
    assert_eq!(collectors.len(), 60, "{collectors:#?}");
    assert!(others.len() <= 40, "{others:#?}");
}

#[test]
fn a_counter_by_reason_begins_when_the_reason_first_occurs() {
    let exporter = Exporter::start(LAB, ["--collector.error", "--collector.duplicate"]);
    // The families are on no page before, and their names belong to the exporter all the same.
    let counters = ["exporter_collector_failures_total", "exporter_http_refused_total"];
    let before = exporter.get("/metrics?collect[]=bulk").body;
    assert!(counters.iter().all(|counter| !before.contains(counter)), "{before}");
    let page = exporter.scrape();
    assert_eq!(failures(&page, "error", "error"), Some(1.0));
    assert_eq!(page.samples("exporter_collector_failures_total").len(), 1);
    let dropped = page.samples("exporter_collector_duplicate_samples_total");
    assert!(dropped.len() == 1 && dropped[0].label("collector") == Some("duplicate"));
    assert_eq!(page.samples("exporter_http_refused_total").len(), 0);
}

#[test]
fn samples_by_collector_are_there_when_they_are_asked_for() {
    let flags = ["--collector.error", "--collector.bulk.series=10"];
    let page = Exporter::start(LAB, flags).scrape();
    assert_eq!(page.samples("exporter_collector_samples").len(), 0);
    assert_eq!(page.value("exporter_page_samples", &[]), Some(10.0));
    let asked = ["--web.collector-samples", flags[0], flags[1]];
    let page = Exporter::start(LAB, asked).scrape();
    let samples = |name| page.value("exporter_collector_samples", &[("collector", name)]);
    assert_eq!((samples("bulk"), samples("error")), (Some(10.0), Some(0.0)));
}

#[test]
fn without_its_own_metrics_a_page_still_says_which_collectors_it_lacks() {
    let flags = ["--web.disable-exporter-metrics", "--collector.unavailable", "--collector.error"];
    let exporter = Exporter::start(LAB, flags);
    for path in ["/metrics", "/metrics?name[]=lab_unavailable&name[]=my_gauge"] {
        let page = Page::parse(&exporter.get(path).body);
        let mut names = page.names();
        names.retain(|name| name.starts_with("exporter_"));
        let expected = ["duration_seconds", "success", "unavailable"];
        assert_eq!(names, expected.map(|name| format!("exporter_collector_{name}")), "{path}");
    }
}

#[test]
fn the_documented_alerts_fire_for_what_they_are_for_and_for_nothing_else() {
    let config = Config::new("");
    let file = config.path("levels");
    std::fs::write(&file, "0.5\nmuch\n").unwrap();
    let key = format!("--collector.partial.file={}", file.display());
    let flags = ["--collector.error", "--collector.unavailable", "--collector.partial", &key];
    let exporter = Exporter::start(LAB, flags);
    let prometheus = Prometheus::scraping(exporter.address());
    let failures = "exporter_collector_failures_total";
    let begun = format!("({failures} unless {failures} offset 5m) or increase({failures}[5m]) > 0");
    for (alert, collector) in [
        ("exporter_collector_success == 0", "error"),
        ("exporter_collector_partial", "partial"),
        ("exporter_collector_unavailable", "unavailable"),
        (begun.as_str(), "error"),
    ] {
        let fired = prometheus.query(&alert.replace(' ', "+").replace('>', "%3E"));
        let labels: Vec<_> = fired.iter().map(|it| it["metric"]["collector"].as_str()).collect();
        assert_eq!(labels, [Some(collector)], "{alert}");
    }
}
