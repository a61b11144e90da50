//! What the operator decided: which collectors run, and how.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::catalog::{Catalog, CollectorType};

/// Which collectors run, with which configuration.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Runs only what is enabled by name.
    pub disable_defaults: bool,
    /// What was said of single collectors, by name.
    pub collectors: BTreeMap<String, CollectorSettings>,
}

/// What was said of one collector.
#[derive(Clone, Debug, Default)]
pub struct CollectorSettings {
    /// Whether it was switched on or off by name.
    pub enabled: Option<bool>,
    /// Its own keys.
    pub config: Map<String, Value>,
}

impl Settings {
    /// Whether `collector` runs.
    pub fn is_enabled(&self, collector: &CollectorType) -> bool {
        let default = collector.default_enabled() && !self.disable_defaults;
        self.collectors.get(collector.name()).and_then(|c| c.enabled).unwrap_or(default)
    }

    /// The collectors that run, by name.
    pub fn enabled<'a>(&self, catalog: &'a Catalog) -> impl Iterator<Item = &'a CollectorType> {
        catalog.iter().filter(|collector| self.is_enabled(collector))
    }

    /// The keys of a collector.
    pub fn config(&self, collector: &str) -> Value {
        Value::Object(self.collectors.get(collector).map(|c| c.config.clone()).unwrap_or_default())
    }
}
