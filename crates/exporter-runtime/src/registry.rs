//! The collectors in operation, and the scrape that asks them all.

use std::sync::Arc;

use exporter_exposition::Page;
use exporter_sdk::{Family, Origin};

use crate::catalog::Catalog;
use crate::claims::{Claims, Owner};
use crate::evidence::Evidence;
use crate::settings::Settings;
use crate::slot::{Outcome, Slot};
use crate::telemetry::{Telemetry, WebMetrics};

/// Who the exporter is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// What a registry does besides running collectors.
#[derive(Clone, Copy, Debug)]
pub struct RegistryOptions {
    /// Whether pages carry the exporter's own metrics. Success and duration of each collector are on them regardless,
    /// because they are the evidence of how complete the page is.
    pub exporter_metrics: bool,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self { exporter_metrics: true }
    }
}

/// The enabled collectors of an exporter, ready to be scraped.
#[derive(Debug)]
pub struct Registry {
    slots: Vec<Slot>,
    evidence: Evidence,
    telemetry: Telemetry,
    options: RegistryOptions,
}

impl Registry {
    /// Builds every collector that `settings` enable.
    ///
    /// # Errors
    ///
    /// When settings name a collector that is not in the catalog, a collector cannot be built from its configuration, or
    /// two expose one metric name.
    pub fn new(
        catalog: &Catalog,
        settings: &Settings,
        build: &BuildInfo,
        options: RegistryOptions,
    ) -> Result<Self, StartError> {
        if let Some(unknown) = settings.collectors.keys().find(|name| catalog.get(name).is_none()) {
            return Err(StartError::UnknownCollector {
                name: unknown.clone(),
                linked: catalog.names(),
            });
        }
        let slots = settings
            .enabled(catalog)
            .map(|kind| Slot::new(kind, settings.config(kind.name())))
            .collect::<Result<Vec<_>, _>>()?;
        let telemetry = Telemetry::new(build, slots.iter().map(Slot::name))
            .map_err(|error| StartError::Telemetry(error.to_string()))?;
        claim_names(&slots, &telemetry)?;
        let evidence = Evidence::new(options.exporter_metrics);
        Ok(Self { slots, evidence, telemetry, options })
    }

    /// Runs every collector and puts what they found on a page.
    pub fn scrape(&self) -> Page {
        let outcomes: Vec<(&str, Outcome)> =
            self.slots.iter().map(|slot| (slot.name(), slot.run())).collect();
        let mut snapshots = Vec::with_capacity(outcomes.len() + 2);
        for (collector, outcome) in &outcomes {
            match &outcome.result {
                Ok(snapshot) => snapshots.push(Arc::clone(snapshot)),
                Err(failure) => self.telemetry.failed(collector, failure.reason),
            }
        }
        snapshots.push(self.evidence.snapshot(&outcomes));
        if self.options.exporter_metrics {
            match self.telemetry.snapshot() {
                Ok(snapshot) => snapshots.push(snapshot),
                Err(error) => {
                    tracing::error!(%error, "The exporter's own metrics cannot be served");
                }
            }
        }
        Page::new(snapshots)
    }

    /// The names of the collectors that run, in order.
    pub fn collectors(&self) -> impl ExactSizeIterator<Item = &str> {
        self.slots.iter().map(Slot::name)
    }

    /// What each collector described, by collector.
    pub fn families(&self) -> impl Iterator<Item = (&str, &[Family])> {
        self.slots.iter().map(|slot| (slot.name(), slot.families()))
    }

    /// What the web server counts.
    pub fn web_metrics(&self) -> &WebMetrics {
        self.telemetry.web()
    }
}

fn claim_names(slots: &[Slot], telemetry: &Telemetry) -> Result<(), StartError> {
    let own = Origin {
        package: env!("CARGO_PKG_NAME"),
        version: Some(env!("CARGO_PKG_VERSION")),
        file: file!(),
        line: line!(),
    };
    let own = Owner { collector: "exporter".to_owned(), origin: own };
    let mut claims = Claims::default();
    let own_families = Evidence::families();
    let own_claims =
        own_families.iter().chain(telemetry.families()).map(|family| (family, own.clone()));
    let claimed = slots.iter().flat_map(|slot| {
        let owner = Owner { collector: slot.name().to_owned(), origin: *slot.origin() };
        slot.families().iter().map(move |family| (family, owner.clone()))
    });
    for (family, owner) in own_claims.chain(claimed) {
        claims.claim(family, &owner).map_err(|clash| StartError::NameClash {
            name: clash.name,
            first: (clash.first.collector, clash.first.origin),
            second: (clash.second.collector, clash.second.origin),
        })?;
    }
    Ok(())
}

/// Why an exporter does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings name a collector that this binary does not have.
    #[error(
        "no collector `{name}` in this binary; it has: {linked} (collectors are chosen at build time: `cargo build --features NAME`)"
    )]
    UnknownCollector {
        /// The name.
        name: String,
        /// The names that would be right.
        linked: String,
    },
    /// A collector cannot be built from its configuration.
    #[error("collector `{collector}`{key}: {problem}")]
    Config {
        /// The collector.
        collector: String,
        /// The key, as text for the message, or nothing.
        key: String,
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
    /// The exporter's own metrics cannot be set up.
    #[error("the exporter's own metrics: {0}")]
    Telemetry(String),
}
