//! From our collectors to a registry of the `prometheus` crate, and through its encoder.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use exporter_prometheus::PrometheusCollector;
use exporter_sdk::{
    Collector, Context, Counter, Desc, Family, Gauge, HistogramValue, Kind, NoConfig, Result, Run,
    Scrape, SummaryValue,
};
use prometheus::{IntGauge, Registry, TextEncoder};
use proptest::prelude::*;

use crate::{run, text};

static SENT: Counter<2> = Counter::new("sent_bytes_total", "Bytes \\ sent.\nAll of them.")
    .labels(&["device", "queue"])
    .const_labels(&[("c", "1")]);
static LOAD: Gauge = Gauge::new("load", "");
static EMPTY: Gauge = Gauge::new("empty", "Never has a sample.");

/// Emits some of everything.
struct Everything {
    latency: Family,
    size: Family,
}

impl Collector for Everything {
    const NAME: &'static str = "everything";
    const METRICS: &'static [&'static Desc] = &[EMPTY.desc(), LOAD.desc(), SENT.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        let latency = Family::histogram("latency_seconds", "Latency.").labels(["path"]).build()?;
        Ok(Self { latency, size: Family::summary("size_bytes", "Size.").build()? })
    }

    fn describe(&self) -> Vec<Family> {
        let fixed = Self::METRICS.iter().map(|&desc| Family::from(desc));
        fixed.chain([self.latency.clone(), self.size.clone()]).collect()
    }

    fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result {
        scrape.emit(&SENT, ["a,b=\"x\"", "\\ \n é"], 1_u64 << 53);
        scrape.emit(&SENT, ["eth0", ""], 0.1);
        scrape.emit(&LOAD, (), f64::NAN);
        let buckets = &[(0.005, 1), (1.0, 2), (10.0, 2)];
        let value = HistogramValue { buckets, sum: 12.25, count: 3 };
        scrape.emit_histogram_pairs(&self.latency, &[("path", "/")], &value);
        let value = HistogramValue { buckets: &[(f64::INFINITY, 0)], sum: 0.0, count: 0 };
        scrape.emit_histogram_pairs(&self.latency, &[("path", "/}\"")], &value);
        let value = SummaryValue { quantiles: &[(0.5, 1.5), (1.0, -2.0)], sum: -0.5, count: 2 };
        scrape.emit_summary_pairs(&self.size, &[("", ""); 0], &value);
        Ok(())
    }
}

fn gather(registry: &Registry) -> String {
    TextEncoder::new().encode_to_string(&registry.gather()).unwrap()
}

#[test]
fn both_encoders_write_the_same_of_the_same_samples() {
    let registry = Registry::new();
    let context = Context::new("everything");
    let ours = run(&mut Everything::new(&NoConfig {}, &context).unwrap()).unwrap();
    let adapter = PrometheusCollector::new::<Everything>(NoConfig {}, context).unwrap();
    registry.register(Box::new(adapter)).unwrap();
    let expected = text(ours);
    assert!(expected.contains("latency_seconds_bucket{path=\"/\",le=\"+Inf\"} 3\n"), "{expected}");
    assert_eq!(gather(&registry), expected);
    assert_eq!(gather(&registry), expected, "nothing is left over from the run before");
}

/// Emits gauges and counters with these labels and values.
#[derive(Clone, Debug)]
struct Any(Family, Vec<([String; 2], f64)>);

impl Run for Any {
    fn describe(&self) -> Vec<Family> {
        vec![self.0.clone()]
    }

    fn run(&mut self, scrape: &mut Scrape<'_>) -> Result {
        self.1.iter().for_each(|(labels, value)| scrape.emit_dynamic(&self.0, labels, *value));
        Ok(())
    }
}

/// The lines of a page in one order, with the bits of their values. That crate sorts series, and spells some numbers
/// otherwise.
fn lines(page: &str) -> Vec<(String, u64)> {
    let line = |line: &str| match line.rsplit_once(' ') {
        Some((series, value)) if !line.starts_with('#') => {
            let value: f64 = value.parse().unwrap();
            (series.to_owned(), if value.is_nan() { f64::NAN } else { value }.to_bits())
        }
        _ => (line.to_owned(), 0),
    };
    let mut lines: Vec<_> = page.lines().map(line).collect();
    lines.sort();
    lines
}

proptest! {
    #[test]
    fn both_encoders_say_the_same_of_any_series(
        counter: bool,
        help in "[ -~\\n\\\\é😀]{0,20}",
        samples in prop::collection::btree_map(
            (any::<String>(), "[a-z\\\\\"\n{},=]{0,8}"),
            prop_oneof![any::<f64>(), Just(f64::NAN), Just(-0.0), Just(5e-324), Just(9_007_199_254_740_993.0)],
            1..12,
        ),
    ) {
        let kind = if counter { Kind::Counter } else { Kind::Gauge };
        let family = Family::of_kind(kind, "x_total", help).labels(["a", "b"]).const_labels([("c", "\"")]);
        let samples = samples.into_iter().map(|((a, b), value)| ([a, b], value)).collect();
        let mut any = Any(family.build().unwrap(), samples);
        let again = any.clone();
        let registry = Registry::new();
        let factory = move || Ok(Box::new(again.clone()) as Box<dyn Run>);
        let adapter = PrometheusCollector::from_factory("any", false, factory).unwrap();
        registry.register(Box::new(adapter)).unwrap();
        prop_assert_eq!(lines(&gather(&registry)), lines(&text(run(&mut any).unwrap())));
    }
}

static UP: Gauge = Gauge::new("up", "Always.");
static STRAY: Gauge = Gauge::new("stray", "Not described.");

/// Goes wrong in another way at each run.
struct Moody {
    runs: Arc<AtomicU32>,
    panicked: bool,
}

impl Run for Moody {
    fn describe(&self) -> Vec<Family> {
        vec![UP.desc().into()]
    }

    fn run(&mut self, scrape: &mut Scrape<'_>) -> Result {
        scrape.emit(&UP, (), 1);
        assert!(!self.panicked, "it ought to have been built anew");
        match self.runs.fetch_add(1, Ordering::Relaxed) {
            0 => {
                self.panicked = true;
                panic!("on purpose")
            }
            1 => return Err("on purpose".into()),
            2 => scrape.emit(&STRAY, (), 1),
            _ => {}
        }
        Ok(())
    }
}

impl Drop for Moody {
    fn drop(&mut self) {
        assert!(!self.panicked, "once more");
    }
}

#[test]
fn a_run_that_goes_wrong_costs_its_own_samples_and_no_more() {
    let runs = Arc::new(AtomicU32::new(0));
    let factory = move || {
        let moody = Moody { runs: Arc::clone(&runs), panicked: false };
        Ok(Box::new(moody) as Box<dyn Run>)
    };
    let registry = Registry::new();
    let adapter = PrometheusCollector::from_factory("moody", false, factory).unwrap();
    registry.register(Box::new(adapter)).unwrap();
    registry.register(Box::new(IntGauge::new("other", "Of that crate.").unwrap())).unwrap();
    let other = "# HELP other Of that crate.\n# TYPE other gauge\nother 0\n";
    for failure in ["panic", "error", "not described"] {
        assert_eq!(gather(&registry), other, "{failure}");
    }
    assert_eq!(gather(&registry), format!("{other}# HELP up Always.\n# TYPE up gauge\nup 1\n"));
}

/// Emits a family of unknown kind that it does not describe.
struct Unchecked(Family);

impl Run for Unchecked {
    fn describe(&self) -> Vec<Family> {
        Vec::new()
    }

    fn run(&mut self, scrape: &mut Scrape<'_>) -> Result {
        scrape.emit_dynamic(&self.0, [""; 0], 2);
        Ok(())
    }
}

#[test]
fn collectors_that_describe_nothing_can_be_registered_side_by_side() {
    let registry = Registry::new();
    for name in ["a", "b"] {
        let factory = move || {
            let family = Family::of_kind(Kind::Unknown, name, "").build()?;
            Ok(Box::new(Unchecked(family)) as Box<dyn Run>)
        };
        let adapter = PrometheusCollector::from_factory(name, true, factory).unwrap();
        registry.register(Box::new(adapter)).unwrap();
    }
    assert_eq!(gather(&registry), "# TYPE a gauge\na 2\n# TYPE b gauge\nb 2\n");
}

#[test]
fn what_cannot_be_built_is_an_error_at_once() {
    let error = PrometheusCollector::from_factory("x", false, || Err("no such disk".into()));
    assert_eq!(error.unwrap_err().to_string(), "no such disk");
}
