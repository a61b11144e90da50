//! What scrapers get: formats, compression, and what independent readers make of every kind of sample.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use exporter_testkit::{Exporter, Prometheus, Response};
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::{Config, LAB};

const OPENMETRICS: &str =
    "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3";
const KINDS: &str = "collectors: {kinds: {enabled: true}, bulk: {enabled: false}}";

fn kinds(flags: &[&str]) -> Exporter {
    Config::new(KINDS).start(&[&["--web.disable-exporter-metrics"], flags].concat())
}

fn unpacked(answer: &Response) -> String {
    let mut text = String::new();
    GzDecoder::new(answer.bytes.as_slice()).read_to_string(&mut text).unwrap();
    text
}

/// What a program of the system makes of bytes.
fn through(program: &str, args: &[&str], bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, bytes) = (child.stdin.take().unwrap(), bytes.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{program}");
    output.stdout
}

#[test]
fn openmetrics_is_served_where_it_is_switched_on_and_asked_for() {
    let accept = [("Accept", OPENMETRICS)];
    let without = kinds(&[]).get_with("/metrics", &accept);
    assert_eq!(without.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let exporter = kinds(&["--web.enable-openmetrics"]);
    let with = exporter.get_with("/metrics", &accept);
    let expected = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(with.header("content-type"), Some(expected));
    assert_eq!(with.header("vary"), Some("Accept, Accept-Encoding"));
    assert!(with.body.ends_with("# EOF\n") && with.body.contains("# TYPE lab_odd unknown\n"));
    assert!(
        with.body.contains("# TYPE lab_build info\n# HELP")
            || with.body.contains("# TYPE lab_build info\nlab_build_info{")
    );
    // Whoever does not ask gets what every version of everything reads.
    let plain = exporter.get("/metrics");
    assert_eq!(plain.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    assert!(plain.body.contains("# TYPE lab_build_info gauge\n") && !plain.body.contains("# EOF"));
}

#[test]
fn pages_are_compressed_for_those_who_take_it_and_small_ones_are_not() {
    for method in ["zlib", "lines"] {
        is_compressed(&kinds(&[&format!("--web.gzip={method}")]));
    }
    let off = kinds(&["--web.gzip=off"]).get_with("/metrics", &[("Accept-Encoding", "gzip")]);
    assert_eq!(off.header("content-encoding"), None);
}

fn is_compressed(exporter: &Exporter) {
    let gzip = [("Accept-Encoding", "gzip")];
    let page = exporter.get_with("/metrics", &gzip);
    assert_eq!(page.header("content-encoding"), Some("gzip"));
    assert_eq!(page.header("content-length"), Some(page.bytes.len().to_string().as_str()));
    assert_eq!(through("gzip", &["-dc"], &page.bytes), unpacked(&page).as_bytes());
    let plain = exporter.get_with("/metrics", &[("Accept-Encoding", "identity")]);
    assert_eq!(plain.header("content-encoding"), None);
    assert_eq!(plain.header("vary"), Some("Accept, Accept-Encoding"));
    let lines = |text: &str| {
        text.lines()
            .filter(|line| !line.contains("_seconds{") && !line.contains("lab_level"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(lines(&unpacked(&page)), lines(&plain.body));
    let small = exporter.get_with("/metrics?name[]=lab_odd", &gzip);
    assert_eq!(small.header("content-encoding"), None);
    assert!(small.body.contains("lab_odd 18446744073709551615\n"));
}

#[test]
fn a_large_page_is_compressed_piece_by_piece() {
    for (method, accept) in [("zlib", OPENMETRICS), ("lines", "text/plain"), ("lines", OPENMETRICS)]
    {
        let method = format!("--web.gzip={method}");
        let flags = ["--collector.bulk.series=100000", "--web.enable-openmetrics", &method];
        let exporter = Exporter::start(LAB, flags);
        let headers = [("Accept-Encoding", "gzip"), ("Accept", accept)];
        let page = exporter.get_with("/metrics", &headers);
        assert_eq!(page.header("content-encoding"), Some("gzip"));
        assert_eq!(page.header("content-length"), None);
        let text = unpacked(&page);
        assert_eq!(text.lines().filter(|line| line.starts_with("my_")).count(), 100_000);
        assert!(page.bytes.len() * 5 < text.len(), "{} of {}", page.bytes.len(), text.len());
        assert_eq!(through("gzip", &["-dc"], &page.bytes), text.as_bytes());
        assert_eq!(text.ends_with("# EOF\n"), accept == OPENMETRICS);
    }
}

#[test]
fn a_real_prometheus_unpacks_a_large_page() {
    for flags in [&[][..], &["--web.enable-openmetrics", "--collector.bulk.random-labels"]] {
        let series = "--collector.bulk.series=20000";
        let exporter = Exporter::start(LAB, [&[series], flags].concat());
        let prometheus = Prometheus::scraping(exporter.address());
        for name in ["my_gauge", "my_counter"] {
            let found = prometheus.query(&format!("count({name})"));
            assert_eq!(found[0]["value"][1], "10000", "{name} {flags:?}");
        }
    }
}

/// What Python's prometheus_client finds on a page.
fn python(page: &str, extension: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("page.{extension}"));
    std::fs::write(&file, page).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../crates/exporter-exposition/tests/python.py");
    let found = through(
        "/usr/bin/python3",
        &[script.to_str().unwrap()],
        file.display().to_string().as_bytes(),
    );
    serde_json::from_slice(&found).unwrap()
}

#[test]
fn python_reads_every_kind_in_both_formats() {
    let exporter = kinds(&["--web.enable-openmetrics"]);
    let openmetrics = exporter.get_with("/metrics", &[("Accept", OPENMETRICS)]).body;
    let accept = "application/openmetrics-text; version=0.0.1";
    let older = exporter.get_with("/metrics", &[("Accept", accept)]);
    let expected = "application/openmetrics-text; version=0.0.1; charset=utf-8";
    assert_eq!(older.header("content-type"), Some(expected));
    let text = exporter.get("/metrics").body;
    for (page, extension) in [(text, "txt"), (openmetrics, "om"), (older.body, "om")] {
        let families = python(&page, extension);
        let families = families.as_array().unwrap_or_else(|| panic!("{families}:\n{page}"));
        let family = |name: &str| {
            families.iter().find(|family| family[0] == name).unwrap_or_else(|| panic!("{name}"))
        };
        let values = family("lab_values")[4].as_array().unwrap();
        let expected =
            [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, f64::MAX, 0.1, 1e21, -1e-7];
        for (value, expected) in values.iter().zip(expected) {
            assert_eq!(value[2], format!("{:016x}", expected.to_bits()), "{value}");
        }
        let labels = family("lab_labels")[4].as_array().unwrap();
        let texts: Vec<&str> =
            labels.iter().map(|sample| sample[1][0][1].as_str().unwrap()).collect();
        assert_eq!(
            texts,
            ["", "plain", "\\", "\"", "\n", "\\n", "a\tb", "ä 😀 {},=#", " le=\"1\"} 2"]
        );
        assert_eq!(family("lab_values")[2], "Numbers: \"\\\n in their help.");
        let types = ["lab_read_bytes", "lab_latency_seconds", "lab_size_bytes", "lab_register"]
            .map(|name| &family(name)[1]);
        assert_eq!(types, ["counter", "histogram", "summary", "unknown"]);
        let build = if extension == "om" { "lab_build" } else { "lab_build_info" };
        assert_eq!(family(build)[4][0][0], "lab_build_info");
        let time = family("lab_level_meters")[4][0][3].as_u64().unwrap();
        assert!(time > 1_700_000_000_000, "{time}");
    }
}

#[test]
fn a_real_prometheus_stores_the_same_from_both_formats() {
    let text = kinds(&[]);
    let openmetrics = kinds(&["--web.enable-openmetrics"]);
    let stored = |exporter: &Exporter| {
        let prometheus = Prometheus::scraping(exporter.address());
        let mut found = Vec::new();
        for query in [
            "lab_values",
            "lab_labels",
            "lab_read_bytes_total",
            "lab_odd",
            "lab_build_info",
            "lab_register",
            "lab_latency_seconds_bucket",
            "lab_latency_seconds_sum",
            "lab_latency_seconds_count",
            "lab_change_celsius_bucket",
            "lab_size_bytes",
        ] {
            for mut series in prometheus.query(query) {
                let metric = series["metric"].as_object_mut().unwrap();
                metric.remove("instance");
                // Before version 3, Prometheus kept bounds as they were spelled, and OpenMetrics spells 1 as 1.0.
                for bound in ["le", "quantile"] {
                    if let Some(Value::String(text)) = metric.get_mut(bound) {
                        *text = text.parse::<f64>().unwrap().to_string();
                    }
                }
                found.push(format!("{} {}", series["metric"], series["value"][1]));
            }
        }
        let level = prometheus.query("time()-timestamp(lab_level_meters)");
        let age: f64 = level[0]["value"][1].as_str().unwrap().parse().unwrap();
        assert!((55.0..90.0).contains(&age), "{age}");
        found.sort();
        (found, prometheus.api("metadata"))
    };
    let ((of_text, _), (of_openmetrics, metadata)) = (stored(&text), stored(&openmetrics));
    assert_eq!(of_text, of_openmetrics);
    assert!(of_text.len() > 40, "{of_text:?}");
    let kind = |name: &str| metadata[name][0]["type"].clone();
    assert_eq!(kind("lab_latency_seconds"), "histogram");
    assert_eq!(metadata["lab_latency_seconds"][0]["unit"], "seconds");
    assert_eq!(kind("lab_build"), "info");
    assert_eq!(kind("lab_odd"), "unknown");
    assert_eq!(kind("lab_size_bytes"), "summary");
}
