//! The time of day, in a form that a test can set.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// The clock that a collector reads: the time of the system, or in a test a time that stands still until the test moves it.
///
/// Within a run, [`Scrape::now`](crate::Scrape::now) is the time of day. Code that computes with time outside a run (a task,
/// a thread) keeps a clone of [`Context::clock`](crate::Context::clock). Clones of a clock show the same time.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use exporter_sdk::Clock;
///
/// let clock = Clock::stopped_at(SystemTime::UNIX_EPOCH);
/// let (time, start) = (clock.now(), clock.instant());
/// clock.advance(Duration::from_mins(1));
/// assert_eq!(clock.now().duration_since(time)?, Duration::from_secs(60));
/// assert_eq!(clock.instant() - start, Duration::from_secs(60));
/// # Ok::<(), std::time::SystemTimeError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Stopped>>);

/// A time that only [`Clock::advance`] changes.
#[derive(Debug)]
struct Stopped {
    time: SystemTime,
    instant: Instant,
    /// Nanoseconds since both of them.
    advanced: AtomicU64,
}

impl Clock {
    /// The clock of the system.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows `time` until it is [advanced](Self::advance).
    pub fn stopped_at(time: SystemTime) -> Self {
        let stopped = Stopped { time, instant: Instant::now(), advanced: AtomicU64::new(0) };
        Self(Some(Arc::new(stopped)))
    }

    /// Moves a stopped clock, and all clones of it, forward. It holds 584 years at most.
    ///
    /// # Panics
    ///
    /// For the clock of the system, which cannot be moved.
    pub fn advance(&self, duration: Duration) {
        let stopped = self.0.as_ref().expect("only a clock that is stopped can be advanced");
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        stopped.advanced.fetch_add(nanoseconds, Ordering::SeqCst);
    }

    /// The time of day. It can jump, as that of the system does when somebody sets it.
    pub fn now(&self) -> SystemTime {
        match &self.0 {
            None => SystemTime::now(),
            Some(stopped) => stopped.time + stopped.advanced(),
        }
    }

    /// A point in time for durations: it never goes back.
    pub fn instant(&self) -> Instant {
        match &self.0 {
            None => Instant::now(),
            Some(stopped) => stopped.instant + stopped.advanced(),
        }
    }
}

impl PartialEq for Clock {
    /// Whether both are the clock of the system, or clones of one stopped clock.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}

impl Eq for Clock {}

impl Stopped {
    fn advanced(&self) -> Duration {
        Duration::from_nanos(self.advanced.load(Ordering::SeqCst))
    }
}
