//! Collectors that take what they should not: time, threads, processors. None runs unless it is asked for.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use exporter_sdk::{
    AsyncCollector, Collector, Context, Desc, Error, Gauge, NoConfig, Result, Scrape, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static HANGS: Gauge = Gauge::new("lab_hang_runs", "Runs of a collector that came back.");
static HANGS_ASYNC: Gauge =
    Gauge::new("lab_hang_async_runs", "Runs of an asynchronous collector that came back.");
static SLOW: Gauge = Gauge::new("lab_slow_runs", "Runs since the collector was built.");
static SLOW_ASYNC: Gauge = Gauge::new("lab_slow_async_runs", "Runs since the collector was built.");
static PANICS: Gauge = Gauge::new("lab_panic_runs", "Runs since the collector was built.");
static UNSET: Gauge = Gauge::new("lab_unavailable", "Of a source that does not exist.");
static SLOW_PARTS: Gauge<1> =
    Gauge::new("lab_slow_part", "Parts that answered in time.").labels(&["part"]);
static PARTS: Gauge<1> = Gauge::new("lab_part", "Parts that answered.").labels(&["part"]);

/// How long something hangs: until a file is there, or for ever.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Until {
    /// The file whose appearance ends it; for ever without one.
    until: Option<String>,
}

impl Until {
    fn wait(&self) {
        let Some(file) = &self.until else {
            loop {
                thread::park();
            }
        };
        while !Path::new(file).exists() {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Hangs.
struct Hangs {
    until: Until,
    runs: u32,
}

impl Collector for Hangs {
    const NAME: &'static str = "hang";
    const METRICS: &'static [&'static Desc] = &[HANGS.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = Until;

    fn new(until: &Until, _: &Context) -> Result<Self> {
        Ok(Self { until: until.clone(), runs: 0 })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        self.until.wait();
        self.runs += 1;
        scrape.emit(&HANGS, (), self.runs);
        Ok(())
    }
}

register!(Hangs);

/// Blocks its thread where it should await.
struct HangsAsync(Until);

impl AsyncCollector for HangsAsync {
    const NAME: &'static str = "hang_async";
    const METRICS: &'static [&'static Desc] = &[HANGS_ASYNC.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = Until;

    fn new(until: &Until, _: &Context) -> Result<Self> {
        Ok(Self(until.clone()))
    }

    async fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result {
        self.0.wait();
        scrape.emit(&HANGS_ASYNC, (), 1);
        Ok(())
    }
}

register!(HangsAsync);

/// How slow something is.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Slowness {
    /// How many milliseconds a run takes.
    delay: u64,
    /// A file with which runs take no time.
    unless: Option<String>,
    /// A file that gets a line at the start of every run.
    journal: Option<String>,
}

impl Slowness {
    fn time(&self) -> Duration {
        if self.unless.as_ref().is_some_and(|file| Path::new(file).exists()) {
            return Duration::ZERO;
        }
        Duration::from_millis(self.delay)
    }

    fn note(&self, event: &str) -> Result {
        use std::io::Write as _;
        if let Some(journal) = &self.journal {
            let mut file = fs::OpenOptions::new().create(true).append(true).open(journal)?;
            writeln!(file, "{event}")?;
        }
        Ok(())
    }
}

/// Takes its time.
struct Slow {
    delay: Slowness,
    runs: u32,
}

impl Collector for Slow {
    const NAME: &'static str = "slow";
    const METRICS: &'static [&'static Desc] = &[SLOW.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = Slowness;

    fn new(delay: &Slowness, _: &Context) -> Result<Self> {
        Ok(Self { delay: delay.clone(), runs: 0 })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        self.delay.note("run")?;
        thread::sleep(self.delay.time());
        self.runs += 1;
        scrape.emit(&SLOW, (), self.runs);
        Ok(())
    }
}

register!(Slow);

/// Takes its time without keeping a thread, and notes when it is dropped.
struct SlowAsync {
    delay: Slowness,
    runs: u32,
}

impl AsyncCollector for SlowAsync {
    const NAME: &'static str = "slow_async";
    const METRICS: &'static [&'static Desc] = &[SLOW_ASYNC.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = Slowness;

    fn new(delay: &Slowness, _: &Context) -> Result<Self> {
        Ok(Self { delay: delay.clone(), runs: 0 })
    }

    async fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result {
        self.delay.note("run")?;
        tokio::time::sleep(self.delay.time()).await;
        self.runs += 1;
        scrape.emit(&SLOW_ASYNC, (), self.runs);
        Ok(())
    }
}

impl Drop for SlowAsync {
    fn drop(&mut self) {
        // Where the journal cannot be written, the test that reads it fails.
        let _ = self.delay.note("drop");
    }
}

register!(SlowAsync);

/// When something panics.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct When {
    /// At which run, counted from when the collector was built.
    run: u32,
    /// Whether it panics when it is dropped as well.
    drop: bool,
    /// Whether it panics when it is built.
    new: bool,
}

impl Default for When {
    fn default() -> Self {
        Self { run: 2, drop: false, new: false }
    }
}

/// Panics at every n-th run, counted from when it was built.
struct Panics {
    when: When,
    runs: u32,
}

impl Collector for Panics {
    const NAME: &'static str = "panic";
    const METRICS: &'static [&'static Desc] = &[PANICS.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = When;

    fn new(when: &When, _: &Context) -> Result<Self> {
        assert!(!when.new, "the lab panics when it is built");
        Ok(Self { when: when.clone(), runs: 0 })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        self.runs += 1;
        scrape.emit(&PANICS, (), self.runs);
        assert!(self.runs < self.when.run, "the lab panics on purpose");
        Ok(())
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        assert!(!self.when.drop, "the lab panics when it is dropped");
    }
}

register!(Panics);

/// Keeps a processor busy without an end, but for one that tests can wait for.
struct Spin;

impl Collector for Spin {
    const NAME: &'static str = "spin";
    const DEFAULT_ENABLED: bool = false;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, _: &mut Scrape) -> Result {
        let end = Instant::now() + Duration::from_mins(10);
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        Ok(())
    }
}

register!(Spin);

/// Reads parts of which one hangs.
struct Parts(Until);

impl Collector for Parts {
    const NAME: &'static str = "parts";
    const METRICS: &'static [&'static Desc] = &[PARTS.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = Until;

    fn new(until: &Until, _: &Context) -> Result<Self> {
        Ok(Self(until.clone()))
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        for part in ["one", "hanging", "two", "panicking"] {
            let until = self.0.clone();
            let work = move || match part {
                "hanging" => until.wait(),
                "panicking" => panic!("a part of the lab panics"),
                _ => {}
            };
            match scrape.isolate(part, Duration::from_millis(100), work) {
                Ok(()) => scrape.emit(&PARTS, [part], 1),
                Err(error) => tracing::warn!(%error, "A part of the lab is missing"),
            }
        }
        Ok(())
    }
}

register!(Parts);

/// The keys of `slow_parts`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct SlowPart {
    /// How many milliseconds the second of its two parts takes.
    delay: u64,
    /// A file with which no part takes time.
    unless: Option<String>,
    /// Whether the parts run at the same time.
    together: bool,
}

/// Reads parts that may take longer than the run.
struct SlowParts(SlowPart);

impl Collector for SlowParts {
    const NAME: &'static str = "slow_parts";
    const METRICS: &'static [&'static Desc] = &[SLOW_PARTS.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = SlowPart;

    fn new(config: &SlowPart, _: &Context) -> Result<Self> {
        Ok(Self(config.clone()))
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let SlowPart { delay, unless, together } = self.0.clone();
        let slow = Slowness { delay, unless, journal: None };
        let parts = [("quick", Slowness::default()), ("slow", slow)];
        let names = parts.clone().map(|(name, _)| name);
        let works =
            parts.map(|(name, delay)| (name.to_owned(), move || thread::sleep(delay.time())));
        let timeout = Duration::from_mins(1);
        let results = if together {
            scrape.isolate_all(timeout, works)
        } else {
            works.map(|(name, work)| scrape.isolate(&name, timeout, work)).into()
        };
        for (name, result) in names.into_iter().zip(results) {
            match result {
                Ok(()) => scrape.emit(&SLOW_PARTS, [name], 1),
                Err(error) => scrape.omit(name, error),
            }
        }
        Ok(())
    }
}

register!(SlowParts);

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
