//! Several collectors in one package, each with a folder of its own for its sample configuration and its cases.

use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use exporter_sdk::{
    At as _, Collector, Context, Counter, Desc, Error, Gauge, Result, Scrape, register,
};
use exporter_testkit::{Probe, Tree};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static JOBS: Gauge<1> = Gauge::new("spool_jobs", "Jobs that wait.").labels(&["queue"]);
static AGE: Gauge =
    Gauge::new("spool_oldest_job_age_seconds", "How long the oldest job has waited.");
static RUNS: Counter = Counter::new("queue_runs_total", "Runs of the queue.");

/// The keys of the spool.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct SpoolConfig {
    /// The file with the jobs, below the root of the host.
    file: String,
}

impl Default for SpoolConfig {
    fn default() -> Self {
        Self { file: "var/spool/jobs".to_owned() }
    }
}

/// Reads lines of a queue, how many jobs it has, and since when the oldest of them waits.
struct Spool(PathBuf);

impl Collector for Spool {
    const NAME: &'static str = "spool";
    const METRICS: &'static [&'static Desc] = &[JOBS.desc(), AGE.desc()];
    type Config = SpoolConfig;

    fn new(config: &SpoolConfig, context: &Context) -> Result<Self> {
        if config.file.is_empty() {
            return Err("file: it is empty; name the file with the jobs".into());
        }
        Ok(Self(context.paths().rootfs.join(&config.file)))
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        if !self.0.exists() {
            return Err(Error::unavailable(format!("no spool: {}", self.0.display())));
        }
        let text = std::fs::read_to_string(&self.0).at(self.0.display())?;
        let mut oldest = scrape.now();
        for (number, line) in text.lines().enumerate() {
            let parsed = line.split_once(' ').and_then(|(name, rest)| {
                let (jobs, since) = rest.split_once(' ')?;
                Some((name, jobs.parse::<u32>().ok()?, since.parse().ok()?))
            });
            let Some((queue, jobs, since)) = parsed else {
                let place = format!("{}:{}", self.0.display(), number + 1);
                scrape.omit(place, "expected `QUEUE JOBS SECONDS`");
                continue;
            };
            scrape.emit(&JOBS, [queue], jobs);
            oldest = oldest.min(UNIX_EPOCH + Duration::from_secs(since));
        }
        scrape.emit(&AGE, (), scrape.now().duration_since(oldest)?);
        Ok(())
    }
}

register!(Spool);

mod spool {
    use super::*;

    exporter_testkit::conformance!(Spool, folder: "tests/several/spool");
}

/// Counts its own runs.
struct Queue(u32);

impl Collector for Queue {
    const NAME: &'static str = "queue";
    const METRICS: &'static [&'static Desc] = &[RUNS.desc()];
    type Config = exporter_sdk::NoConfig;

    fn new(_: &Self::Config, _: &Context) -> Result<Self> {
        Ok(Self(0))
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        self.0 += 1;
        scrape.emit(&RUNS, (), self.0);
        Ok(())
    }
}

register!(Queue);

mod queue {
    use super::*;

    exporter_testkit::conformance!(Queue, folder: "tests/several/queue", volatile: []);
}

#[test]
fn a_refusal_is_told_without_the_place_unless_the_place_is_asked_for() {
    let probe = || Probe::of::<Spool, _>().config("file: ''").tree(&Tree::new());
    assert_eq!(probe().refused(), "file: it is empty; name the file with the jobs");
    assert_eq!(
        probe().refused_at(),
        "configuration:3:5: collectors.spool: file: it is empty; name the file with the jobs"
    );
}
