//! What authors of collectors get to read when they make a mistake that the compiler cannot find. (Those that it finds are
//! in exporter-sdk/tests/compile-fail.) Every message names the mistake and what would be right.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use exporter_sdk::{
    AsyncCollector, Collector, Context, Counter, Desc, Family, Gauge, HistogramValue, NoConfig,
    Result, Scrape,
};
use exporter_testkit::{Case, Probe};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static LISTED: Gauge<1> = Gauge::new("listed", "In METRICS.").labels(&["part"]);
static FORGOTTEN: Gauge = Gauge::new("forgotten", "Not in METRICS.");
static OTHER_KIND: Counter<1> = Counter::new("listed", "In METRICS.").labels(&["part"]);
static FALLS: Counter = Counter::new("falls_total", "It falls.");
static CAMEL_CASE: Gauge = Gauge::new("camelCase", "In another style.");
static NO_HELP: Gauge = Gauge::new("no_help", "");

/// Makes a collector of a mistake.
macro_rules! mistake {
    ($name:ident, $metrics:expr, |$scrape:ident, $run:ident| $body:expr) => {
        struct $name(u32);

        impl Collector for $name {
            const NAME: &'static str = "mistake";
            const METRICS: &'static [&'static Desc] = $metrics;
            type Config = NoConfig;

            fn new(_: &NoConfig, _: &Context) -> Result<Self> {
                Ok(Self(0))
            }

            fn collect(&mut self, $scrape: &mut Scrape) -> Result {
                self.0 += 1;
                let $run = self.0;
                let _ = ($run, &$scrape);
                $body;
                Ok(())
            }
        }
    };
}

mistake!(Forgets, &[LISTED.desc()], |scrape, run| scrape.emit(&FORGOTTEN, (), 1));
mistake!(ChangesKind, &[LISTED.desc()], |scrape, run| scrape.emit(&OTHER_KIND, ["a"], 1));
mistake!(Repeats, &[LISTED.desc()], |scrape, run| (0..2).for_each(|i| scrape.emit(
    &LISTED,
    ["a"],
    i
)));
mistake!(Falls, &[FALLS.desc()], |scrape, run| scrape.emit(&FALLS, (), 10 - run));
mistake!(Camel, &[CAMEL_CASE.desc()], |scrape, run| scrape.emit(&CAMEL_CASE, (), 1));
mistake!(NoHelp, &[NO_HELP.desc()], |scrape, run| scrape.emit(&NO_HELP, (), 1));
mistake!(Panics, &[LISTED.desc()], |scrape, run| assert!(run == 0, "the source has no answer"));
mistake!(TooFewDynamic, &[], |scrape, run| {
    let family = Family::gauge("orders", "Orders.").labels(["a", "b"]).build()?;
    scrape.emit_dynamic(&family, ["only one"], 1);
});
mistake!(IllegalDynamic, &[], |scrape, run| Family::gauge("my orders", "Orders.").build()?);
mistake!(ReservedDynamic, &[], |scrape, run| Family::gauge("orders", "Orders.")
    .labels(["le"])
    .build()?);
mistake!(Contradicts, &[], |scrape, run| {
    let family = Family::histogram("latency_seconds", "Latency.").build()?;
    let value = HistogramValue { buckets: &[(1.0, 5), (2.0, 3)], sum: 1.0, count: 5 };
    scrape.emit_histogram_pairs(&family, &[("", ""); 0], &value);
});

/// Blocks its thread within a future.
struct Blocks;

impl AsyncCollector for Blocks {
    const NAME: &'static str = "mistake";
    const METRICS: &'static [&'static Desc] = &[LISTED.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    async fn collect(&mut self, _: &mut Scrape<'_>) -> Result {
        std::thread::sleep(Duration::from_secs(1));
        Ok(())
    }
}

/// Takes every key, and documents none.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
struct Lax {
    directory: String,
}

struct TakesAnything;

impl Collector for TakesAnything {
    const NAME: &'static str = "mistake";
    const METRICS: &'static [&'static Desc] = &[LISTED.desc()];
    type Config = Lax;

    fn new(_: &Lax, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        scrape.emit(&LISTED, ["a"], 1);
        Ok(())
    }
}

#[test]
fn a_run_that_goes_wrong_says_why() {
    let origin = "in collector `mistake` of the package under test (crates/exporter-testkit/tests/diagnostics.rs:";
    let check = |why: String, parts: &[&str]| {
        for part in parts {
            assert!(why.contains(part), "`{part}` is missing in: {why}");
        }
    };
    check(
        Probe::of::<Forgets, _>().start().failure(),
        &[
            "metric `forgotten`: not described by the collector: add it to its METRICS (or `describe`)",
            origin,
        ],
    );
    check(
        Probe::of::<ChangesKind, _>().start().failure(),
        &[
            "metric `listed`: emitted as a counter with the label part, but described as a gauge with the label part",
            origin,
        ],
    );
    check(
        Probe::of::<Repeats, _>().start().failure(),
        &["samples are of series that it emitted before, the first of listed{part=\"a\"}"],
    );
    check(Probe::of::<Panics, _>().start().failure(), &["the source has no answer"]);
    check(
        Probe::of::<IllegalDynamic, _>().start().failure(),
        &["`my orders`: illegal metric name: it must match [a-zA-Z_:][a-zA-Z0-9_:]*"],
    );
    check(Probe::of::<ReservedDynamic, _>().start().failure(), &["`le`", "reserved"]);
    check(Probe::of::<TooFewDynamic, _>().start().failure(), &["metric `orders`"]);
    check(Probe::of::<Contradicts, _>().start().failure(), &["metric `latency_seconds`", "bucket"]);
    let probe = Probe::of::<Blocks, _>().timeout(Duration::from_millis(200)).start();
    check(probe.failure(), &["did not end within its time-out of 200ms"]);
}

#[test]
fn a_configuration_that_is_wrong_says_where() {
    let why = Probe::of::<TakesAnything, _>().config("directry: /srv").refused();
    assert_eq!(
        why,
        "configuration:3:5: collectors.mistake.directry: unknown key; did you mean `directory`? (allowed: `directory`, `enabled`, `scrape`)"
    );
    let why = Probe::of::<TakesAnything, _>().config("directory: [a]").refused();
    assert!(
        why.starts_with("configuration:3:16: collectors.mistake.directory: invalid type"),
        "{why}"
    );
}

/// What a test of conformance says.
fn said(test: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(test)).expect_err("it conforms");
    let literal = payload.downcast_ref::<&str>().map(ToString::to_string);
    literal.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default()
}

#[test]
fn conformance_says_what_is_missing() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().to_str().unwrap();
    let case = Case::of::<TakesAnything, _>(path);
    let check = |said: String, expected: &str| assert!(said.contains(expected), "{said}");
    check(
        said(|| case.is_registered()),
        "no exporter will find `mistake`: its crate lacks the line `register!(TYPE);`",
    );
    check(
        said(|| case.sample_configuration_runs()),
        "sample.yml: No such file or directory (os error 2); it is the configuration that the documentation shows",
    );
    std::fs::write(folder.path().join("sample.yml"), "collectors:\n  mistake:\n").unwrap();
    check(
        said(|| case.unknown_keys_are_refused()),
        "derive the configuration with #[serde(default, deny_unknown_fields)]",
    );
    check(
        said(|| case.keys_and_metrics_are_documented()),
        "the key `directory` has no doc comment; it is what --help and the README say of it",
    );
    check(said(|| case.page_is_the_golden_one()), "UPDATE_GOLDEN=1 cargo test writes it");
    std::fs::create_dir(folder.path().join("tests")).unwrap();
    std::fs::write(folder.path().join("tests/golden.prom"), "listed{part=\"b\"} 1\n").unwrap();
    check(
        said(|| case.page_is_the_golden_one()),
        "if the page is right, UPDATE_GOLDEN=1 cargo test takes it over\n- listed{part=\"b\"} 1\n",
    );
    check(
        said(|| Case::of::<Falls, _>(path).counters_do_not_fall()),
        "the counter falls_total fell from 9 to 8",
    );
    check(
        said(|| Case::of::<NoHelp, _>(path).keys_and_metrics_are_documented()),
        "no_help has no help text",
    );
    check(
        said(|| Case::of::<Camel, _>(path).names_are_as_promtool_wants_them()),
        "rename these, or except each with its reason (`exceptions: [(metric, rule, why)]`):\ncamelCase: metric names should be written in 'snake_case' not 'camelCase'",
    );
    let excepted = Case::of::<Falls, _>(path).exceptions(&[("falls_total", "no help text", "why")]);
    check(
        said(|| excepted.names_are_as_promtool_wants_them()),
        "these exceptions are to nothing: [(\"falls_total\", \"no help text\", \"why\")]",
    );
}
