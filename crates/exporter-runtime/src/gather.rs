//! A scrape while it waits for its runs.
//!
//! Whoever waits also looks after the pool: runs that stand behind one that does not come back get another thread. A run
//! is waited for until its own time-out has passed, counted from its own start, or until the patience of the request ends.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::run::{Gathering, Outcome};
use crate::services::Services;
use crate::slot::{Joined, Slot};

/// The first look at the pool comes after this long; each later one after twice as long as the one before, up to
/// [`LAST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_millis(5);
const LAST_LOOK: Duration = Duration::from_millis(40);

/// Runs that were joined.
#[derive(Debug)]
pub(crate) struct Gather {
    joined: Vec<(Arc<Slot>, Joined)>,
    gathering: Arc<Gathering>,
    services: Arc<Services>,
    until: Instant,
}

impl Gather {
    /// Joins the runs of `slots`, and starts those that do not go on yet.
    pub(crate) fn begin<'a>(
        slots: impl Iterator<Item = &'a Arc<Slot>>,
        services: &Arc<Services>,
        patience: Duration,
    ) -> Self {
        let now = Instant::now();
        let gathering = Arc::new(Gathering::default());
        let mut jobs = Vec::new();
        let joined =
            slots.map(|slot| (Arc::clone(slot), slot.join(now, &gathering, &mut jobs))).collect();
        services.pool.submit(jobs);
        Self { joined, gathering, services: Arc::clone(services), until: now + patience }
    }

    /// Waits until every run has ended or exceeded its time-out, or as long as there is patience, on a tokio runtime.
    pub(crate) async fn wait(&self) {
        let mut looks = Looks::new(self.until);
        while !self.gathering.is_done() {
            let next = looks.next(self.until());
            let ended = std::future::poll_fn(|context| self.gathering.poll(context));
            if tokio::time::timeout_at(next.into(), ended).await.is_ok() || next >= self.until() {
                return;
            }
            looks.deadline = self.look();
        }
    }

    /// Waits like [`wait`](Self::wait), on a thread that may block.
    pub(crate) fn wait_blocking(&self) {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut looks = Looks::new(self.until);
        loop {
            let next = looks.next(self.until());
            loop {
                let ended = std::future::poll_fn(|context| self.gathering.poll(context));
                if pin!(ended).poll(&mut context) == Poll::Ready(()) {
                    return;
                }
                let now = Instant::now();
                if now >= next {
                    break;
                }
                thread::park_timeout(next - now);
            }
            if next >= self.until() {
                return;
            }
            looks.deadline = self.look();
        }
    }

    /// Looks after the pool, and leaves the runs that are overdue. Returns the first deadline of the others.
    fn look(&self) -> Instant {
        self.services.pool.look();
        let now = Instant::now();
        let deadlines = self.joined.iter().filter_map(|(_, joined)| match joined {
            Joined::Ready(_) => None,
            Joined::Waiting(run) => run.leave_overdue(&self.gathering, now),
        });
        deadlines.min().unwrap_or(self.until)
    }

    /// When the page has to be made; sooner than at first where the exporter is being stopped.
    fn until(&self) -> Instant {
        self.services.closing().map_or(self.until, |closing| closing.min(self.until))
    }

    /// What each run has come to by now.
    pub(crate) fn outcomes(self) -> Vec<(Arc<Slot>, Outcome)> {
        let now = Instant::now();
        let outcomes = self.joined.into_iter().map(|(slot, joined)| {
            let outcome = match joined {
                Joined::Ready(outcome) => outcome,
                Joined::Waiting(run) => run.outcome().unwrap_or_else(|| slot.unfinished(&run, now)),
            };
            (slot, outcome)
        });
        outcomes.collect()
    }
}

/// When a scrape that waits looks after its runs.
struct Looks {
    interval: Duration,
    /// The first deadline of the runs that are waited for. It is read at the first look: most scrapes end before that.
    deadline: Instant,
}

impl Looks {
    fn new(deadline: Instant) -> Self {
        Self { interval: FIRST_LOOK, deadline }
    }

    /// The time of the next look.
    fn next(&mut self, until: Instant) -> Instant {
        let next = Instant::now() + self.interval;
        self.interval = (self.interval * 2).min(LAST_LOOK);
        next.min(self.deadline).min(until)
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
