//! A collector of ours as the `prometheus` crate wants them. That crate's trait knows no errors, and a panic in a collector
//! ends the scrape that met it, so both are caught here.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use exporter_sdk::{Collector, Context, Family, Recorder, Result, Run, RunError, Snapshot};
use prometheus::core::Desc;
use prometheus::proto::MetricFamily;

use crate::gathered;

/// One of our collectors, to be registered with a `prometheus::Registry`.
///
/// A run that fails, panics or emits what cannot be exposed yields no families, and is logged with `tracing` when it is
/// news; after a panic the collector is built anew. Runs do not overlap, as collectors are promised.
///
/// Where that crate is narrower than we are: it has no kind for what is unknown, which becomes a gauge; and its encoders
/// take integers for floats, which are exact up to 2^53.
pub struct PrometheusCollector {
    name: String,
    descs: Vec<Desc>,
    state: Mutex<State>,
}

struct State {
    factory: Box<dyn Fn() -> Result<Box<dyn Run>> + Send>,
    /// `None` after a panic, until the next run builds it anew.
    collector: Option<Box<dyn Run>>,
    recorder: Recorder,
    spare: Option<Snapshot>,
    /// What was last logged, so that a collector that keeps failing is not told of at every scrape.
    told: Option<String>,
}

impl PrometheusCollector {
    /// The collector `C` with this configuration.
    ///
    /// # Errors
    ///
    /// When the collector refuses the configuration.
    pub fn new<C: Collector<Config: Send>>(config: C::Config, context: Context) -> Result<Self> {
        let name = context.collector().to_owned();
        Self::from_factory(name, C::UNCHECKED, move || Ok(Box::new(C::new(&config, &context)?)))
    }

    /// A collector that `factory` builds, now and after each panic. `unchecked` lets its runs add families to those that
    /// it describes, see [`Collector::UNCHECKED`].
    ///
    /// # Errors
    ///
    /// When the collector cannot be built, or that crate refuses what it describes.
    pub fn from_factory(
        name: impl Into<String>,
        unchecked: bool,
        factory: impl Fn() -> Result<Box<dyn Run>> + Send + 'static,
    ) -> Result<Self> {
        let (name, collector) = (name.into(), factory()?);
        let families = collector.describe();
        let descs = descs(&name, &families)?;
        let state = State {
            factory: Box::new(factory),
            collector: Some(collector),
            recorder: Recorder::new(families, unchecked),
            spare: None,
            told: None,
        };
        Ok(Self { name, descs, state: Mutex::new(state) })
    }
}

impl fmt::Debug for PrometheusCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusCollector").field("name", &self.name).finish_non_exhaustive()
    }
}

impl prometheus::core::Collector for PrometheusCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descs.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // Panics are caught below, where the state is whole, so a poisoned lock says nothing.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.run() {
            Ok(snapshot) => {
                let families = gathered::families(&snapshot);
                state.spare = Some(snapshot);
                if state.told.take().is_some() {
                    tracing::info!(collector = self.name, "Collector succeeds again");
                }
                families
            }
            Err(failure) => {
                state.tell(&self.name, failure);
                Vec::new()
            }
        }
    }
}

/// A run without samples: why, and whether that is no failure.
struct Failure {
    message: String,
    unavailable: bool,
}

impl From<exporter_sdk::Error> for Failure {
    fn from(error: exporter_sdk::Error) -> Self {
        Self { message: error.to_string(), unavailable: error.is_unavailable() }
    }
}

impl State {
    fn run(&mut self) -> Result<Snapshot, Failure> {
        catch_unwind(AssertUnwindSafe(|| self.try_run())).unwrap_or_else(|payload| {
            // Whatever state the collector was left in goes with it; it may panic in `Drop` as well.
            let collector = self.collector.take();
            let _ = catch_unwind(AssertUnwindSafe(|| drop(collector)));
            let message = format!("panicked: {}", panic_message(payload.as_ref()));
            Err(Failure { message, unavailable: false })
        })
    }

    fn try_run(&mut self) -> Result<Snapshot, Failure> {
        let collector = match self.collector.as_mut() {
            Some(collector) => collector,
            None => self.collector.insert((self.factory)()?),
        };
        let run = self.recorder.record(self.spare.take(), |scrape| collector.run(scrape));
        run.map_err(|error| match error {
            RunError::Collector(error) => error.into(),
            RunError::Invalid(sample) => {
                Failure { message: sample.to_string(), unavailable: false }
            }
        })
    }

    fn tell(&mut self, collector: &str, failure: Failure) {
        if self.told.as_ref() == Some(&failure.message) {
            return;
        }
        let message = failure.message;
        if failure.unavailable {
            tracing::info!(collector, reason = message, "Collector has no source here");
        } else {
            tracing::error!(collector, error = message, "Collector failed");
        }
        self.told = Some(message);
    }
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// The descriptors of what a collector describes. That crate takes all collectors without one for the same, so there is
/// always one.
fn descs(collector: &str, families: &[Family]) -> Result<Vec<Desc>> {
    if families.is_empty() {
        let help = format!("What the collector {collector} exposes is known at each scrape.");
        let name = format!("exporter_collector_{collector}");
        return Ok(vec![Desc::new(name, help, Vec::new(), HashMap::new())?]);
    }
    families.iter().map(|family| desc(collector, family)).collect()
}

fn desc(collector: &str, family: &Family) -> Result<Desc> {
    // That crate refuses an empty help.
    let help = if family.help().is_empty() {
        format!("A {} of the collector {collector}.", family.kind())
    } else {
        family.help().to_owned()
    };
    let labels = family.labels().map(str::to_owned).collect();
    let const_labels = family.const_labels().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    Ok(Desc::new(family.name().to_owned(), help, labels, const_labels)?)
}
