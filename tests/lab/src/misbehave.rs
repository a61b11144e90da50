//! Collectors that do what no collector should. None runs unless it is asked for.

use exporter_sdk::{Collector, Context, Desc, Error, Gauge, NoConfig, Result, Scrape, register};

static BEFORE: Gauge<1> =
    Gauge::new("lab_before", "Emitted before it goes wrong.").labels(&["collector"]);
static CLASH: Gauge = Gauge::new("my_gauge", "A name that `bulk` exposes too.");
static PANICS: Gauge = Gauge::new("lab_panic_runs", "Runs since the collector was built.");
static UNDESCRIBED: Gauge = Gauge::new("lab_undescribed", "In nobody's METRICS.");
static UNSET: Gauge = Gauge::new("lab_unavailable", "Of a source that does not exist.");

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

/// Panics at every second run, counted from when it was built.
struct Panics {
    runs: u32,
}

impl Collector for Panics {
    const NAME: &'static str = "panic";
    const METRICS: &'static [&'static Desc] = &[PANICS.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self { runs: 0 })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        self.runs += 1;
        scrape.emit(&PANICS, (), self.runs);
        assert!(self.runs < 2, "the lab panics on purpose");
        Ok(())
    }
}

register!(Panics);

/// Emits a sample of a metric that it did not describe.
struct Invalid;

impl Collector for Invalid {
    const NAME: &'static str = "invalid";
    const DEFAULT_ENABLED: bool = false;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        scrape.emit(&UNDESCRIBED, (), 1);
        Ok(())
    }
}

register!(Invalid);

/// Has no source on this machine.
struct Unavailable;

impl Collector for Unavailable {
    const NAME: &'static str = "unavailable";
    const METRICS: &'static [&'static Desc] = &[UNSET.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, _: &mut Scrape) -> Result {
        Err(Error::unavailable("no such hardware in the lab"))
    }
}

register!(Unavailable);

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
