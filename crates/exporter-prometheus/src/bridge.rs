//! What the `prometheus` crate calls a registry or a collector, as something that runs for a scrape of ours.

use std::fmt;

use exporter_sdk::{Family, Result, Run, Scrape};
use prometheus::Registry;
use prometheus::core::Collector;

use crate::emit::{self, Emitter};

/// Serves a `prometheus::Registry` through a scrape.
#[derive(Debug)]
pub struct RegistryBridge {
    registry: Registry,
    emitter: Emitter,
}

impl RegistryBridge {
    /// A bridge from `registry`.
    pub fn new(registry: Registry) -> Self {
        Self { registry, emitter: Emitter::default() }
    }

    /// A bridge from the registry that the crate's own macros register with.
    pub fn default_registry() -> Self {
        Self::new(prometheus::default_registry().clone())
    }

    /// Emits everything that the registry gathers. The collector that calls this is
    /// [unchecked](exporter_sdk::Collector::UNCHECKED), unless it described the families.
    ///
    /// # Errors
    ///
    /// When a family cannot be exposed. No sample of the run is exposed then.
    pub fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result {
        self.emitter.emit(&self.registry.gather(), scrape)
    }

    /// The families that have metrics in the registry now.
    ///
    /// # Errors
    ///
    /// When one has a name that is not legal.
    pub fn families(&self) -> Result<Vec<Family>> {
        self.registry.gather().iter().map(emit::family).collect()
    }
}

/// Serves a single collector of the `prometheus` crate through a scrape.
pub struct CollectorBridge<C> {
    collector: C,
    emitter: Emitter,
}

impl<C: Collector> CollectorBridge<C> {
    /// A bridge from `collector`, which need not be registered anywhere.
    pub fn new(collector: C) -> Self {
        Self { collector, emitter: Emitter::default() }
    }

    /// Emits everything that the collector has. The collector of ours that calls this is
    /// [unchecked](exporter_sdk::Collector::UNCHECKED), unless it described the families.
    ///
    /// # Errors
    ///
    /// When a family cannot be exposed. No sample of the run is exposed then.
    pub fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result {
        self.emitter.emit(&self.collector.collect(), scrape)
    }
}

impl<C> fmt::Debug for CollectorBridge<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectorBridge").finish_non_exhaustive()
    }
}

/// Describes nothing, because a registry can be added to at any time.
impl Run for RegistryBridge {
    fn describe(&self) -> Vec<Family> {
        Vec::new()
    }

    fn run(&mut self, scrape: &mut Scrape<'_>) -> Result {
        self.collect(scrape)
    }
}

/// Describes nothing, because the descriptors of that crate lack the kind, and a kind that was guessed would be wrong.
impl<C: Collector + 'static> Run for CollectorBridge<C> {
    fn describe(&self) -> Vec<Family> {
        Vec::new()
    }

    fn run(&mut self, scrape: &mut Scrape<'_>) -> Result {
        self.collect(scrape)
    }
}
