//! What is decided of a collector that is to run.

use std::time::Instant;

use exporter_config::{Node, read_with};
use exporter_sdk::{AnyCollector, Clock, Context, Paths, RunOptions};

use crate::catalog::CollectorType;
use crate::configuration::collector_path;
use crate::error::StartError;
use crate::settings::ScrapeSettings;

/// All that decides what a collector does. Where it is the same after a reload, so is the slot.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) config: Node,
    pub(crate) paths: Paths,
    pub(crate) clock: Clock,
    pub(crate) scrape: ScrapeSettings,
}

impl Plan {
    /// Whether both mean the same, wherever it was written. The text of secret files is in it by now.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.config.to_json() == other.config.to_json()
            && (&self.name, &self.paths, &self.scrape) == (&other.name, &other.paths, &other.scrape)
    }

    /// The bounds of a run whose time-out ends at `deadline`.
    pub(crate) fn bounds(&self, deadline: Instant) -> RunOptions {
        RunOptions {
            sample_limit: self.scrape.sample_limit,
            byte_limit: Some(self.scrape.byte_limit),
            deadline: Some(deadline),
            clock: self.clock.clone(),
            ..RunOptions::default()
        }
    }

    /// Builds the collector.
    pub(crate) fn build(&self, kind: &CollectorType) -> Result<AnyCollector, StartError> {
        let context = Context::new(&self.name).with_paths(self.paths.clone());
        let context = context.with_clock(self.clock.clone());
        let path = collector_path(&self.name);
        Ok(read_with(&self.config, &path, |config| kind.build(config, &context))?)
    }
}
