//! What `conformance!` says of a crate that lacks something.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use exporter_sdk::{
    Buckets, Collector, Context, Counter, Desc, Gauge, Histogram, NoConfig, Observations, Register,
    Result, Scrape,
};
use exporter_testkit::{Case, cases_give_their_pages};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::{check, mistake, updates};

static JOBS: Gauge<1> = Gauge::new("jobs", "Jobs that wait.").labels(&["queue"]);
static FALLS: Counter = Counter::new("falls_total", "It falls.");
static LATENCY: Histogram = Histogram::new("latency_seconds", "How long it took.");
static CAMEL_CASE: Gauge = Gauge::new("camelCase", "In another style.");
static EXCEPTED: Gauge = Gauge::new("excepted", "As it should be.").lint_exception("no reason");
static NO_HELP: Gauge = Gauge::new("no_help", "");

mistake!(Falls, &[FALLS.desc()], |scrape, run| scrape.emit(&FALLS, (), 10 - run));
mistake!(Camel, &[CAMEL_CASE.desc()], |scrape, run| scrape.emit(&CAMEL_CASE, (), 1));
mistake!(Excepted, &[EXCEPTED.desc()], |scrape, run| scrape.emit(&EXCEPTED, (), 1));
mistake!(NoHelp, &[NO_HELP.desc()], |scrape, run| scrape.emit(&NO_HELP, (), 1));
mistake!(Fails, &[FALLS.desc()], |scrape, run| fs::read_to_string("/nonexistent")?);
mistake!(Forgets, &[LATENCY.desc()], |scrape, run| {
    const BOUNDS: Buckets = Buckets::new(&[1.0]);
    let mut observations = Observations::new(BOUNDS);
    (run..10).for_each(|_| observations.observe(0.5));
    scrape.emit_histogram(&LATENCY, (), &observations.value());
});

/// Takes every key, and documents none.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
struct Lax {
    directory: String,
}

struct TakesAnything;

impl Collector for TakesAnything {
    const NAME: &'static str = "mistake";
    const METRICS: &'static [&'static Desc] = &[JOBS.desc()];
    type Config = Lax;

    fn new(_: &Lax, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        scrape.emit(&JOBS, ["in"], 1);
        Ok(())
    }
}

/// Reads its source before anybody asks it to.
struct ReadsInNew;

impl Collector for ReadsInNew {
    const NAME: &'static str = "mistake";
    type Config = NoConfig;

    fn new(_: &NoConfig, context: &Context) -> Result<Self> {
        fs::read_to_string(context.paths().procfs.join("loadavg"))?;
        Ok(Self)
    }

    fn collect(&mut self, _: &mut Scrape) -> Result {
        Ok(())
    }
}

/// The crate of a collector, with its sample configuration.
struct Package(TempDir);

impl Package {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("sample.yml"), "collectors:\n  mistake:\n").unwrap();
        Self(folder)
    }

    fn path(&self) -> &str {
        self.0.path().to_str().unwrap()
    }

    /// Compares what a test says.
    #[track_caller]
    fn check<C: Register<Way>, Way>(&self, mistake: &str, test: fn(&Case)) {
        let case = Case::of::<C, Way>(self.path());
        self.check_panic(mistake, || test(&case));
    }

    /// Compares what the test of the cases says.
    #[track_caller]
    fn check_cases(&self, mistake: &str) {
        let case = |name: &str| Case::of::<TakesAnything, _>(self.path()).named(name);
        self.check_panic(mistake, || cases_give_their_pages(case));
    }

    #[track_caller]
    fn check_panic(&self, mistake: &str, test: impl FnOnce()) {
        let payload = catch_unwind(AssertUnwindSafe(test)).expect_err("it conforms");
        let literal = payload.downcast_ref::<&str>().map(ToString::to_string);
        let said =
            literal.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_default();
        check(mistake, &said.replace(self.path(), "FOLDER"));
    }
}

#[test]
fn what_is_missing_in_a_crate() {
    let package = Package::new();
    package.check::<TakesAnything, _>("register_forgotten", Case::is_registered);
    fs::write(package.0.path().join("sample.yml"), "collectors:\n  misteak:\n").unwrap();
    package.check::<TakesAnything, _>("sample_of_another", Case::sample_configuration_runs);
    fs::remove_file(package.0.path().join("sample.yml")).unwrap();
    package.check::<TakesAnything, _>("sample_missing", Case::sample_configuration_runs);
}

/// Its texts are written by hand: what updates those of the others updates the golden as well, and then nothing is missing.
#[test]
fn a_page_that_is_not_the_golden_one() {
    if updates() {
        return;
    }
    let package = Package::new();
    package.check_cases("golden_missing");
    let case = package.0.path().join("tests/cases/sample");
    fs::create_dir_all(&case).unwrap();
    fs::write(case.join("page.prom"), "jobs{queue=\"out\"} 1\n").unwrap();
    package.check_cases("golden_differs");
}

#[test]
fn what_is_wrong_with_a_collector() {
    let package = Package::new();
    package.check::<TakesAnything, _>("config_takes_anything", Case::unknown_keys_are_refused);
    package.check::<TakesAnything, _>("key_undocumented", Case::keys_and_metrics_are_documented);
    package.check::<NoHelp, _>("help_missing", Case::keys_and_metrics_are_documented);
    package.check::<Falls, _>("counter_falls", Case::counters_do_not_fall);
    package.check::<Forgets, _>("histogram_falls", Case::counters_do_not_fall);
    package.check::<Camel, _>("lint_finding", Case::names_are_as_promtool_wants_them);
    package
        .check::<Excepted, _>("lint_exception_to_nothing", Case::names_are_as_promtool_wants_them);
    package.check::<ReadsInNew, _>("new_reads", Case::it_is_built_without_its_source);
    package.check::<Fails, _>("default_fails", Case::default_configuration_runs);
}
