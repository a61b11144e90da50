//! Pages of any content, read back by the parsers of the Python package prometheus_client.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use exporter_exposition::{Compressors, Encoder, Format, GzipMethod, Page, Piece};
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
    /// The labels that the family names, where its samples do not.
    labels: Option<Vec<String>>,
    samples: Vec<Sample>,
}

#[derive(Clone, Debug)]
struct Sample {
    labels: BTreeMap<String, String>,
    number: exporter_sdk::Value,
    /// Bounds of buckets, or quantiles.
    bounds: Vec<f64>,
    milliseconds: Option<u64>,
}

fn number() -> impl Strategy<Value = exporter_sdk::Value> {
    use exporter_sdk::Value::{Float, Int, Uint};
    prop_oneof![
        any::<f64>().prop_map(Float),
        any::<u64>().prop_map(|bits| Float(f64::from_bits(bits))),
        (-1000_i32..1000).prop_map(|number| Float(number.into())),
        any::<i64>().prop_map(Int),
        any::<u64>().prop_map(Uint),
        prop::sample::select(vec![
            Float(0.0),
            Float(-0.0),
            Float(f64::NAN),
            Float(f64::INFINITY),
            Float(f64::NEG_INFINITY),
            Float(f64::MIN_POSITIVE / 4.0),
            Float(5e-324),
            Float(f64::MAX),
            Float(1e21),
            Float(1e-7),
            Uint((1 << 53) + 1),
            Uint(u64::MAX),
            Int(i64::MIN),
        ]),
    ]
}

/// Text of any characters, those that control something included.
fn any_text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter)
}

fn label_value() -> impl Strategy<Value = String> {
    prop_oneof![
        100 => "[a-z/ ]{0,20}",
        100 => "[\\\\\"\n,{}= #é😀\r\0\u{85}]{0,10}",
        100 => any_text(),
        // Python takes seconds for more of these.
        1 => Just("x\"\\\n".repeat(16 << 10)),
    ]
}

fn help() -> impl Strategy<Value = String> {
    // Python strips lines, and what it strips is more than Rust does.
    let stripped = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    let text = prop_oneof![
        30 => "[ -~\n\\\\\"é😀]{0,30}",
        30 => any_text(),
        10 => Just(String::new()),
        1 => Just("x\"\\\n😀".repeat(8 << 10)),
    ];
    text.prop_map(move |help| help.trim_matches(stripped).to_owned())
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
    let samples = prop::collection::vec(sample(), 1..6);
    let parts =
        (prop::sample::select(kinds.to_vec()), "[a-zA-Z_:][a-zA-Z0-9_:]{0,12}", help(), samples);
    (parts, any::<bool>(), any::<bool>()).prop_map(
        |((kind, name, help, mut samples), unit, named)| {
            let labels = (named && !kind.has_parts()).then(|| name_labels(&mut samples));
            // A series comes once. An empty label is none.
            samples.sort_by_key(|sample| series(&sample.labels));
            samples.dedup_by_key(|sample| series(&sample.labels));
            Made { kind, name, help, unit: if unit { "bytes" } else { "" }, labels, samples }
        },
    )
}

/// Gives all samples the labels of the first, with values of their own.
fn name_labels(samples: &mut [Sample]) -> Vec<String> {
    let names: Vec<String> = samples[0].labels.keys().cloned().collect();
    for sample in samples {
        let values = std::mem::take(&mut sample.labels).into_values();
        let values = values.chain(std::iter::repeat("again".to_owned()));
        sample.labels = names.iter().cloned().zip(values).collect();
    }
    names
}

/// What tells series apart.
fn series(labels: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let filled = labels.iter().filter(|(_, value)| !value.is_empty());
    filled.map(|(name, value)| (name.clone(), value.clone())).collect()
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
            if self.kind == Kind::Info {
                // Python takes all samples of an info for one, whose times are to be alike.
                (sample.number, sample.milliseconds) = (exporter_sdk::Value::Uint(1), None);
            }
            if self.kind == Kind::Summary {
                sample.bounds.retain(|bound| (0.0..=1.0).contains(bound));
            }
        }
        self
    }

    fn family(&self) -> Family {
        let family = Family::of_kind(self.kind, self.name.clone(), self.help.clone());
        let constant = self.labels.iter().map(|_| ("constant", "\"yes\""));
        let labels = self.labels.iter().flatten().cloned();
        family.unit(self.unit).labels(labels).const_labels(constant).build().unwrap()
    }

    fn emit(&self, family: &Family, scrape: &mut Scrape<'_>) {
        for sample in &self.samples {
            let time = sample.milliseconds.map(|time| UNIX_EPOCH + Duration::from_millis(time));
            scrape.set_timestamp(time);
            let labels: Vec<(&String, &String)> = sample.labels.iter().collect();
            let (count, number) = (sample.bounds.len() as u64, sample.number.as_f64());
            match self.kind {
                Kind::Histogram => {
                    let buckets: Vec<(f64, u64)> = sample.bounds.iter().copied().zip(0..).collect();
                    let value = HistogramValue { buckets: &buckets, sum: number, count };
                    scrape.emit_histogram_pairs(family, &labels, &value);
                }
                Kind::Summary => {
                    let quantiles: Vec<(f64, f64)> =
                        sample.bounds.iter().map(|&at| (at, number)).collect();
                    let value = SummaryValue { quantiles: &quantiles, sum: number, count };
                    scrape.emit_summary_pairs(family, &labels, &value);
                }
                _ if self.labels.is_some() => {
                    scrape.emit_dynamic(family, sample.labels.values(), sample.number);
                }
                _ => scrape.emit_pairs(family, &labels, sample.number),
            }
        }
    }

    /// What Python has to find, with the samples of every instance.
    fn expected(&self, openmetrics: bool, instances: &[Option<&str>]) -> Value {
        // Python's own names for counters of the text format, all of which it has end in `_total`.
        let base = self.name.strip_suffix("_total");
        let counts = self.samples.iter().all(|sample| is_count(sample.number.as_f64()));
        let (name, kind) = match self.kind {
            Kind::Counter if openmetrics && (base.is_none() || !counts) => {
                (self.name.as_str(), "unknown")
            }
            Kind::Counter => (base.unwrap_or(&self.name), "counter"),
            Kind::Info if openmetrics => (self.name.strip_suffix("_info").unwrap(), "info"),
            Kind::Info => (self.name.as_str(), "gauge"),
            Kind::Unknown => (self.name.as_str(), "unknown"),
            kind => (self.name.as_str(), kind.as_str()),
        };
        let unit = if openmetrics && name.ends_with(self.unit) { self.unit } else { "" };
        let mut lines = Vec::new();
        for instance in instances {
            for sample in &self.samples {
                let lines_of_it = self.lines(sample, openmetrics).into_iter();
                lines.extend(lines_of_it.map(|(suffix, bound, value)| {
                    let labels = self.labels_of(sample, bound, openmetrics, *instance);
                    let name = format!("{}{suffix}", self.name);
                    json!([name, labels, format!("{:016x}", value.to_bits()), sample.milliseconds])
                }));
            }
        }
        json!([name, kind, self.help, unit, lines])
    }

    fn labels_of(
        &self,
        sample: &Sample,
        bound: Option<(&str, f64)>,
        openmetrics: bool,
        instance: Option<&str>,
    ) -> Vec<(String, String)> {
        let mut labels = match self.labels {
            // Written as they are, with those that are empty.
            Some(_) => sample.labels.clone().into_iter().collect(),
            None => series(&sample.labels),
        };
        let constant = self.labels.iter().map(|_| ("constant".to_owned(), "\"yes\"".to_owned()));
        labels.extend(constant);
        labels.extend(bound.map(|(name, bound)| (name.to_owned(), spelled(bound, openmetrics))));
        labels.extend(instance.map(|value| (INSTANCE.to_owned(), value.to_owned())));
        labels.sort();
        labels
    }

    fn lines(&self, sample: &Sample, openmetrics: bool) -> Vec<Line> {
        let (number, mut lines) = (sample.number.as_f64(), Vec::new());
        let count = f64::from(u32::try_from(sample.bounds.len()).unwrap());
        // What OpenMetrics forbids is not there.
        let has_sum = !openmetrics || is_count(number);
        match self.kind {
            Kind::Histogram => {
                let bounds = sample.bounds.iter().zip(0_u32..);
                lines.extend(
                    bounds
                        .map(|(bound, count)| ("_bucket", Some(("le", *bound)), f64::from(count))),
                );
                lines.push(("_bucket", Some(("le", f64::INFINITY)), count));
                if has_sum && !(openmetrics && sample.bounds.iter().any(|bound| *bound < 0.0)) {
                    lines.extend([("_sum", None, number), ("_count", None, count)]);
                }
            }
            Kind::Summary => {
                let bounds = sample
                    .bounds
                    .iter()
                    .filter(|_| !openmetrics || is_count(number) || number.is_nan());
                lines.extend(bounds.map(|bound| ("", Some(("quantile", *bound)), number)));
                lines.extend(has_sum.then_some(("_sum", None, number)));
                lines.push(("_count", None, count));
            }
            Kind::Counter if !openmetrics && !self.name.ends_with("_total") => {
                lines.push(("_total", None, number));
            }
            _ => lines.push(("", None, number)),
        }
        lines
    }
}

/// What a line adds to the name, the label that is a number, and the value.
type Line = (&'static str, Option<(&'static str, f64)>, f64);

/// Whether OpenMetrics allows it as the value of a counter.
fn is_count(number: f64) -> bool {
    number >= 0.0
}

/// The label by which the instances of a collector differ.
const INSTANCE: &str = "collector_instance";

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

fn snapshot(families: &[Made], instance: Option<&str>) -> Arc<Snapshot> {
    let built: Vec<Family> = families.iter().map(Made::family).collect();
    let mut recorder = Recorder::new(built.clone(), false);
    if let Some(instance) = instance {
        recorder = recorder.with_label(INSTANCE, instance).unwrap();
    }
    let run = recorder.record(None, |scrape| {
        families.iter().zip(&built).for_each(|(made, family)| made.emit(family, scrape));
        Ok(())
    });
    Arc::new(run.unwrap_or_else(|error| panic!("{error}: {families:?}")))
}

fn encode(snapshots: &[Arc<Snapshot>], format: Format) -> Vec<u8> {
    let mut encoder = Encoder::new(Page::new(snapshots.to_vec()), format);
    let (mut bytes, mut piece) = (Vec::new(), Piece::new(4096));
    while encoder.fill(&mut piece) {
        bytes.extend_from_slice(piece.as_ref());
    }
    bytes.extend_from_slice(piece.as_ref());
    bytes
}

/// Every third page is compressed in one way, every third in the other.
fn pack(page: Vec<u8>, index: usize) -> (Vec<u8>, &'static str) {
    let method = match index % 3 {
        0 => return (page, ""),
        1 => GzipMethod::Lines,
        _ => GzipMethod::Zlib,
    };
    let mut packed = Vec::new();
    Compressors::new(method).begin().write(&page, true, &mut packed);
    (packed, ".gz")
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
        // Some pages are of several instances, each with a segment of every family.
        let instances: &[Option<&str>] =
            if index % 4 == 0 { &[Some("a"), Some("b\"\n")] } else { &[None] };
        let snapshots: Vec<_> =
            instances.iter().map(|instance| snapshot(&made, *instance)).collect();
        made.sort_by(|a, b| a.name.cmp(&b.name));
        for (extension, format) in [("txt", Format::Text), ("om", Format::OpenMetrics100)] {
            let (packed, suffix) = pack(encode(&snapshots, format), index);
            let path = folder.path().join(format!("{index}.{extension}{suffix}"));
            fs::write(&path, packed).unwrap();
            pages.push(path.display().to_string());
            let families = made.iter().map(|made| made.expected(format != Format::Text, instances));
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
    let text = || {
        let mut text = String::new();
        let file = fs::File::open(page).unwrap();
        let read = if Path::new(page).extension().is_some_and(|extension| extension == "gz") {
            flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text)
        } else {
            { file }.read_to_string(&mut text)
        };
        read.map(|_| text.chars().take(4000).collect::<String>()).unwrap()
    };
    let (Some(found), Some(expected)) = (found.as_array(), expected.as_array()) else {
        panic!("{found}:\n{}", text());
    };
    for (found, expected) in found.iter().zip(expected) {
        let short = |value: &Value| value.to_string().chars().take(2000).collect::<String>();
        assert!(found == expected, "{}\nis not\n{}\nin\n{}", short(found), short(expected), text());
    }
    assert_eq!(found.len(), expected.len(), "{}", text());
}
