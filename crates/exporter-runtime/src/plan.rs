//! What a collector is built from.

use exporter_config::{Node, read_with};
use exporter_sdk::{AnyCollector, Clock, Context, Paths};

use crate::catalog::CollectorType;
use crate::configuration::collector_path;
use crate::error::StartError;

/// All that a collector is built from. Where it is the same after a reload, the collector keeps its state.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: String,
    pub(crate) config: Node,
    pub(crate) paths: Paths,
    pub(crate) clock: Clock,
}

impl Plan {
    /// Whether both mean the same, wherever it was written. The text of secret files is in it by now.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.config.to_json() == other.config.to_json()
            && (&self.name, &self.paths) == (&other.name, &other.paths)
    }

    /// Builds the collector.
    pub(crate) fn build(&self, kind: &CollectorType) -> Result<AnyCollector, StartError> {
        let context = Context::new(&self.name).with_paths(self.paths.clone());
        let context = context.with_clock(self.clock.clone());
        let path = collector_path(&self.name);
        Ok(read_with(&self.config, &path, |config| kind.build(config, &context))?)
    }
}
