//! Pages of any content, read back by the parsers of the Python package prometheus_client.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use exporter_exposition::{Encoder, Format, Page, Piece};
use exporter_sdk::{Family, HistogramValue, Kind, Recorder, Scrape, Snapshot, SummaryValue};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

/// A family and its samples.
#[derive(Clone, Debug)]
struct Made {
    kind: Kind,
    name: String,
    help: String,
    unit: &'static str,
    samples: Vec<Sample>,
}

#[derive(Clone, Debug)]
struct Sample {
    labels: BTreeMap<String, String>,
    number: f64,
    /// Bounds of buckets, or quantiles.
    bounds: Vec<f64>,
    milliseconds: Option<u64>,
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        (-1000_i32..1000).prop_map(f64::from),
        prop::sample::select(vec![
            0.0,
            -0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MIN_POSITIVE / 4.0,
            5e-324,
            f64::MAX,
            9_007_199_254_740_993.0,
            1e21,
            1e-7,
        ]),
    ]
}

fn label_value() -> impl Strategy<Value = String> {
    prop_oneof![
        100 => "[a-z/ ]{0,20}",
        100 => "[\\\\\"\n,{}= #é😀]{0,10}",
        100 => any::<String>(),
        // Python takes seconds for more of these.
        1 => Just("x\"\\\n".repeat(16 << 10)),
    ]
}

fn sample() -> impl Strategy<Value = Sample> {
    let labels = prop::collection::btree_map("[a-zA-Z][a-zA-Z0-9_]{0,8}", label_value(), 0..4);
    let bounds = prop::collection::vec(
        prop_oneof![-10.0..1e7, 0.0..1.0, (0..9_i32).prop_map(f64::from)],
        0..5,
    );
    let time = prop::option::weighted(0.2, 1_u64..4_000_000_000_000);
    (labels, number(), bounds, time).prop_map(|(mut labels, number, mut bounds, milliseconds)| {
        labels.retain(|name, _| !["le", "quantile"].contains(&name.as_str()));
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        Sample { labels, number, bounds, milliseconds }
    })
}

fn family() -> impl Strategy<Value = Made> {
    let kinds =
        [Kind::Gauge, Kind::Counter, Kind::Histogram, Kind::Summary, Kind::Info, Kind::Unknown];
    let help = prop_oneof!["[ -~\n\\\\\"é]{0,30}", Just(String::new())];
    let samples = prop::collection::vec(sample(), 1..6);
    let parts =
        (prop::sample::select(kinds.to_vec()), "[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", help, samples);
    (parts, any::<bool>()).prop_map(|((kind, name, help, mut samples), total)| {
        // A series comes once. An empty label is none.
        samples.sort_by_key(|sample| series(&sample.labels));
        samples.dedup_by_key(|sample| series(&sample.labels));
        Made {
            kind,
            name,
            help: help.trim().to_owned(),
            unit: if total { "bytes" } else { "" },
            samples,
        }
    })
}

fn series(labels: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let named = labels.iter().filter(|(_, value)| !value.is_empty());
    named.map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl Made {
    /// With a name that no other family of its page has, in any format, and with values that its kind can have.
    fn numbered(mut self, index: usize) -> Self {
        let unit = if self.unit.is_empty() || self.kind == Kind::Info { "" } else { "_bytes" };
        let total =
            if self.kind == Kind::Counter && !index.is_multiple_of(3) { "_total" } else { "" };
        let info = if self.kind == Kind::Info { "_info" } else { "" };
        self.name = format!("{}_{index}{unit}{total}{info}", self.name);
        if unit.is_empty() {
            self.unit = "";
        }
        for sample in &mut self.samples {
            match self.kind {
                // Python takes all samples of an info for one, whose times are to be alike.
                Kind::Info => (sample.number, sample.milliseconds) = (1.0, None),
                Kind::Gauge | Kind::Unknown => {}
                // OpenMetrics has none below zero, and no NaN.
                _ => sample.number = if sample.number.is_nan() { 0.5 } else { sample.number.abs() },
            }
            if self.kind == Kind::Summary {
                sample.bounds.retain(|bound| (0.0..=1.0).contains(bound));
            }
        }
        self
    }

    fn family(&self) -> Family {
        let family = Family::of_kind(self.kind, self.name.clone(), self.help.clone());
        family.unit(self.unit).build().unwrap()
    }

    fn emit(&self, family: &Family, scrape: &mut Scrape<'_>) {
        for sample in &self.samples {
            let time = sample.milliseconds.map(|time| UNIX_EPOCH + Duration::from_millis(time));
            scrape.set_timestamp(time);
            let labels: Vec<(&String, &String)> = sample.labels.iter().collect();
            let count = sample.bounds.len() as u64;
            match self.kind {
                Kind::Histogram => {
                    let buckets: Vec<(f64, u64)> = sample.bounds.iter().copied().zip(0..).collect();
                    let value = HistogramValue { buckets: &buckets, sum: sample.number, count };
                    scrape.emit_histogram_pairs(family, &labels, &value);
                }
                Kind::Summary => {
                    let quantiles: Vec<(f64, f64)> =
                        sample.bounds.iter().map(|&at| (at, sample.number)).collect();
                    let value = SummaryValue { quantiles: &quantiles, sum: sample.number, count };
                    scrape.emit_summary_pairs(family, &labels, &value);
                }
                _ => scrape.emit_pairs(family, &labels, sample.number),
            }
        }
    }

    /// What Python has to find.
    fn expected(&self, openmetrics: bool) -> Value {
        // Python's own names for counters of the text format, all of which it has end in `_total`.
        let base = self.name.strip_suffix("_total");
        let (name, kind) = match self.kind {
            Kind::Counter if openmetrics && base.is_none() => (self.name.as_str(), "unknown"),
            Kind::Counter => (base.unwrap_or(&self.name), "counter"),
            Kind::Info if openmetrics => (self.name.strip_suffix("_info").unwrap(), "info"),
            Kind::Info => (self.name.as_str(), "gauge"),
            Kind::Unknown => (self.name.as_str(), "unknown"),
            kind => (self.name.as_str(), kind.as_str()),
        };
        let unit = if openmetrics && name.ends_with(self.unit) { self.unit } else { "" };
        let mut lines = Vec::new();
        for sample in &self.samples {
            self.lines(sample, openmetrics, &mut lines);
        }
        json!([name, kind, self.help, unit, lines])
    }

    fn lines(&self, sample: &Sample, openmetrics: bool, lines: &mut Vec<Value>) {
        let mut line = |suffix: &str, bound: Option<(&str, f64)>, value: f64| {
            let mut labels = series(&sample.labels);
            labels
                .extend(bound.map(|(name, bound)| (name.to_owned(), spelled(bound, openmetrics))));
            labels.sort();
            let bits = format!("{:016x}", value.to_bits());
            lines.push(json!([
                format!("{}{suffix}", self.name),
                labels,
                bits,
                sample.milliseconds
            ]));
        };
        let count = f64::from(u32::try_from(sample.bounds.len()).unwrap());
        match self.kind {
            Kind::Histogram => {
                for (bound, count) in sample.bounds.iter().zip(0_u32..) {
                    line("_bucket", Some(("le", *bound)), f64::from(count));
                }
                line("_bucket", Some(("le", f64::INFINITY)), count);
                if !(openmetrics && sample.bounds.iter().any(|bound| *bound < 0.0)) {
                    line("_sum", None, sample.number);
                    line("_count", None, count);
                }
            }
            Kind::Summary => {
                for bound in &sample.bounds {
                    line("", Some(("quantile", *bound)), sample.number);
                }
                line("_sum", None, sample.number);
                line("_count", None, count);
            }
            Kind::Counter if !openmetrics && !self.name.ends_with("_total") => {
                line("_total", None, sample.number);
            }
            _ => line("", None, sample.number),
        }
    }
}

/// A bound as Go has it.
fn spelled(bound: f64, openmetrics: bool) -> String {
    if bound.is_infinite() {
        return "+Inf".to_owned();
    }
    let bound = bound + 0.0;
    if bound != 0.0 && !(1e-4..1e6).contains(&bound.abs()) {
        let text = format!("{bound:e}");
        let (digits, exponent) = text.split_once('e').unwrap();
        let exponent: i32 = exponent.parse().unwrap();
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    if openmetrics && bound.fract() == 0.0 { format!("{bound:.1}") } else { format!("{bound}") }
}

fn snapshot(families: &[Made]) -> Arc<Snapshot> {
    let built: Vec<Family> = families.iter().map(Made::family).collect();
    let mut recorder = Recorder::new(built.clone(), false);
    let run = recorder.record(None, |scrape| {
        families.iter().zip(&built).for_each(|(made, family)| made.emit(family, scrape));
        Ok(())
    });
    Arc::new(run.unwrap_or_else(|error| panic!("{error}: {families:?}")))
}

fn encode(snapshot: &Arc<Snapshot>, format: Format) -> Vec<u8> {
    let mut encoder = Encoder::new(Page::new(vec![Arc::clone(snapshot)]), format);
    let (mut bytes, mut piece) = (Vec::new(), Piece::new(4096));
    while encoder.fill(&mut piece) {
        bytes.extend_from_slice(piece.as_ref());
    }
    bytes.extend_from_slice(piece.as_ref());
    bytes
}

/// What Python finds on each of these pages.
fn python(pages: &[String]) -> Vec<Value> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python.py");
    // Debian's, which is where its package is.
    let mut child = Command::new("/usr/bin/python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Debian's python3 with python3-prometheus-client is installed; `cargo xtask test` does it");
    let mut stdin = child.stdin.take().unwrap();
    let list = pages.join("\n");
    let writer = std::thread::spawn(move || stdin.write_all(list.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn python_reads_back_every_sample_of_any_page_to_the_bit() {
    let mut runner = TestRunner::deterministic();
    let strategy = prop::collection::vec(family(), 0..8);
    let folder = tempfile::tempdir().unwrap();
    let (mut pages, mut expected) = (Vec::new(), Vec::new());
    for index in 0..150 {
        let made = strategy.new_tree(&mut runner).unwrap().current();
        let made = made.into_iter().enumerate().map(|(index, made)| made.numbered(index));
        let mut made: Vec<Made> = made.collect();
        let snapshot = snapshot(&made);
        made.sort_by(|a, b| a.name.cmp(&b.name));
        for (extension, format) in [("txt", Format::Text), ("om", Format::OpenMetrics100)] {
            let path = folder.path().join(format!("{index}.{extension}"));
            fs::write(&path, encode(&snapshot, format)).unwrap();
            pages.push(path.display().to_string());
            let families = made.iter().map(|made| made.expected(format != Format::Text));
            expected.push(families.collect::<Value>());
        }
    }
    let found = python(&pages);
    assert_eq!(found.len(), expected.len());
    for ((page, found), expected) in pages.iter().zip(found).zip(expected) {
        compare(page, &found, &expected);
    }
}

#[track_caller]
fn compare(page: &str, found: &Value, expected: &Value) {
    let text =
        || String::from_utf8_lossy(&fs::read(page).unwrap()).chars().take(4000).collect::<String>();
    let (Some(found), Some(expected)) = (found.as_array(), expected.as_array()) else {
        panic!("{found}:\n{}", text());
    };
    for (found, expected) in found.iter().zip(expected) {
        let short = |value: &Value| value.to_string().chars().take(2000).collect::<String>();
        assert!(found == expected, "{}\nis not\n{}\nin\n{}", short(found), short(expected), text());
    }
    assert_eq!(found.len(), expected.len(), "{}", text());
}
