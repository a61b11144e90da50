//! The trait that authors implement.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::desc::Desc;
use crate::error::Result;
use crate::family::Family;
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
    /// known only once they were read. Those are then checked at every scrape instead of once at the start.
    const UNCHECKED: bool = false;

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

/// The configuration of a collector that has none.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}

/// What a collector learns of its surroundings when it is made.
#[derive(Clone)]
pub struct Context {
    collector: String,
}

impl Context {
    /// The surroundings of the collector of this name.
    pub fn new(collector: impl Into<String>) -> Self {
        Self { collector: collector.into() }
    }

    /// The name under which the collector runs, as in the `collector` label.
    pub fn collector(&self) -> &str {
        &self.collector
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("collector", &self.collector).finish()
    }
}
