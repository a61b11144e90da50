//! What each collector is doing, and how its last run went: for people who look at the exporter.

use std::time::{Duration, Instant};

use exporter_config::{Node, Problem};
use exporter_sdk::{Family, Omission};

use crate::configuration::effective_configuration_of;
use crate::registry::Registry;
use crate::run::Failure;

/// A collector that runs.
#[derive(Clone, Debug)]
pub struct CollectorStatus {
    /// Its name, `cpu` or `json@orders`.
    pub name: String,
    /// What it is for, in a sentence; empty where nobody said it.
    pub description: &'static str,
    /// Whether a run of it is going on.
    pub state: RunState,
    /// How its last run went; `None` before the first.
    pub last: Option<LastRun>,
    /// Since how long its runs fail without one that succeeded; `None` where the last one did not fail. That a source does
    /// not exist is no failure.
    pub failing_for: Option<Duration>,
    /// How long its last 20 runs took, the oldest first.
    pub times: Vec<RunTime>,
    /// How often it runs at most, or in the background; zero for at every scrape.
    pub interval: Duration,
    /// What it described.
    pub families: Vec<Family>,
}

/// Whether a run is going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// No.
    Idle,
    /// For so long.
    Running(Duration),
    /// For so long, which is longer than it may.
    Overdue(Duration),
}

/// A run that has ended, or was given up.
#[derive(Clone, Debug)]
pub struct LastRun {
    /// How long ago.
    pub ago: Duration,
    /// How long it took.
    pub duration: Duration,
    /// How many samples it had, or why there are none.
    pub result: Result<usize, Failure>,
    /// What it left out, because it could not be read: the first 100.
    pub omissions: Vec<Omission>,
}

/// How long a run took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunTime {
    /// From its start to its end.
    pub duration: Duration,
    /// Whether it failed.
    pub failed: bool,
}

impl Registry {
    /// What each collector that runs is doing, in the order of their names.
    pub fn status(&self) -> Vec<CollectorStatus> {
        let now = Instant::now();
        self.generation().slots.iter().map(|slot| slot.status(now)).collect()
    }

    /// The configuration of a collector that runs, every default filled in and every secret masked; `None` if it does not
    /// run.
    ///
    /// # Errors
    ///
    /// When the configuration does not have the right form.
    pub fn effective_configuration(
        &self,
        collector: &str,
    ) -> Option<Result<serde_json::Value, Problem>> {
        let generation = self.generation();
        let slot = generation.slots.iter().find(|slot| slot.name() == collector)?;
        let node: Node = generation.settings.config(collector);
        Some(effective_configuration_of(slot.kind(), collector, &node))
    }
}
