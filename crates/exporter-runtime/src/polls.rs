//! How long an asynchronous collector keeps its thread at a time. One that blocks it cannot be dropped where it waits, and
//! looks from outside like a source that is slow.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The keys of the configuration by which a collector with a slow source succeeds.
const KEYS: &str = "if its source needs longer, raise `scrape.timeout`, and set `scrape.min_interval`, so that it runs \
                    less often";

/// The polls of the future of one run.
#[derive(Debug, Default)]
pub(crate) struct Polls(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When the poll that goes on began.
    begun: Option<Instant>,
    longest: Duration,
}

impl Polls {
    /// Awaits a future, and measures each of its polls.
    pub(crate) async fn measure<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            let _poll = Poll::begin(self);
            future.as_mut().poll(context)
        })
        .await
    }

    /// The time of the longest poll so far, of that which goes on as well.
    fn longest(&self) -> Duration {
        let state = self.lock();
        state.longest.max(state.begun.map_or(Duration::ZERO, |begun| begun.elapsed()))
    }

    /// What is to be said of a run that took longer than it may.
    pub(crate) fn lateness(&self, limit: Duration) -> String {
        let late = format!("did not end within its time-out of {limit:?}");
        let long = limit / 2;
        if self.longest() <= long {
            return format!("{late}; {KEYS}");
        }
        // How long exactly is left out: a message that changes is told at every scrape.
        format!(
            "{late}: it is asynchronous, and blocked its thread for more than {long:?} at a time; make it an `impl \
             Collector`, which may block, or await what it waits for (`tokio::time::sleep`, `tokio::net`, \
             `tokio::task::spawn_blocking`); {KEYS}"
        )
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A poll; it ends when this is dropped, also when it panics.
struct Poll<'a>(&'a Polls);

impl<'a> Poll<'a> {
    fn begin(polls: &'a Polls) -> Self {
        polls.lock().begun = Some(Instant::now());
        Self(polls)
    }
}

impl Drop for Poll<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        let took = state.begun.take().map_or(Duration::ZERO, |begun| begun.elapsed());
        state.longest = state.longest.max(took);
    }
}
