//! One collector in operation: it is run, and what comes of it is kept apart from everything else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use exporter_sdk::{Context, Family, FamilySamples, Origin, Run, RunError, Snapshot};
use serde_json::Value;

use crate::catalog::CollectorType;
use crate::recording::Recording;
use crate::registry::StartError;

/// Why a run has no samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The collector returned an error.
    Error,
    /// The collector panicked.
    Panic,
    /// The collector emitted what cannot be exposed.
    Invalid,
    /// The source does not exist here. This is no failure.
    Unavailable,
}

impl Reason {
    /// The reasons that count as failures, each with its label value.
    pub(crate) const FAILURES: [Self; 3] = [Self::Error, Self::Invalid, Self::Panic];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Panic => "panic",
            Self::Invalid => "invalid",
            Self::Unavailable => "unavailable",
        }
    }
}

/// A run without samples: why, and in the words of the collector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) message: String,
}

/// How a run went.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) duration: Duration,
    pub(crate) result: Result<Arc<Snapshot>, Failure>,
}

/// One collector, its configuration and its memory.
#[derive(Debug)]
pub(crate) struct Slot {
    name: String,
    kind: CollectorType,
    config: Value,
    families: Vec<Family>,
    state: Mutex<State>,
}

struct State {
    /// `None` after a panic, until the next run builds it anew.
    collector: Option<Box<dyn Run>>,
    recording: Recording,
    /// What was last said in the log, so that a collector that keeps failing is not told of at every scrape.
    told: Option<Failure>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("told", &self.told).finish_non_exhaustive()
    }
}

impl Slot {
    /// Builds a collector.
    pub(crate) fn new(kind: &CollectorType, config: Value) -> Result<Self, StartError> {
        let name = kind.name().to_owned();
        let collector = build(kind, &config, &name)?;
        let families = collector.describe();
        let recording = Recording::new(families.clone(), kind.unchecked());
        let state = Mutex::new(State { collector: Some(collector), recording, told: None });
        Ok(Self { name, kind: kind.clone(), config, families, state })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn origin(&self) -> &Origin {
        self.kind.origin()
    }

    /// The families that the collector described.
    pub(crate) fn families(&self) -> &[Family] {
        &self.families
    }

    /// Whether runs may add families to those that were described.
    pub(crate) fn unchecked(&self) -> bool {
        self.kind.unchecked()
    }

    /// Runs the collector once, on this thread. `check` gets the families that the run added to those that were described.
    pub(crate) fn run(
        &self,
        check: impl FnOnce(Vec<&Family>) -> Result<(), StartError>,
    ) -> Outcome {
        // A panic is caught below, where the state is whole, so a poisoned lock says nothing.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let start = Instant::now();
        let result = self.run_locked(&mut state).and_then(|snapshot| {
            let added = snapshot.families().iter().skip(self.families.len());
            match check(added.map(FamilySamples::family).collect()) {
                Ok(()) => Ok(snapshot),
                Err(clash) => Err(Failure { reason: Reason::Invalid, message: clash.to_string() }),
            }
        });
        let duration = start.elapsed();
        self.tell(&mut state, result.as_ref().err(), duration);
        Outcome { duration, result }
    }

    fn run_locked(&self, state: &mut State) -> Result<Arc<Snapshot>, Failure> {
        let mut collector = match state.collector.take() {
            Some(collector) => collector,
            None => build(&self.kind, &self.config, &self.name)
                .map_err(|error| Failure { reason: Reason::Error, message: error.to_string() })?,
        };
        let recording = &mut state.recording;
        let caught =
            catch_unwind(AssertUnwindSafe(|| recording.run(|scrape| collector.run(scrape))));
        match caught {
            Ok(result) => {
                state.collector = Some(collector);
                result.map_err(|error| self.failure(error))
            }
            Err(payload) => {
                // Whatever state the collector was left in goes with it; it may panic in `Drop` as well.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(collector)));
                Err(Failure { reason: Reason::Panic, message: panic_message(payload.as_ref()) })
            }
        }
    }

    fn failure(&self, error: RunError) -> Failure {
        match error {
            RunError::Collector(error) => {
                let reason =
                    if error.is_unavailable() { Reason::Unavailable } else { Reason::Error };
                Failure { reason, message: error.to_string() }
            }
            RunError::Invalid(sample) => {
                let message =
                    format!("{sample}, in collector `{}` of {}", self.name, self.origin());
                Failure { reason: Reason::Invalid, message }
            }
        }
    }

    /// Logs what is new: that a collector fails, in a new way, or no longer.
    fn tell(&self, state: &mut State, failure: Option<&Failure>, duration: Duration) {
        if state.told.as_ref() == failure {
            return;
        }
        let (collector, duration_seconds) = (self.name.as_str(), duration.as_secs_f64());
        match failure {
            None => tracing::info!(collector, duration_seconds, "Collector succeeds again"),
            Some(Failure { reason: Reason::Unavailable, message }) => {
                tracing::info!(collector, reason = message, "Collector has no source here");
            }
            Some(Failure { reason, message }) => {
                let reason = reason.as_str();
                tracing::error!(
                    collector,
                    duration_seconds,
                    reason,
                    error = message,
                    "Collector failed"
                );
            }
        }
        state.told = failure.cloned();
    }
}

fn build(kind: &CollectorType, config: &Value, name: &str) -> Result<Box<dyn Run>, StartError> {
    let mut track = serde_path_to_error::Track::new();
    let mut deserializer = <dyn erased_serde::Deserializer<'_>>::erase(
        serde_path_to_error::Deserializer::new(config, &mut track),
    );
    let built = kind.build(&mut deserializer, &Context::new(name));
    drop(deserializer);
    built.map_err(|error| {
        let path = track.path().to_string();
        let key = if path == "." { String::new() } else { format!(", key `{path}`") };
        StartError::Config { collector: name.to_owned(), key, problem: error.to_string() }
    })
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panicked")
        .to_owned()
}
