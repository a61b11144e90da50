//! One run of one collector, shared by every scrape that comes while it lasts.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use exporter_config::redact;
use exporter_sdk::Snapshot;

use crate::polls::Polls;

/// Why a run has no samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Two of its samples were the same series, and it may not go on without one of them.
    Duplicate,
    /// The collector returned an error.
    Error,
    /// The collector emitted what cannot be exposed.
    Invalid,
    /// It emitted more than it may.
    Limit,
    /// The collector panicked.
    Panic,
    /// It did not end within its time-out.
    Timeout,
    /// It is still running, within its time-out, and the page could not wait for it any longer. The run is no failure.
    Pending,
    /// The source does not exist here. This is no failure.
    Unavailable,
}

impl Reason {
    /// The reasons for which a run counts as failed.
    pub(crate) const FAILURES: [Self; 6] =
        [Self::Duplicate, Self::Error, Self::Invalid, Self::Limit, Self::Panic, Self::Timeout];

    /// The label value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Error => "error",
            Self::Invalid => "invalid",
            Self::Limit => "limit",
            Self::Panic => "panic",
            Self::Timeout => "timeout",
            Self::Pending => "pending",
            Self::Unavailable => "unavailable",
        }
    }
}

/// Missing samples: why, and in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind of reason.
    pub reason: Reason,
    /// The reason in words, mostly the collector's own.
    pub message: String,
}

impl Failure {
    pub(crate) fn new(reason: Reason, message: impl Into<String>) -> Self {
        // Errors of network libraries name URLs, and those may have a password in them.
        Self { reason, message: redact(&message.into()).into_owned() }
    }
}

/// How a run went.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) duration: Duration,
    pub(crate) finished: Instant,
    pub(crate) result: Result<Arc<Snapshot>, Failure>,
}

/// A run from its request to its end.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) started: Instant,
    /// When its time-out ends.
    pub(crate) deadline: Instant,
    /// Whether it was told of that it exceeds its time-out.
    pub(crate) given_up: AtomicBool,
    /// How long it kept its thread at a time, if it is asynchronous.
    pub(crate) polls: Polls,
    state: Mutex<RunState>,
}

#[derive(Debug)]
enum RunState {
    Going(Vec<Arc<Gathering>>),
    Done(Outcome),
}

impl Run {
    pub(crate) fn new(started: Instant, timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            started,
            deadline: started + timeout,
            given_up: AtomicBool::new(false),
            polls: Polls::default(),
            state: Mutex::new(RunState::Going(Vec::new())),
        })
    }

    /// Whether its time-out has ended.
    pub(crate) fn is_overdue(&self, now: Instant) -> bool {
        now >= self.deadline
    }

    /// The failure of a run that is overdue.
    pub(crate) fn timeout(&self) -> Failure {
        Failure::new(Reason::Timeout, self.polls.lateness(self.deadline - self.started))
    }

    /// What a page has of a run that is overdue.
    pub(crate) fn overdue(&self, now: Instant) -> Outcome {
        let duration = now.saturating_duration_since(self.started);
        Outcome { duration, finished: now, result: Err(self.timeout()) }
    }

    /// Has `gathering` wait for the end, if that is still to come.
    pub(crate) fn join(&self, gathering: &Arc<Gathering>) {
        if let RunState::Going(gatherings) = &mut *self.lock() {
            gathering.pending.fetch_add(1, Ordering::Relaxed);
            gatherings.push(Arc::clone(gathering));
        }
    }

    /// Has `gathering` no longer wait for the end, if the run is overdue. Returns the deadline of a run that goes on within
    /// its time-out.
    pub(crate) fn leave_overdue(
        &self,
        gathering: &Arc<Gathering>,
        now: Instant,
    ) -> Option<Instant> {
        let mut state = self.lock();
        let RunState::Going(gatherings) = &mut *state else { return None };
        if !self.is_overdue(now) {
            return Some(self.deadline);
        }
        // An earlier look may have left it.
        if let Some(index) = gatherings.iter().position(|it| Arc::ptr_eq(it, gathering)) {
            gatherings.swap_remove(index);
            drop(state);
            gathering.one_less();
        }
        None
    }

    pub(crate) fn outcome(&self) -> Option<Outcome> {
        match &*self.lock() {
            RunState::Going(_) => None,
            RunState::Done(outcome) => Some(outcome.clone()),
        }
    }

    pub(crate) fn complete(&self, outcome: Outcome) {
        let before = std::mem::replace(&mut *self.lock(), RunState::Done(outcome));
        if let RunState::Going(gatherings) = before {
            for gathering in gatherings {
                gathering.one_less();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, RunState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A scrape that waits for runs.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    pending: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Gathering {
    /// Ready when every run that was joined has ended, or was left because it is overdue.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.is_done() {
            return Poll::Ready(());
        }
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        // The last run may have ended before the waker was there.
        if self.is_done() { Poll::Ready(()) } else { Poll::Pending }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.pending.load(Ordering::Acquire) == 0
    }

    fn one_less(&self) {
        if self.pending.fetch_sub(1, Ordering::AcqRel) == 1 {
            let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
            waker.into_iter().for_each(Waker::wake);
        }
    }
}
