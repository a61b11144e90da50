//! What of a collector outlives its configuration: that a run of it, or a part of one, has not come back.
//!
//! A reload replaces a collector whose configuration changed. If a run of the old one still hangs, the new one does not
//! start beside it: a thousand reloads would leave a thousand threads behind.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use exporter_sdk::{Parts, PartsTime, Result, Work};

use crate::caught::{Thrown, catch};
use crate::pool::{Job, Pool};

/// Lets one run of a collector through at a time, whatever the configuration that it belongs to.
pub(crate) struct Gate {
    pool: Pool,
    state: Mutex<State>,
    hanging: Arc<Mutex<HashSet<String>>>,
}

#[derive(Default)]
struct State {
    taken: bool,
    /// The run of the newest configuration, which waits for that of an older one.
    parked: Option<Job>,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("hanging", &self.hanging).finish_non_exhaustive()
    }
}

impl Gate {
    pub(crate) fn new(pool: Pool) -> Arc<Self> {
        Arc::new(Self { pool, state: Mutex::default(), hanging: Arc::default() })
    }

    /// Lets `job` through, or keeps it until the one before it has left. One that waited is dropped for a newer one.
    pub(crate) fn enter(&self, job: Job) -> Option<Job> {
        let mut state = self.lock();
        if state.taken {
            let older = state.parked.replace(job);
            drop(state);
            drop(older);
            return None;
        }
        state.taken = true;
        Some(job)
    }

    /// A run has come back: the one that waited goes on.
    pub(crate) fn leave(&self) {
        let next = {
            let mut state = self.lock();
            let next = state.parked.take();
            state.taken = next.is_some();
            next
        };
        self.pool.submit(next);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often a run that waits for its parts looks whether one of them keeps others waiting.
const LOOK: Duration = Duration::from_millis(5);

/// How parts that run at the same time ended, so far.
#[derive(Default)]
struct Ends {
    results: Mutex<Vec<Option<Result<(), Thrown>>>>,
    all: Condvar,
}

impl Ends {
    fn lock(&self) -> MutexGuard<'_, Vec<Option<Result<(), Thrown>>>> {
        self.results.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A part has ended. Whoever waits is woken for the last of them only: changes of threads are what parts cost.
    fn set(&self, index: usize, result: Result<(), Thrown>) {
        let mut results = self.lock();
        results[index] = Some(result);
        if results.iter().all(Option::is_some) {
            drop(results);
            self.all.notify_one();
        }
    }
}

type Names = Mutex<HashSet<String>>;

fn names(names: &Names) -> MutexGuard<'_, HashSet<String>> {
    names.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// The job of a part, unless one of its name has not come back.
    fn part(&self, index: usize, (name, work): (String, Work), ends: &Arc<Ends>) -> Option<Job> {
        if !names(&self.hanging).insert(name.clone()) {
            return None;
        }
        let (hanging, ends) = (Arc::clone(&self.hanging), Arc::clone(ends));
        Some(Box::new(move || {
            let result = catch(work);
            names(&hanging).remove(&name);
            ends.set(index, result);
        }))
    }

    /// Waits until all of `begun` parts have ended, or until `timeout`.
    fn wait(&self, ends: &Ends, timeout: Duration) {
        let end = Instant::now() + timeout;
        let mut state = ends.lock();
        while state.iter().any(Option::is_none) {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = ends.all.wait_timeout(state, left.min(LOOK));
            let (next, slow) = waited.unwrap_or_else(PoisonError::into_inner);
            state = next;
            if slow.timed_out() {
                drop(state);
                self.pool.look();
                state = ends.lock();
            }
        }
    }
}

impl Parts for Gate {
    fn isolate(&self, parts: Vec<(String, Work)>, time: PartsTime) -> Vec<Result> {
        let ends = Arc::new(Ends::default());
        ends.lock().resize_with(parts.len(), || None);
        let labels: Vec<String> = parts.iter().map(|(name, _)| name.clone()).collect();
        let jobs = parts.into_iter().enumerate().map(|(i, part)| self.part(i, part, &ends));
        let jobs: Vec<Option<Job>> = jobs.collect();
        let begun: Vec<bool> = jobs.iter().map(Option::is_some).collect();
        for (end, begun) in ends.lock().iter_mut().zip(&begun) {
            if !begun {
                // There is nothing to wait for.
                *end = Some(Ok(()));
            }
        }
        self.pool.away_while(|| {
            self.pool.submit(jobs.into_iter().flatten());
            self.wait(&ends, time.limit());
        });
        let mut ends = ends.lock();
        let told = labels.into_iter().zip(begun).zip(ends.iter_mut().map(Option::take));
        told.map(|((part, begun), end)| match end {
            _ if !begun => Err(format!("`{part}` still hangs from an earlier run").into()),
            Some(Ok(())) => Ok(()),
            Some(Err(thrown)) => Err(format!("`{part}`: {thrown}").into()),
            None => Err(format!("`{part}` did not answer within {time}").into()),
        })
        .collect()
    }
}
