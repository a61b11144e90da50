//! What the operator decided: which collectors run, and how.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use exporter_config::{Node, Origin, SecretFile};
use exporter_sdk::{Clock, Paths, ScrapeDefaults, Secret, names};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::catalog::{Catalog, CollectorType};
use crate::configuration::LONGEST;

/// Which collectors run, with which configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Runs only what is enabled by name.
    pub disable_defaults: bool,
    /// How collectors are run that say nothing else.
    pub scrape: ScrapeSettings,
    /// How much earlier than its scraper's time-out a page is sent, at most; never more than a tenth of that.
    pub timeout_offset: Duration,
    /// Where the host's file systems are.
    pub paths: Paths,
    /// The clock that collectors read.
    pub clock: Clock,
    /// What was said of single collectors, by name: `json`, or `json@orders` for one of several.
    pub collectors: BTreeMap<String, CollectorSettings>,
    /// Who may read the pages.
    pub web: Arc<WebSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            disable_defaults: false,
            scrape: ScrapeSettings::default(),
            timeout_offset: Duration::from_millis(500),
            paths: Paths::default(),
            clock: Clock::system(),
            collectors: BTreeMap::new(),
            web: Arc::default(),
        }
    }
}

/// What was said of the web side that the shared format of `--web.config.file` has no keys for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WebSettings {
    /// Any of these in an `Authorization: Bearer` header opens every page.
    pub bearer_tokens: Vec<Secret>,
    /// What is answered without authentication.
    pub unauthenticated_paths: Vec<String>,
    /// The files that tokens were read from.
    pub secrets: Vec<SecretFile>,
}

/// What was said of one collector.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CollectorSettings {
    /// Whether it was switched on or off by name.
    pub enabled: Option<bool>,
    /// How it is run, where that differs from the others. `None` for like all others.
    pub scrape: Option<ScrapeSettings>,
    /// Its own keys; `None` for all at their defaults.
    pub config: Option<Node>,
    /// The files that secrets among its keys were read from.
    pub secrets: Vec<SecretFile>,
}

/// How a collector is run.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrapeSettings {
    /// How long a run may take. A request without a time-out of its own waits as long for its page.
    pub timeout: Duration,
    /// How often it runs at most; in between, its last good samples are served. Zero for at every scrape.
    pub min_interval: Duration,
    /// How often it runs in the background, scraped or not; scrapes are then served from its last run, whatever
    /// `min_interval` says. Zero for not in the background.
    pub refresh: Duration,
    /// How many samples a run may have.
    pub sample_limit: Option<u64>,
    /// How many bytes the samples of a run may take in memory.
    pub byte_limit: u64,
    /// What a failure of it does to the page.
    pub failure_policy: FailurePolicy,
    /// What becomes of samples that are one series.
    pub duplicates: DuplicatePolicy,
}

impl Default for ScrapeSettings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            min_interval: Duration::ZERO,
            refresh: Duration::ZERO,
            sample_limit: None,
            byte_limit: 256 * 1024 * 1024,
            failure_policy: FailurePolicy::Partial,
            duplicates: DuplicatePolicy::KeepFirst,
        }
    }
}

impl ScrapeSettings {
    /// These settings, but for what the author of a collector says of it.
    pub(crate) fn with_defaults_of(&self, kind: &CollectorType) -> Self {
        let ScrapeDefaults { timeout, min_interval, refresh } = kind.scrape();
        Self {
            timeout: timeout.unwrap_or(self.timeout),
            min_interval: min_interval.unwrap_or(self.min_interval),
            refresh: refresh.unwrap_or(self.refresh),
            ..self.clone()
        }
    }

    /// Whether the collector's last samples are served to scrapes, instead of those of a run of their own.
    pub(crate) fn serves_last(&self) -> bool {
        !self.min_interval.is_zero() || self.is_background()
    }

    /// Whether the collector runs in the background.
    pub(crate) fn is_background(&self) -> bool {
        !self.refresh.is_zero()
    }

    /// How long the samples of a run are served.
    pub(crate) fn interval(&self) -> Duration {
        if self.is_background() { self.refresh } else { self.min_interval }
    }
}

/// What a collector's failure does to the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailurePolicy {
    /// The page has all other samples.
    #[default]
    Partial,
    /// The scrape is answered with status 500 and the reasons.
    Fail,
}

/// What becomes of samples that are one series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuplicatePolicy {
    /// The first is kept; the others are dropped, counted and logged.
    #[default]
    KeepFirst,
    /// The collector fails.
    Fail,
}

/// One collector that is to run: its name and its type.
pub(crate) struct Enabled<'a> {
    pub(crate) name: &'a str,
    pub(crate) kind: &'a CollectorType,
}

impl Settings {
    /// Whether the collector itself runs, apart from its instances.
    pub fn is_enabled(&self, collector: &CollectorType) -> bool {
        let default = collector.default_enabled() && !self.disable_defaults;
        self.collectors.get(collector.name()).and_then(|c| c.enabled).unwrap_or(default)
    }

    /// What runs, by name: collectors that are enabled, and instances that are not switched off.
    pub(crate) fn enabled<'a>(&'a self, catalog: &'a Catalog) -> Vec<Enabled<'a>> {
        let plain = catalog.iter().filter(|kind| self.is_enabled(kind));
        let plain = plain.map(|kind| Enabled { name: kind.name(), kind });
        let instances = self.collectors.iter().filter_map(|(name, said)| {
            let (base, _) = names::split_instance(name)?;
            let kind = catalog.get(base)?;
            said.enabled.unwrap_or(true).then_some(Enabled { name, kind })
        });
        let mut enabled: Vec<Enabled<'_>> = plain.chain(instances).collect();
        enabled.sort_by_key(|enabled| enabled.name);
        enabled
    }

    /// The keys of a collector.
    pub(crate) fn config(&self, name: &str) -> Node {
        let said = self.collectors.get(name).and_then(|said| said.config.clone());
        said.unwrap_or_else(|| Node::empty(Origin::WholeFile("the default configuration".into())))
    }

    /// How a collector is run that has the name `name`.
    pub(crate) fn scrape_of(&self, name: &str, kind: &CollectorType) -> ScrapeSettings {
        let own = self.collectors.get(name).and_then(|said| said.scrape.clone());
        let mut scrape = own.unwrap_or_else(|| self.scrape.with_defaults_of(kind));
        // Settings need not come from a file, which is held to this.
        for time in [&mut scrape.timeout, &mut scrape.min_interval, &mut scrape.refresh] {
            *time = (*time).min(LONGEST);
        }
        scrape
    }
}
