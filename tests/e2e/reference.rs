//! The reference exporter: what `--features gauge,counter` serves.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use exporter_testkit::{Exporter, Page};

use crate::{EXPORTER, REFERENCE};

fn start(args: &[&str]) -> Exporter {
    Exporter::start(EXPORTER, [&REFERENCE, args].concat())
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn number(text: Option<&str>, below: u32) {
    let number: u32 = text.unwrap().parse().unwrap();
    assert!(number < below, "{number} is not below {below}");
}

#[test]
fn the_page_has_exactly_the_two_families_and_what_tells_of_them() {
    let exporter = start(&["--web.disable-exporter-metrics"]);
    let response = exporter.get("/metrics");
    assert_eq!(response.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(response.body.contains(
        "# HELP my_counter counter_help_tag\n# TYPE my_counter counter\nmy_counter{l3=\""
    ));
    assert!(
        response
            .body
            .contains("# HELP my_gauge gauge_help_tag\n# TYPE my_gauge gauge\nmy_gauge{l1=\"")
    );
    let page = Page::parse(&response.body);
    let names = [
        "exporter_collector_duration_seconds",
        "exporter_collector_success",
        "my_counter",
        "my_gauge",
    ];
    assert_eq!(page.names(), names);
    for collector in ["counter", "gauge"] {
        let label = [("collector", collector)];
        assert_eq!(page.value("exporter_collector_success", &label), Some(1.0));
        assert!(page.value("exporter_collector_duration_seconds", &label).unwrap() > 0.0);
    }
}

#[test]
fn labels_and_values_are_in_their_ranges_and_new_at_every_scrape() {
    let exporter = start(&[]);
    let (mut gauges, mut counters, mut values) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for _ in 0..30 {
        let before = now().floor();
        let page = exporter.scrape();
        let [gauge] = page.samples("my_gauge")[..] else { panic!("not one gauge") };
        let [counter] = page.samples("my_counter")[..] else { panic!("not one counter") };
        let names = |sample: &exporter_testkit::Sample| -> Vec<String> {
            sample.labels.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(gauge), ["l1", "l2", "static_example"]);
        assert_eq!(names(counter), ["l3", "l4"]);
        number(gauge.label("l1"), 1111);
        number(gauge.label("l2"), 2222);
        number(counter.label("l3"), 2222);
        number(counter.label("l4"), 3222);
        assert_eq!(gauge.label("static_example"), Some("I am static value"));
        assert!((0.0..999_999.0).contains(&gauge.value) && gauge.value.fract() == 0.0);
        assert!((before..=now()).contains(&counter.value) && counter.value.fract() == 0.0);
        gauges.insert(format!("{:?}", gauge.labels));
        counters.insert(format!("{:?}", counter.labels));
        values.insert(gauge.value.to_bits());
    }
    for seen in [gauges.len(), counters.len(), values.len()] {
        assert!(seen >= 25, "{seen} different ones in 30 scrapes");
    }
}

#[test]
fn the_exporter_tells_of_itself_unless_it_is_not_to() {
    let exporter = start(&[]);
    exporter.scrape();
    exporter.get("/nothing");
    let page = exporter.scrape();
    for family in [
        "exporter_build_info",
        "exporter_http_requests_in_flight",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
        "process_virtual_memory_bytes",
        "process_virtual_memory_max_bytes",
    ] {
        assert!(page.value(family, &[]).is_some(), "{family}");
    }
    let version = [("name", "exporter-bin"), ("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(page.value("exporter_build_info", &version), Some(1.0));
    assert_eq!(page.value("exporter_http_requests_total", &[("code", "200")]), Some(1.0));
    assert_eq!(page.value("exporter_http_requests_total", &[("code", "404")]), Some(1.0));
    assert_eq!(page.value("exporter_http_requests_in_flight", &[]), Some(1.0));
    assert!(page.value("exporter_http_response_bytes_total", &[]).unwrap() > 1000.0);
    assert_eq!(page.value("exporter_page_samples", &[]), Some(2.0));
    // CPU time in fractions of a second, which the `prometheus` crate's own process collector cannot tell.
    let cpu = page.value("process_cpu_seconds_total", &[]).unwrap();
    assert!(cpu > 0.0 && cpu.fract() > 0.0, "{cpu}");
}

#[test]
fn every_path_and_method_has_an_answer_of_its_own() {
    let exporter = start(&["--web.telemetry-path=/probe/metrics"]);
    assert_eq!(exporter.get("/metrics").status, 404);
    assert!(exporter.get("/probe/metrics").body.contains("my_gauge{"));
    let landing = exporter.get("/");
    assert_eq!(landing.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(landing.body.contains("<a href=\"probe/metrics\">"));
    assert!(landing.body.contains(">counter</a>") && landing.body.contains(">gauge</a>"));
    let answer =
        raw(&exporter, "POST /probe/metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 405 "), "{answer}");
    assert!(answer.to_lowercase().contains("\r\nallow: get, head\r\n"), "{answer}");
    let answer = raw(&exporter, "HEAD /probe/metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(answer.to_lowercase().contains("\r\ncontent-length: "), "{answer}");
}

/// What is answered to a request that closes the connection.
fn raw(exporter: &Exporter, request: &str) -> String {
    let mut stream = TcpStream::connect(exporter.address()).unwrap();
    let request = request.replacen("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn many_scrapers_at_once_each_get_a_whole_page() {
    let exporter = start(&[]);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let page = exporter.scrape();
                    assert_eq!(page.samples("my_gauge").len(), 1);
                    assert_eq!(page.samples("my_counter").len(), 1);
                }
            });
        }
    });
}
