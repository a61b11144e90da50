//! The trait that authors implement.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::desc::Desc;
use crate::error::Result;
use crate::family::Family;
use crate::metric::Gauge;
use crate::schedule::ScrapeDefaults;
use crate::scrape::Scrape;

/// A source of samples: described once, asked at every scrape.
///
/// It takes `&mut self` because a collector never runs concurrently with itself: authors need no locks. The thread may
/// differ from run to run. After a panic, a collector is dropped and built anew.
pub trait Collector: Send + Sized + 'static {
    /// The name in flags, configuration and the `collector` label: `[a-z][a-z0-9_]*`.
    const NAME: &'static str;

    /// Every static metric that [`collect`](Self::collect) may emit. A sample of any other fails the run.
    const METRICS: &'static [&'static Desc] = &[];

    /// Whether the collector runs when nobody mentions it. A collector that needs configuration sets it to false.
    const DEFAULT_ENABLED: bool = true;

    /// Whether runs may emit families that [`describe`](Self::describe) did not name, for sources whose families are
    /// known only once they were read. Those are then checked at every scrape instead of once at the start: one that has a
    /// name of another collector's costs the run, unless it is left out, see [`Scrape::owner_of`].
    const UNCHECKED: bool = false;

    /// Where the collector stands in for one of another exporter, the prefix under which that one tells how its collectors
    /// fare: with `Some("node")`, `node_scrape_collector_success` and `node_scrape_collector_duration_seconds` are on the
    /// page as well, for the panels and alerts that ask for them.
    const NAMESPACE: Option<&'static str> = None;

    /// The metric that says whether the source is up: 1 on the page of a run that succeeds, 0 where the run fails, whatever
    /// the reason. The exporter emits it; it is in [`METRICS`](Self::METRICS) like all others. Where this machine does not
    /// have the source ([`Error::unavailable`](crate::Error::unavailable)), it is absent.
    ///
    /// ```
    /// # use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Result, Scrape};
    /// static NGINX_UP: Gauge = Gauge::new("nginx_up", "1 if nginx answered, 0 if not.");
    /// # struct Nginx;
    /// # impl Collector for Nginx {
    /// #     const NAME: &'static str = "nginx";
    /// const METRICS: &'static [&'static Desc] = &[NGINX_UP.desc()];
    /// const UP: Option<&'static Gauge> = Some(&NGINX_UP);
    /// #     type Config = NoConfig;
    /// #     fn new(_: &NoConfig, _: &Context) -> Result<Self> { Ok(Self) }
    /// #     fn collect(&mut self, _: &mut Scrape) -> Result { Ok(()) }
    /// # }
    /// ```
    const UP: Option<&'static Gauge> = None;

    /// How the collector is run where the operator says nothing of it: the time-out of a run, how often it runs at most,
    /// whether it runs in the background.
    const SCRAPE: ScrapeDefaults = ScrapeDefaults::new();

    /// The keys of the collector in configuration file and flags; [`NoConfig`] where there are none.
    ///
    /// From this one type come the allowed keys, a flag for each, their documentation (doc comments), their defaults
    /// (`Default`) and their schema. Give it `#[serde(default, deny_unknown_fields)]`.
    type Config: DeserializeOwned + Serialize + Default + JsonSchema;

    /// Makes the collector. It does no I/O: connecting belongs to [`collect`](Self::collect).
    ///
    /// # Errors
    ///
    /// An error here is a mistake in the configuration: the exporter does not start.
    fn new(config: &Self::Config, context: &Context) -> Result<Self>;

    /// The families that [`collect`](Self::collect) may emit, asked once after [`new`](Self::new). Overridden by
    /// collectors that build families from configuration.
    fn describe(&self) -> Vec<Family> {
        Self::METRICS.iter().map(|&desc| Family::from(desc)).collect()
    }

    /// Reads the source and emits its samples. It may block.
    ///
    /// # Errors
    ///
    /// Any error means that none of this run's samples are exposed; all other collectors are unaffected.
    fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result;
}

/// A source of samples behind a network: like [`Collector`], but its `collect` is asynchronous.
///
/// ```
/// use exporter_sdk::{AsyncCollector, Context, Desc, Gauge, NoConfig, Result, Scrape, register};
///
/// static ANSWER: Gauge = Gauge::new("answer", "What the source answered.");
///
/// struct Answer;
///
/// impl AsyncCollector for Answer {
///     const NAME: &'static str = "answer";
///     const METRICS: &'static [&'static Desc] = &[ANSWER.desc()];
///     type Config = NoConfig;
///
///     fn new(_: &NoConfig, _: &Context) -> Result<Self> {
///         Ok(Self)
///     }
///
///     async fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result {
///         let answer = async { 42 }.await;
///         scrape.emit(&ANSWER, (), answer);
///         Ok(())
///     }
/// }
///
/// register!(Answer);
/// ```
///
/// It runs within a tokio runtime of the exporter's own, with its timers and sockets. A run that exceeds its time-out is
/// dropped where it waits, and the collector with it, unless [`KEEP_AFTER_TIMEOUT`](Self::KEEP_AFTER_TIMEOUT) says
/// otherwise; it is built anew for the next one. A future that blocks its thread
/// cannot be dropped; it counts as hung, like a blocking collector, and harms no other.
pub trait AsyncCollector: Send + Sized + 'static {
    /// See [`Collector::NAME`].
    const NAME: &'static str;

    /// See [`Collector::METRICS`].
    const METRICS: &'static [&'static Desc] = &[];

    /// See [`Collector::DEFAULT_ENABLED`].
    const DEFAULT_ENABLED: bool = true;

    /// See [`Collector::UNCHECKED`].
    const UNCHECKED: bool = false;

    /// See [`Collector::NAMESPACE`].
    const NAMESPACE: Option<&'static str> = None;

    /// See [`Collector::UP`].
    const UP: Option<&'static Gauge> = None;

    /// See [`Collector::SCRAPE`].
    const SCRAPE: ScrapeDefaults = ScrapeDefaults::new();

    /// Whether the collector survives a run that exceeds its time-out. The future of that run is dropped where it waits;
    /// with true, the next run finds the collector as the future left it, with its connections and counts. With false,
    /// it is built anew.
    const KEEP_AFTER_TIMEOUT: bool = false;

    /// See [`Collector::Config`].
    type Config: DeserializeOwned + Serialize + Default + JsonSchema;

    /// See [`Collector::new`].
    ///
    /// # Errors
    ///
    /// An error here is a mistake in the configuration: the exporter does not start.
    fn new(config: &Self::Config, context: &Context) -> Result<Self>;

    /// See [`Collector::describe`].
    fn describe(&self) -> Vec<Family> {
        Self::METRICS.iter().map(|&desc| Family::from(desc)).collect()
    }

    /// Reads the source and emits its samples. Write it as `async fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result`.
    ///
    /// # Errors
    ///
    /// Any error means that none of this run's samples are exposed; all other collectors are unaffected.
    fn collect(&mut self, scrape: &mut Scrape<'_>) -> impl Future<Output = Result> + Send;
}

/// The configuration of a collector that has none.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// Where the host's file systems are. Another place than the usual one where the exporter runs in a container and sees the
/// host's mounted somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Paths {
    /// The mount point of procfs.
    pub procfs: PathBuf,
    /// The mount point of sysfs.
    pub sysfs: PathBuf,
    /// The mount point of the root file system.
    pub rootfs: PathBuf,
    /// The folder of udev's database.
    pub udev_data: PathBuf,
}

impl Default for Paths {
    fn default() -> Self {
        Self {
            procfs: "/proc".into(),
            sysfs: "/sys".into(),
            rootfs: "/".into(),
            udev_data: "/run/udev/data".into(),
        }
    }
}

/// What a collector learns of its surroundings when it is made.
#[derive(Clone, Debug)]
pub struct Context {
    name: String,
    paths: Paths,
    clock: Clock,
}

impl Context {
    /// The surroundings of the collector of this name: `orders`, or `orders@north` for one of several.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), paths: Paths::default(), clock: Clock::system() }
    }

    /// With the host's file systems elsewhere.
    pub fn with_paths(mut self, paths: Paths) -> Self {
        self.paths = paths;
        self
    }

    /// With another clock than that of the system.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The name under which the collector runs, as in the `collector` label.
    pub fn collector(&self) -> &str {
        &self.name
    }

    /// What stands behind the `@` of the name, where there are several of the collector.
    pub fn instance(&self) -> Option<&str> {
        self.name.split_once('@').map(|(_, instance)| instance)
    }

    /// Where the host's file systems are.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }

    /// The clock, for code that computes with time outside a run.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}
