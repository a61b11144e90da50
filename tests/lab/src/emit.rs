//! Collectors that emit what they should not. None runs unless it is asked for.

use exporter_sdk::{Collector, Context, Counter, Desc, Gauge, NoConfig, Result, Scrape, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static BEFORE: Gauge<1> =
    Gauge::new("lab_before", "Emitted before it goes wrong.").labels(&["collector"]);
static CLASH: Gauge = Gauge::new("my_gauge", "A name that `bulk` exposes too.");
static DUPLICATE: Gauge<1> =
    Gauge::new("lab_duplicate", "One series again and again.").labels(&["i"]);
static INVALID: Gauge = Gauge::new("lab_invalid", "A gauge.");
static INVALID_AGAIN: Counter = Counter::new("lab_invalid", "The same name as a counter.");
static UNDESCRIBED: Gauge = Gauge::new("lab_undescribed", "In nobody's METRICS.");
static FLOOD: Gauge<1> = Gauge::new("lab_flood", "Without end.").labels(&["i"]);

/// Emits a sample, then fails.
struct Fails;

impl Collector for Fails {
    const NAME: &'static str = "error";
    const METRICS: &'static [&'static Desc] = &[BEFORE.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        scrape.emit(&BEFORE, ["error"], 1);
        Err("the lab's source is on fire".into())
    }
}

register!(Fails);

/// Emits one series many times.
struct Duplicate;

impl Collector for Duplicate {
    const NAME: &'static str = "duplicate";
    const METRICS: &'static [&'static Desc] = &[DUPLICATE.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        for (value, label) in ["a", "b", "a", "c", "a"].into_iter().enumerate() {
            scrape.emit(&DUPLICATE, [label], value);
        }
        Ok(())
    }
}

register!(Duplicate);

/// What is wrong with a sample.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Wrong {
    /// Whether the metric was described as another kind, rather than not at all.
    kind: bool,
}

/// Emits a sample of a metric that it did not describe, or described differently.
struct Invalid(Wrong);

impl Collector for Invalid {
    const NAME: &'static str = "invalid";
    const METRICS: &'static [&'static Desc] = &[INVALID.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = Wrong;

    fn new(wrong: &Wrong, _: &Context) -> Result<Self> {
        Ok(Self(wrong.clone()))
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        scrape.emit(&INVALID, (), 1);
        if self.0.kind {
            scrape.emit(&INVALID_AGAIN, (), 1);
        } else {
            scrape.emit(&UNDESCRIBED, (), 1);
        }
        Ok(())
    }
}

register!(Invalid);

/// Never stops emitting.
struct Flood;

impl Collector for Flood {
    const NAME: &'static str = "flood";
    const METRICS: &'static [&'static Desc] = &[FLOOD.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        for i in 0_u64.. {
            scrape.emit(&FLOOD, [i], i);
        }
        Ok(())
    }
}

register!(Flood);

/// Claims a metric name that `bulk` has as well.
struct Clash;

impl Collector for Clash {
    const NAME: &'static str = "clash";
    const METRICS: &'static [&'static Desc] = &[CLASH.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        scrape.emit(&CLASH, (), 1);
        Ok(())
    }
}

register!(Clash);
