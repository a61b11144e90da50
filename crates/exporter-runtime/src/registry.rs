//! The collectors in operation, and the scrape that asks them all.

use std::sync::Arc;

use exporter_exposition::Page;
use exporter_sdk::{Family, Origin};

use crate::catalog::Catalog;
use crate::claims::{Claims, Clash, Owner};
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
    claims: Claims,
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
        let claims = claim_names(&slots, &telemetry)?;
        let evidence = Evidence::new(options.exporter_metrics);
        Ok(Self { slots, claims, evidence, telemetry, options })
    }

    /// Runs every collector and puts what they found on a page.
    pub fn scrape(&self) -> Page {
        let outcomes = self.run();
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

    fn run(&self) -> Vec<(&str, Outcome)> {
        // Only what unchecked collectors add to their descriptions can clash now.
        let mut claims = self.slots.iter().any(Slot::unchecked).then(|| self.claims.clone());
        let mut run = |slot: &Slot| {
            slot.run(|added| match &mut claims {
                Some(claims) => claims.claim_all(added, &owner(slot)).map_err(StartError::from),
                None => Ok(()),
            })
        };
        self.slots.iter().map(|slot| (slot.name(), run(slot))).collect()
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

fn owner(slot: &Slot) -> Owner {
    Owner { collector: slot.name().to_owned(), origin: *slot.origin() }
}

/// Claims the names of the exporter itself and of everything that its collectors described.
fn claim_names(slots: &[Slot], telemetry: &Telemetry) -> Result<Claims, StartError> {
    let origin = Origin {
        package: env!("CARGO_PKG_NAME"),
        version: Some(env!("CARGO_PKG_VERSION")),
        file: file!(),
        line: line!(),
    };
    let own = Owner { collector: "exporter".to_owned(), origin };
    let mut claims = Claims::default();
    claims.claim_all(Evidence::families().iter().chain(telemetry.families()), &own)?;
    for slot in slots {
        claims.claim_all(slot.families(), &owner(slot))?;
    }
    Ok(claims)
}

impl From<Clash> for StartError {
    fn from(Clash { name, first, second }: Clash) -> Self {
        let (first, second) = ((first.collector, first.origin), (second.collector, second.origin));
        Self::NameClash { name, first, second }
    }
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

#[cfg(test)]
mod tests {
    use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Registration, Scrape};

    use super::*;
    use crate::catalog::CollectorType;

    static TAKEN: Gauge = Gauge::new("taken", "Of the collector that describes it.");
    static FREE: Gauge = Gauge::new("free", "Of nobody.");

    struct Describes;

    impl Collector for Describes {
        const NAME: &'static str = "describes";
        const METRICS: &'static [&'static Desc] = &[TAKEN.desc()];
        type Config = NoConfig;

        fn new(_: &NoConfig, _: &Context) -> exporter_sdk::Result<Self> {
            Ok(Self)
        }

        fn collect(&mut self, scrape: &mut Scrape<'_>) -> exporter_sdk::Result {
            scrape.emit(&TAKEN, (), 1);
            Ok(())
        }
    }

    /// Takes the name of the other at every second run.
    struct Unchecked(u32);

    impl Collector for Unchecked {
        const NAME: &'static str = "unchecked";
        const UNCHECKED: bool = true;
        type Config = NoConfig;

        fn new(_: &NoConfig, _: &Context) -> exporter_sdk::Result<Self> {
            Ok(Self(0))
        }

        fn collect(&mut self, scrape: &mut Scrape<'_>) -> exporter_sdk::Result {
            self.0 += 1;
            scrape.emit(if self.0.is_multiple_of(2) { &TAKEN } else { &FREE }, (), 2);
            Ok(())
        }
    }

    #[test]
    fn an_unchecked_collector_that_takes_a_name_loses_that_run_and_no_other() {
        fn kind<C: Collector>() -> CollectorType {
            let origin = Origin { package: "p", version: None, file: "f.rs", line: 1 };
            CollectorType::from(&Registration::of::<C>(origin))
        }
        let catalog = Catalog::new(vec![kind::<Unchecked>(), kind::<Describes>()]).unwrap();
        let info = BuildInfo { name: "test".into(), version: "0".into() };
        let options = RegistryOptions { exporter_metrics: false };
        let registry = Registry::new(&catalog, &Settings::default(), &info, options).unwrap();
        let families = |page: &Page| -> Vec<String> {
            let names = page.segments().map(|(samples, _)| samples.family().name().to_owned());
            names.filter(|name| !name.starts_with("exporter_")).collect()
        };
        for _ in 0..3 {
            assert_eq!(families(&registry.scrape()), ["free", "taken"]);
            assert_eq!(families(&registry.scrape()), ["taken"]);
        }
    }
}
