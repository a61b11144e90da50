//! The collectors in operation, and the scrape that asks them all.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use exporter_exposition::{AcceptEncoding, Compressors, Gzip, Page};
use exporter_sdk::{Family, FamilySamples};

use crate::build_info::BuildInfo;
use crate::catalog::Catalog;
use crate::claims::{Claims, Owner};
use crate::configuration::LONGEST;
use crate::error::StartError;
use crate::evidence::{self, Evidence, Part};
use crate::gate::Gate;
use crate::gather::Gather;
use crate::options::RegistryOptions;
use crate::plan::Plan;
use crate::request::ScrapeRequest;
use crate::run::{Failure, Outcome, Reason};
use crate::services::Services;
use crate::settings::{FailurePolicy, ScrapeSettings, Settings, WebSettings};
use crate::slot::Slot;
use crate::telemetry::{Telemetry, WebMetrics};

/// The enabled collectors of an exporter, ready to be scraped, by many at once.
#[derive(Debug)]
pub struct Registry {
    catalog: Catalog,
    services: Arc<Services>,
    evidence: Evidence,
    options: RegistryOptions,
    generation: RwLock<Arc<Generation>>,
    /// Whether runs in the background were started.
    started: AtomicBool,
}

/// What one configuration made. A scrape keeps the one that it began with.
#[derive(Debug)]
pub(crate) struct Generation {
    pub(crate) settings: Settings,
    pub(crate) slots: Vec<Arc<Slot>>,
    claims: Arc<Claims>,
    /// By collector, also those of collectors that are switched off and have runs that did not come back.
    gates: HashMap<String, Arc<Gate>>,
    /// What collectors that were there before are to follow from now on.
    changed: Vec<(Arc<Slot>, ScrapeSettings)>,
}

/// What a scrape came to.
#[derive(Debug)]
pub struct Scraped {
    /// The page, with what there is.
    pub page: Page,
    /// Collectors whose samples are missing, and why.
    pub missing: Vec<Missing>,
}

/// A collector whose samples are missing on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The collector.
    pub collector: String,
    /// Why.
    pub failure: Failure,
    /// Whether its configuration would rather have no page than one without it.
    pub fails_page: bool,
}

impl Scraped {
    /// Why there is to be no page: the failures of collectors whose policy is to fail it, a line each.
    pub fn refusal(&self) -> Option<String> {
        let mut lines = self.missing.iter().filter(|missing| missing.fails_page).peekable();
        lines.peek()?;
        let lines = lines.map(|Missing { collector, failure, .. }| {
            format!("{collector}: {}: {}\n", failure.reason.as_str(), failure.message)
        });
        let lines: String = lines.collect();
        Some(format!("500: collectors failed without which there is to be no page\n{lines}"))
    }
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
        let telemetry =
            Telemetry::new(build).map_err(|error| StartError::Telemetry(error.to_string()))?;
        let services =
            Arc::new(Services::new(telemetry, Compressors::new(options.gzip.unwrap_or_default())));
        let evidence = Evidence::new(catalog, build, options);
        let generation = Generation::new(catalog, settings, &services, &evidence, None)?;
        services.telemetry.reloaded(true);
        let generation = RwLock::new(Arc::new(generation));
        let started = AtomicBool::new(false);
        Ok(Self { catalog: catalog.clone(), services, evidence, options, generation, started })
    }

    /// Starts the collectors that run in the background (`refresh`). The first scrape does so, too.
    pub fn start(&self) {
        self.started.store(true, Ordering::Relaxed);
        self.generation().slots.iter().for_each(Slot::start_refresher);
    }

    /// Takes new settings. Scrapes that began before go on with the old collectors; those whose own keys did not change
    /// keep their state, the others are built anew.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new); nothing has changed then.
    pub fn reload(&self, settings: &Settings) -> Result<(), StartError> {
        let before = self.generation();
        let mut generation = Generation::new(
            &self.catalog,
            settings,
            &self.services,
            &self.evidence,
            Some(&before),
        )?;
        self.services.counters.keep(generation.slots.iter().map(|slot| slot.name()));
        self.services.telemetry.reloaded(true);
        for (slot, scrape) in std::mem::take(&mut generation.changed) {
            slot.set_scrape(scrape);
        }
        *self.generation.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(generation);
        if self.started.load(Ordering::Relaxed) {
            self.start();
        }
        Ok(())
    }

    /// Says that a new configuration could not be loaded, so that the exporter's own metrics tell.
    pub fn reload_failed(&self) {
        self.services.telemetry.reloaded(false);
    }

    /// Runs the collectors that `request` asks for, or joins runs that go on, and puts what they found on a page. It waits
    /// on a tokio runtime.
    pub async fn scrape(&self, request: &ScrapeRequest) -> Scraped {
        let generation = self.running();
        let gather = generation.begin(request, &self.services);
        gather.wait().await;
        self.page(&generation, request, gather)
    }

    /// Like [`scrape`](Self::scrape), on a thread that may block.
    pub fn scrape_blocking(&self, request: &ScrapeRequest) -> Scraped {
        let generation = self.running();
        let gather = generation.begin(request, &self.services);
        gather.wait_blocking();
        self.page(&generation, request, gather)
    }

    fn page(&self, generation: &Generation, request: &ScrapeRequest, gather: Gather) -> Scraped {
        let mut outcomes = gather.outcomes();
        generation.claim_added(&mut outcomes);
        let mut snapshots = Vec::with_capacity(outcomes.len() + 2);
        let (mut missing, mut parts) = (Vec::new(), Vec::with_capacity(outcomes.len()));
        for (slot, outcome) in &outcomes {
            match &outcome.result {
                Ok(snapshot) => snapshots.push(Arc::clone(snapshot)),
                Err(failure) => {
                    snapshots.extend(slot.down(failure).cloned());
                    missing.push(Missing::new(slot, failure, &slot.scrape()));
                }
            }
            parts.push(Part { slot, outcome, cached: slot.scrape().serves_last() });
        }
        // A page of some collectors is about them; the exporter itself has a page with all.
        let whole = !request.is_filtered();
        if self.options.exporter_metrics && whole {
            match self.services.telemetry.snapshot() {
                Ok(snapshot) => snapshots.push(snapshot),
                Err(error) => {
                    tracing::error!(%error, "The exporter's own metrics cannot be served");
                }
            }
        }
        snapshots.push(self.evidence.snapshot(&parts, whole));
        let page = match request.names() {
            None => Page::new(snapshots),
            Some(names) => Page::picked(snapshots, |family| {
                evidence::is_always_there(family)
                    || family.exposed_names().iter().any(|name| names.contains(name))
            }),
        };
        Scraped { page, missing }
    }

    /// The exporter is being stopped: scrapes that wait end within `grace`, with what is ready then.
    pub fn close(&self, grace: Duration) {
        self.services.close(grace);
    }

    /// The collectors of this binary.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The settings in force.
    pub fn settings(&self) -> Settings {
        self.generation().settings.clone()
    }

    /// Who may read the pages.
    pub fn web_settings(&self) -> Arc<WebSettings> {
        Arc::clone(&self.generation().settings.web)
    }

    /// How long a request waits that says nothing of its own.
    pub fn timeout(&self) -> Duration {
        self.generation().settings.scrape.timeout
    }

    /// The names of the collectors that run, in order.
    pub fn collectors(&self) -> Vec<String> {
        self.generation().slots.iter().map(|slot| slot.name().to_owned()).collect()
    }

    /// What each collector described, by collector.
    pub fn families(&self) -> Vec<(String, Vec<Family>)> {
        let families = |slot: &Arc<Slot>| (slot.name().to_owned(), slot.families().to_vec());
        self.generation().slots.iter().map(families).collect()
    }

    /// What the web server counts.
    pub fn web_metrics(&self) -> &WebMetrics {
        self.services.telemetry.web()
    }

    /// What compresses a page of so many bytes, or more, for a client that takes this, if anything does.
    pub fn gzip(&self, accepted: AcceptEncoding, size: usize) -> Option<Gzip> {
        self.options.gzip?;
        self.services.compressors.begin_for(accepted, size)
    }

    pub(crate) fn options(&self) -> RegistryOptions {
        self.options
    }

    /// The collectors in operation, those in the background started.
    fn running(&self) -> Arc<Generation> {
        if !self.started.load(Ordering::Relaxed) {
            self.start();
        }
        self.generation()
    }

    pub(crate) fn generation(&self) -> Arc<Generation> {
        Arc::clone(&self.generation.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Generation {
    fn new(
        catalog: &Catalog,
        settings: &Settings,
        services: &Arc<Services>,
        evidence: &Evidence,
        before: Option<&Self>,
    ) -> Result<Self, StartError> {
        for name in settings.collectors.keys() {
            let base = name.split_once('@').map_or(name.as_str(), |(base, _)| base);
            if catalog.get(base).is_none() {
                let (name, linked) = (base.to_owned(), catalog.names());
                return Err(StartError::UnknownCollector { name, linked });
            }
        }
        let mut gates = before.map(|before| before.gates.clone()).unwrap_or_default();
        let kept: BTreeMap<&str, &Arc<Slot>> = before
            .map(|before| before.slots.iter().map(|slot| (slot.name(), slot)).collect())
            .unwrap_or_default();
        let (mut slots, mut changed) = (Vec::new(), Vec::new());
        for enabled in settings.enabled(catalog) {
            let plan = Plan {
                name: enabled.name.to_owned(),
                config: settings.config(enabled.name),
                paths: settings.paths.clone(),
                clock: settings.clock.clone(),
            };
            let scrape = settings.scrape_of(enabled.name, enabled.kind);
            let same = kept.get(enabled.name).filter(|slot| slot.plan.is_like(&plan));
            slots.push(if let Some(slot) = same {
                changed.push((Arc::clone(slot), scrape));
                Arc::clone(slot)
            } else {
                let gate = gates.entry(plan.name.clone());
                let gate = gate.or_insert_with(|| Gate::new(services.pool.clone()));
                Slot::new(plan, scrape, enabled.kind, Arc::clone(services), Arc::clone(gate))?
            });
        }
        let claims = Arc::new(claim_names(&slots, evidence, &services.telemetry)?);
        for slot in &slots {
            slot.meet(&claims);
        }
        Ok(Self { settings: settings.clone(), slots, claims, gates, changed })
    }

    fn begin(&self, request: &ScrapeRequest, services: &Arc<Services>) -> Gather {
        let otherwise = self.settings.scrape.timeout.min(LONGEST);
        let patience = request.patience(otherwise, self.settings.timeout_offset);
        let slots = self.slots.iter().filter(|slot| request.wants(slot));
        Gather::begin(slots, services, patience, request.waits())
    }

    /// Refuses the runs of unchecked collectors whose families have a name of another's. What is described was checked
    /// when the collectors were built.
    fn claim_added(&self, outcomes: &mut [(Arc<Slot>, Outcome)]) {
        let adds = |(slot, outcome): &(Arc<Slot>, Outcome)| {
            let snapshot = outcome.result.as_ref();
            slot.unchecked() && snapshot.is_ok_and(|it| it.families().len() > slot.families().len())
        };
        if !outcomes.iter().any(adds) {
            return;
        }
        let mut claims = Claims::default();
        for (slot, outcome) in outcomes.iter_mut().filter(|(slot, _)| slot.unchecked()) {
            let Ok(snapshot) = &outcome.result else { continue };
            let added = snapshot.families().iter().skip(slot.families().len());
            let added = added.map(FamilySamples::family);
            if let Err(clash) = claims.claim_added(&self.claims, added, &slot.owner()) {
                let failure = Failure::new(Reason::Invalid, StartError::from(clash).to_string());
                slot.refuse(&failure);
                outcome.result = Err(failure);
            }
        }
    }
}

impl Missing {
    fn new(slot: &Slot, failure: &Failure, scrape: &ScrapeSettings) -> Self {
        let harmless = failure.reason == Reason::Unavailable;
        Self {
            collector: slot.name().to_owned(),
            failure: failure.clone(),
            fails_page: !harmless && scrape.failure_policy == FailurePolicy::Fail,
        }
    }
}

/// Claims the names of the exporter itself and of everything that its collectors described.
fn claim_names(
    slots: &[Arc<Slot>],
    evidence: &Evidence,
    telemetry: &Telemetry,
) -> Result<Claims, StartError> {
    let mut claims = Claims::default();
    let own = Owner::exporter();
    claims.claim_all(evidence.families().iter().chain(telemetry.families()), &own)?;
    for slot in slots {
        claims.claim_all(slot.families(), &slot.owner())?;
    }
    Ok(claims)
}

#[cfg(test)]
mod tests;
