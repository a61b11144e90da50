//! The collectors that this binary has, whether they run or not.

use std::fmt;
use std::sync::Arc;

use exporter_sdk::{
    AnyCollector, BuildError, Context, Effective, Family, Gauge, NoConfig, Origin, Registration,
    ScrapeDefaults, names,
};
use schemars::{Schema, schema_for};

type Factory = dyn Fn(&mut dyn erased_serde::Deserializer<'_>, &Context) -> Result<AnyCollector, BuildError>
    + Send
    + Sync;

/// One collector as it was registered: what is known before it is configured.
#[derive(Clone)]
pub struct CollectorType {
    name: String,
    metrics: Vec<Family>,
    default_enabled: bool,
    unchecked: bool,
    namespace: Option<&'static str>,
    up: Option<&'static Gauge>,
    scrape: ScrapeDefaults,
    origin: Origin,
    schema: fn() -> Schema,
    effective: Effective,
    factory: Arc<Factory>,
}

impl CollectorType {
    /// A collector without keys that was given as a function instead of a type: `factory` makes what runs it, and again
    /// after a panic.
    pub fn from_factory(
        name: &str,
        metrics: Vec<Family>,
        origin: Origin,
        factory: impl Fn(
            &mut dyn erased_serde::Deserializer<'_>,
            &Context,
        ) -> Result<AnyCollector, BuildError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            metrics,
            default_enabled: true,
            unchecked: false,
            namespace: None,
            up: None,
            scrape: ScrapeDefaults::new(),
            origin,
            schema: || schema_for!(NoConfig),
            effective: |config| {
                let config: NoConfig = erased_serde::deserialize(config)?;
                Ok(Box::new(config))
            },
            factory: Arc::new(factory),
        }
    }

    /// The name in flags, configuration and the `collector` label.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The families that are known without configuration.
    pub fn metrics(&self) -> &[Family] {
        &self.metrics
    }

    /// Whether it runs when nobody mentions it.
    pub fn default_enabled(&self) -> bool {
        self.default_enabled
    }

    /// Whether its runs may emit families that it did not describe.
    pub fn unchecked(&self) -> bool {
        self.unchecked
    }

    /// The exporter that it stands in for, as a prefix of metric names.
    pub fn namespace(&self) -> Option<&'static str> {
        self.namespace
    }

    /// The metric that says whether its source is up.
    pub(crate) fn up(&self) -> Option<&'static Gauge> {
        self.up
    }

    /// How its author wants it to be run.
    pub(crate) fn scrape(&self) -> ScrapeDefaults {
        self.scrape
    }

    /// Where it was registered.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The JSON Schema of its configuration.
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }

    /// Its configuration with every default filled in.
    ///
    /// # Errors
    ///
    /// When the configuration does not have the right form.
    pub fn effective(
        &self,
        config: &mut dyn erased_serde::Deserializer<'_>,
    ) -> Result<serde_json::Value, String> {
        let effective = (self.effective)(config).map_err(|error| error.to_string())?;
        serde_json::to_value(effective).map_err(|error| error.to_string())
    }

    /// Builds it from its configuration.
    ///
    /// # Errors
    ///
    /// When the configuration does not have the right form, or the collector refuses it.
    pub fn build(
        &self,
        config: &mut dyn erased_serde::Deserializer<'_>,
        context: &Context,
    ) -> Result<AnyCollector, BuildError> {
        (self.factory)(config, context)
    }
}

impl From<&Registration> for CollectorType {
    fn from(registration: &Registration) -> Self {
        Self {
            default_enabled: registration.default_enabled,
            unchecked: registration.unchecked,
            namespace: registration.namespace,
            up: registration.up,
            scrape: registration.scrape,
            schema: registration.schema,
            effective: registration.effective,
            ..Self::from_factory(
                registration.name,
                registration.metrics.iter().map(|&desc| Family::from(desc)).collect(),
                registration.origin,
                registration.build,
            )
        }
    }
}

impl fmt::Debug for CollectorType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CollectorType")
            .field("name", &self.name)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Every collector of this binary, by name.
#[derive(Clone, Debug)]
pub struct Catalog {
    types: Vec<CollectorType>,
}

impl Catalog {
    /// The collectors that registered themselves in this binary, and `explicit` ones besides.
    ///
    /// # Errors
    ///
    /// When two have one name, or a name is not legal.
    pub fn linked(explicit: Vec<CollectorType>) -> Result<Self, CatalogError> {
        let mut types = explicit;
        types.extend(Registration::linked().map(CollectorType::from));
        Self::new(types)
    }

    /// The given collectors.
    ///
    /// # Errors
    ///
    /// When two have one name, or a name is not legal.
    pub fn new(mut types: Vec<CollectorType>) -> Result<Self, CatalogError> {
        // The order of registration is the linker's. Nothing that can be seen may depend on it.
        types.sort_by(|a, b| {
            let key = |t: &CollectorType| {
                (t.origin.package, t.origin.version, t.origin.file, t.origin.line)
            };
            a.name.cmp(&b.name).then_with(|| key(a).cmp(&key(b)))
        });
        for collector in &types {
            if !names::is_collector_name(&collector.name) {
                return Err(CatalogError::IllegalName {
                    name: collector.name.clone(),
                    origin: collector.origin,
                });
            }
        }
        if let Some([a, b]) = types.array_windows().find(|[a, b]| a.name == b.name) {
            return Err(CatalogError::Duplicate {
                name: a.name.clone(),
                first: a.origin,
                second: b.origin,
            });
        }
        Ok(Self { types })
    }

    /// The collectors in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &CollectorType> {
        self.types.iter()
    }

    /// The collector of this name.
    pub fn get(&self, name: &str) -> Option<&CollectorType> {
        self.types
            .binary_search_by(|t| t.name.as_str().cmp(name))
            .ok()
            .map(|index| &self.types[index])
    }

    /// The names, for messages: `counter, gauge`.
    pub fn names(&self) -> String {
        let names: Vec<&str> = self.types.iter().map(CollectorType::name).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }
}

/// Why the collectors of a binary do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// Two collectors have one name.
    #[error(
        "two collectors have the name `{name}`: one of {first}, one of {second}; rename one or leave it out of the build"
    )]
    Duplicate {
        /// The name.
        name: String,
        /// Where one was registered.
        first: Origin,
        /// Where the other was registered.
        second: Origin,
    },
    /// A name that flags and configuration could not express.
    #[error(
        "illegal collector name `{name}` in {origin}: it must match [a-z][a-z0-9_]* and be none of all, default, enabled, host, path, scrape"
    )]
    IllegalName {
        /// The name.
        name: String,
        /// Where it was registered.
        origin: Origin,
    },
}
