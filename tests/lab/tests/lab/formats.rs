//! What scrapers get: formats, compression, and what independent readers make of every kind of sample.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use exporter_testkit::{Exporter, Prometheus, Response};
use flate2::read::GzDecoder;
use serde_json::{Value, json};

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
    let only = [("Accept-Encoding", "gzip, identity;q=0")];
    let small = exporter.get_with("/metrics?name[]=lab_odd", &only);
    assert_eq!(small.header("content-encoding"), Some("gzip"));
    assert!(unpacked(&small).contains("lab_odd 18446744073709551615\n"));
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
        let values: Vec<&str> = values.iter().map(|value| value[2].as_str().unwrap()).collect();
        let expected = NUMBERS.map(|(_, number)| format!("{:016x}", number.to_bits()));
        assert_eq!(values, expected);
        // As near as a float is to 2^53 + 1.
        assert_eq!(
            family("lab_read_bytes")[4][0][2],
            format!("{:016x}", 9_007_199_254_740_992_f64.to_bits())
        );
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

/// The numbers of `lab_values`, by name.
const NUMBERS: [(&str, f64); 9] = [
    ("nan", f64::NAN),
    ("inf", f64::INFINITY),
    ("-inf", f64::NEG_INFINITY),
    ("-0", -0.0),
    ("subnormal", 5e-324),
    ("max", f64::MAX),
    ("tenth", 0.1),
    ("large", 1e21),
    ("small", -1e-7),
];

/// What the collector `kinds` emits but for the time stamped sample: names with labels, and the bits of values.
fn emitted(openmetrics: bool) -> Vec<(String, u64)> {
    let of = |name: &str, label: &str, values: &[(&str, f64)]| {
        let series = values.iter().map(|(text, value)| {
            let labels = if text.is_empty() { json!({}) } else { json!({label: text}) };
            (format!("{name}{labels}"), value.to_bits())
        });
        series.collect::<Vec<_>>()
    };
    let texts = ["", "plain", "\\", "\"", "\n", "\\n", "a\tb", "ä 😀 {},=#", " le=\"1\"} 2"];
    let mut all = of("lab_values", "which", &NUMBERS);
    all.extend(of("lab_labels", "text", &texts.map(|text| (text, 1.0))));
    // As near as a float is to 2^53 + 1.
    all.extend(of("lab_read_bytes_total", "", &[("", 9_007_199_254_740_992.0)]));
    all.extend(of("lab_odd", "", &[("", 18_446_744_073_709_551_616.0)]));
    all.push((r#"lab_build_info{"revision":"\"main\"","version":"1.2"}"#.into(), 1_f64.to_bits()));
    all.extend(of("lab_register", "address", &[("7", -40.0)]));
    let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, f64::INFINITY];
    let buckets = bounds.map(|bound| {
        let count = [0.003, 0.2, 0.2, 70.0].iter().filter(|seconds| **seconds <= bound).count();
        let labels = json!({"le": bound.to_string(), "method": "get"});
        (
            format!("lab_latency_seconds_bucket{labels}"),
            f64::from(u32::try_from(count).unwrap()).to_bits(),
        )
    });
    all.extend(buckets);
    all.extend(of("lab_latency_seconds_sum", "method", &[("get", 70.403)]));
    all.extend(of("lab_latency_seconds_count", "method", &[("get", 4.0)]));
    let changes = [("-1.5", 1.0), ("0", 2.0), ("1000000", 3.0), ("inf", 3.0)];
    all.extend(of("lab_change_celsius_bucket", "le", &changes));
    if !openmetrics {
        all.extend(of("lab_change_celsius_sum", "", &[("", -2.0)]));
        all.extend(of("lab_change_celsius_count", "", &[("", 3.0)]));
    }
    for (quantile, value) in [("0", 1.0), ("0.5", f64::NAN), ("0.999", 1e6), ("1", 1e6)] {
        let labels = json!({"of": "reply", "quantile": quantile});
        all.push((format!("lab_size_bytes{labels}"), value.to_bits()));
    }
    all.extend(of("lab_size_bytes_sum", "of", &[("reply", 1e6)]));
    all.extend(of("lab_size_bytes_count", "of", &[("reply", 2.0)]));
    all.sort();
    all
}

/// `{__name__=~"lab_.+",__name__!="lab_level_meters"}`, as it stands in a URL.
const ALL: &str = "%7B__name__=~%22lab_.%2B%22,__name__!=%22lab_level_meters%22%7D";

/// What a Prometheus has stored of `exporter`, in the same form.
fn stored(prometheus: &Prometheus) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for mut series in prometheus.query(ALL) {
        let value: f64 = series["value"][1].as_str().unwrap().parse().unwrap();
        let metric = series["metric"].as_object_mut().unwrap();
        let name = metric.remove("__name__").unwrap();
        metric.retain(|label, _| !["instance", "job"].contains(&label.as_str()));
        // Before version 3, Prometheus kept bounds as they were spelled, and OpenMetrics spells 1 as 1.0.
        for bound in ["le", "quantile"] {
            if let Some(Value::String(text)) = metric.get_mut(bound) {
                *text = text.parse::<f64>().unwrap().to_string();
            }
        }
        // Prometheus stores each NaN as the same.
        let value = if value.is_nan() { f64::NAN } else { value };
        let name = name.as_str().unwrap();
        found.push((format!("{name}{}", series["metric"]), value.to_bits()));
    }
    found.sort();
    found
}

#[test]
fn a_real_prometheus_stores_what_was_emitted_from_both_formats() {
    for flags in [&[][..], &["--web.enable-openmetrics"]] {
        let openmetrics = !flags.is_empty();
        let exporter = kinds(flags);
        let prometheus = Prometheus::scraping(exporter.address());
        assert_eq!(stored(&prometheus), emitted(openmetrics), "{flags:?}");
        let level = prometheus.query("time()-timestamp(lab_level_meters)");
        let age: f64 = level[0]["value"][1].as_str().unwrap().parse().unwrap();
        assert!((55.0..90.0).contains(&age), "{age}");
        if openmetrics {
            let metadata = prometheus.api("metadata");
            let kind = |name: &str| metadata[name][0]["type"].clone();
            assert_eq!(kind("lab_latency_seconds"), "histogram");
            assert_eq!(metadata["lab_latency_seconds"][0]["unit"], "seconds");
            assert_eq!(kind("lab_build"), "info");
            assert_eq!(kind("lab_odd"), "unknown");
            assert_eq!(kind("lab_size_bytes"), "summary");
        }
    }
}

#[test]
fn promtool_parses_every_kind() {
    let page = kinds(&[]).get("/metrics").body;
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let said = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
    // It lints what it has parsed; names with `_total` missing and the like are what this collector is for.
    let told: Vec<&str> = said.lines().collect();
    assert_eq!(told, ["lab_odd counter metrics should have \"_total\" suffix"], "{said}");
}
