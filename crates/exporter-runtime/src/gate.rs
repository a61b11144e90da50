//! What of a collector outlives its configuration: that a run of it, or a part of one, has not come back.
//!
//! A reload replaces a collector whose configuration changed. If a run of the old one still hangs, the new one does not
//! start beside it: a thousand reloads would leave a thousand threads behind.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use exporter_sdk::{Parts, Result};

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

/// How a part ended.
type End = Arc<(Mutex<Option<Result<(), Thrown>>>, Condvar)>;

impl Parts for Gate {
    fn isolate(&self, part: &str, timeout: Duration, work: Box<dyn FnOnce() + Send>) -> Result {
        let hanging = Arc::clone(&self.hanging);
        let lock = |set: &Arc<Mutex<HashSet<String>>>,
                    change: &dyn Fn(&mut HashSet<String>) -> bool| {
            change(&mut set.lock().unwrap_or_else(PoisonError::into_inner))
        };
        if !lock(&hanging, &|set| set.insert(part.to_owned())) {
            return Err(format!("`{part}` still hangs from an earlier run").into());
        }
        let end = End::default();
        let (name, ended) = (part.to_owned(), Arc::clone(&end));
        let job: Job = Box::new(move || {
            let result = catch(work);
            lock(&hanging, &|set| set.remove(&name));
            *ended.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            ended.1.notify_one();
        });
        let ended = self.pool.away_while(|| {
            self.pool.submit([job]);
            let state = end.0.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = end.1.wait_timeout_while(state, timeout, |state| state.is_none());
            waited.unwrap_or_else(PoisonError::into_inner).0.take()
        });
        match ended {
            Some(Ok(())) => Ok(()),
            Some(Err(thrown)) => Err(format!("`{part}`: {thrown}").into()),
            None => Err(format!("`{part}` did not answer within {timeout:?}").into()),
        }
    }
}
