//! Why an exporter does not start, or does not take a new configuration.

use exporter_config::Problem;
use exporter_sdk::Origin;

use crate::catalog::CatalogError;
use crate::claims::Clash;

/// Why an exporter does not start, or does not take a new configuration.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings name a collector that this binary does not have.
    #[error(
        "no collector `{name}` in this binary; it has: {linked} (collectors are chosen at build time: `cargo build --features NAME`, or `use collector_NAME as _;` in a main.rs of your own)"
    )]
    UnknownCollector {
        /// The name.
        name: String,
        /// The names that would be right.
        linked: String,
    },
    /// The collectors of this binary do not fit together.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The configuration of a collector is wrong.
    #[error(transparent)]
    Config(#[from] Problem),
    /// A collector panicked instead of refusing its configuration.
    #[error(
        "the collector `{collector}` of {origin} panicked in `new`: {message}; that is a defect of the collector, not a mistake in the configuration"
    )]
    Panic {
        /// The name under which it was to run.
        collector: String,
        /// Where it was registered.
        origin: Origin,
        /// What it said, and where.
        message: String,
    },
    /// A collector cannot have instances.
    #[error("collector `{collector}` cannot be one of several: {problem}")]
    Instance {
        /// The instance.
        collector: String,
        /// What is wrong.
        problem: String,
    },
    /// Two collectors expose one name.
    #[error(
        "two collectors expose the metric name `{name}`: `{}` of {} and `{}` of {}; disable one, or rename its metric",
        first.0, first.1, second.0, second.1
    )]
    NameClash {
        /// The exposed name.
        name: String,
        /// The collector that came first, and where it was registered.
        first: (String, Origin),
        /// The other.
        second: (String, Origin),
    },
    /// Instances of one collector describe one metric differently.
    #[error(
        "`{first}` and `{second}` expose the metric `{name}` with another kind or other labels; instances of one collector share their metrics"
    )]
    InstancesDiffer {
        /// The metric.
        name: String,
        /// One instance.
        first: String,
        /// The other.
        second: String,
    },
    /// The exporter's own metrics cannot be set up.
    #[error("the exporter's own metrics: {0}")]
    Telemetry(String),
    /// The runtime of asynchronous collectors cannot be started.
    #[error("the runtime of asynchronous collectors cannot be started: {0}")]
    Reactor(String),
}

impl From<Clash> for StartError {
    fn from(clash: Clash) -> Self {
        let Clash { name, first, second, differ } = clash;
        if differ {
            return Self::InstancesDiffer {
                name,
                first: first.collector,
                second: second.collector,
            };
        }
        let (first, second) = ((first.collector, first.origin), (second.collector, second.origin));
        Self::NameClash { name, first, second }
    }
}
