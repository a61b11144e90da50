//! Collectors of a service that can be down or slow, with defaults of their own for how they are run.

use std::path::Path;
use std::time::Duration;

use exporter_sdk::{
    AsyncCollector, Collector, Context, Desc, Gauge, Result, Scrape, ScrapeDefaults, register,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static UP: Gauge = Gauge::new("lab_service_up", "1 if the service answered, 0 if not.");
static RUNS: Gauge = Gauge::new("lab_service_runs", "Runs since the collector was built.");
static ATTEMPTS: Gauge = Gauge::new(
    "lab_session_attempts",
    "Runs since the collector was built, with those that ended late.",
);

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The service is down while this file exists.
    down: String,
}

impl Config {
    fn is_down(&self) -> bool {
        Path::new(&self.down).exists()
    }
}

/// Fails while the service is down.
struct Service {
    config: Config,
    runs: u32,
}

impl Collector for Service {
    const NAME: &'static str = "service";
    const METRICS: &'static [&'static Desc] = &[UP.desc(), RUNS.desc()];
    const DEFAULT_ENABLED: bool = false;
    const UP: Option<&'static Gauge> = Some(&UP);
    type Config = Config;

    fn new(config: &Config, _: &Context) -> Result<Self> {
        Ok(Self { config: config.clone(), runs: 0 })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        self.runs += 1;
        if self.config.is_down() {
            return Err("the service does not answer".into());
        }
        scrape.emit(&RUNS, (), self.runs);
        Ok(())
    }
}

register!(Service);

/// Hangs while the service is down, and keeps its state all the same.
struct Session {
    config: Config,
    attempts: u32,
}

impl AsyncCollector for Session {
    const NAME: &'static str = "session";
    const METRICS: &'static [&'static Desc] = &[ATTEMPTS.desc()];
    const DEFAULT_ENABLED: bool = false;
    const KEEP_AFTER_TIMEOUT: bool = true;
    const SCRAPE: ScrapeDefaults = ScrapeDefaults::new().timeout(Duration::from_millis(300));
    type Config = Config;

    fn new(config: &Config, _: &Context) -> Result<Self> {
        Ok(Self { config: config.clone(), attempts: 0 })
    }

    async fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result {
        self.attempts += 1;
        if self.config.is_down() {
            std::future::pending::<()>().await;
        }
        scrape.emit(&ATTEMPTS, (), self.attempts);
        Ok(())
    }
}

register!(Session);
