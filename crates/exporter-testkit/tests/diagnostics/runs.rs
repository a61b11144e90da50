//! Runs that go wrong.

use std::time::Duration;

use exporter_sdk::{
    AsyncCollector, Context, Counter, Desc, Family, Gauge, HistogramValue, NoConfig, Register,
    Result, Scrape,
};
use exporter_testkit::Probe;

use crate::{check, mistake};

static LISTED: Gauge<1> = Gauge::new("listed", "In METRICS.").labels(&["part"]);
static FORGOTTEN: Gauge = Gauge::new("forgotten", "Not in METRICS.");
static OTHER_KIND: Counter<1> = Counter::new("listed", "In METRICS.").labels(&["part"]);

mistake!(Forgets, &[LISTED.desc()], |scrape, run| scrape.emit(&FORGOTTEN, (), 1));
mistake!(ChangesKind, &[LISTED.desc()], |scrape, run| scrape.emit(&OTHER_KIND, ["a"], 1));
mistake!(Repeats, &[LISTED.desc()], |scrape, run| {
    (0..2).for_each(|i| scrape.emit(&LISTED, ["a"], i));
});
mistake!(TooFew, &[], |scrape, run| {
    let family = Family::gauge("orders", "Orders.").labels(["a", "b"]).build()?;
    scrape.emit_dynamic(&family, ["only one"], 1);
});
mistake!(IllegalName, &[], |scrape, run| Family::gauge("my orders", "Orders.").build()?);
mistake!(ReservedLabel, &[], |scrape, run| {
    Family::gauge("orders", "Orders.").labels(["le"]).build()?
});
mistake!(OneNumber, &[], |scrape, run| {
    let family = Family::histogram("latency_seconds", "Latency.").build()?;
    scrape.emit_dynamic(&family, [""; 0], 1);
});
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

/// Waits for a source that does not answer.
struct Waits;

impl AsyncCollector for Waits {
    const NAME: &'static str = "mistake";
    const METRICS: &'static [&'static Desc] = &[LISTED.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    async fn collect(&mut self, _: &mut Scrape<'_>) -> Result {
        std::future::pending().await
    }
}

#[track_caller]
fn fails<C: Register<Way>, Way>(mistake: &str) {
    check(mistake, &Probe::of::<C, Way>().start().failure());
}

#[test]
fn samples_that_cannot_be_exposed() {
    fails::<Forgets, _>("metric_not_listed");
    fails::<ChangesKind, _>("kind_differs");
    fails::<Repeats, _>("series_twice");
    fails::<TooFew, _>("label_count_dynamic");
    fails::<IllegalName, _>("metric_name_dynamic");
    fails::<ReservedLabel, _>("label_reserved_dynamic");
    fails::<OneNumber, _>("histogram_as_a_number");
    fails::<Contradicts, _>("buckets_fall");
}

#[test]
fn a_future_that_blocks_is_told_from_a_source_that_is_slow() {
    let timeout = Duration::from_millis(200);
    check("async_blocks", &Probe::of::<Blocks, _>().timeout(timeout).start().failure());
    let waits = Probe::of::<Waits, _>().timeout(timeout).start();
    let slow = "did not end within its time-out of 200ms; if its source needs longer, raise `scrape.timeout`, and set \
                `scrape.min_interval`, so that it runs less often";
    assert_eq!(waits.failure(), slow);
}
