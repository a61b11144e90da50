//! What is counted of each collector, with the `prometheus` crate's counters.
//!
//! They are read one by one when a page is made, instead of being gathered: that crate makes a copy of every label for
//! every series of a page.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::IntCounter;

use crate::run::Reason;

/// The counters of one collector.
#[derive(Debug)]
pub(crate) struct RunCounters {
    failures: [IntCounter; Reason::FAILURES.len()],
    duplicates: IntCounter,
}

impl RunCounters {
    fn new() -> prometheus::Result<Self> {
        let counter = || IntCounter::new("count", "One of the exporter's own.");
        let failures: prometheus::Result<Vec<IntCounter>> =
            Reason::FAILURES.iter().map(|_| counter()).collect();
        let failures = <[IntCounter; Reason::FAILURES.len()]>::try_from(failures?);
        let failures = failures.map_err(|_| prometheus::Error::Msg("one per reason".into()))?;
        Ok(Self { failures, duplicates: counter()? })
    }

    /// A run failed, if the reason is a failure.
    pub(crate) fn failed(&self, reason: Reason) {
        let index = Reason::FAILURES.iter().position(|failure| *failure == reason);
        if let Some(counter) = index.and_then(|index| self.failures.get(index)) {
            counter.inc();
        }
    }

    /// Samples of a series that came before were dropped.
    pub(crate) fn dropped(&self, samples: u64) {
        self.duplicates.inc_by(samples);
    }

    /// How many runs failed, by reason.
    pub(crate) fn failures(&self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::FAILURES.into_iter().zip(self.failures.iter().map(IntCounter::get))
    }

    /// How many samples were dropped.
    pub(crate) fn duplicates(&self) -> u64 {
        self.duplicates.get()
    }
}

/// The counters of all collectors, which go on counting when a collector is built anew.
#[derive(Debug, Default)]
pub(crate) struct AllCounters(Mutex<BTreeMap<String, Arc<RunCounters>>>);

impl AllCounters {
    /// Those of the collector of this name.
    pub(crate) fn of(&self, collector: &str) -> prometheus::Result<Arc<RunCounters>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counters) = all.get(collector) {
            return Ok(Arc::clone(counters));
        }
        let counters = Arc::new(RunCounters::new()?);
        all.insert(collector.to_owned(), Arc::clone(&counters));
        Ok(counters)
    }

    /// Forgets collectors that are no longer there.
    pub(crate) fn keep<'a>(&self, collectors: impl Iterator<Item = &'a str> + Clone) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|name, _| collectors.clone().any(|kept| kept == name));
    }
}
