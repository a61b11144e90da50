//! What a run may use: time, samples, memory; where parts of it run that may hang by themselves; and whose names are whose.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Clock;
use crate::error::Result;
use crate::family::Family;

/// The bounds of one run, from whoever runs the collector. The default has none.
#[derive(Clone, Default)]
pub struct RunOptions {
    /// How many samples it may emit.
    pub sample_limit: Option<u64>,
    /// How many bytes of memory its samples may take, and the families that it adds.
    pub byte_limit: Option<u64>,
    /// When it is given up. A run that still emits then ends there.
    pub deadline: Option<Instant>,
    /// Where parts of it run that may hang by themselves. Without it, they run on the collector's own thread.
    pub parts: Option<Arc<dyn Parts>>,
    /// Who has which names besides it. Without it, nobody has any.
    pub owners: Option<Arc<dyn Owners>>,
    /// The clock that the collector reads.
    pub clock: Clock,
}

impl fmt::Debug for RunOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunOptions")
            .field("sample_limit", &self.sample_limit)
            .field("byte_limit", &self.byte_limit)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Runs parts of a run elsewhere, see [`Scrape::isolate`](crate::Scrape::isolate).
pub trait Parts: Send + Sync {
    /// Runs parts, each with its name, on other threads, and waits for their ends, no longer than `time` in all.
    ///
    /// The result of a part, in their order, is an error when it did not end in time, panicked, or an earlier one under its
    /// name has not ended yet.
    fn isolate(&self, parts: Vec<(String, Work)>, time: PartsTime) -> Vec<Result>;
}

/// How long a run waits for its parts. As text: `100ms`, or that the run's own time-out ends sooner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartsTime {
    /// The time-out that the collector gave.
    Timeout(Duration),
    /// What the run's own time-out leaves, because that is less.
    Run(Duration),
}

impl PartsTime {
    /// The longest time that the run waits.
    pub fn limit(self) -> Duration {
        match self {
            Self::Timeout(limit) | Self::Run(limit) => limit,
        }
    }
}

impl fmt::Display for PartsTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(limit) => write!(f, "{limit:?}"),
            // How much was left differs from run to run, and a message that differs is logged at every run.
            Self::Run(_) => f.write_str("what `scrape.timeout` leaves of the run"),
        }
    }
}

/// Knows the names that others expose, see [`Scrape::owner_of`](crate::Scrape::owner_of).
pub trait Owners: Send + Sync {
    /// Who else described a metric that is exposed under one of `family`'s names, in words.
    fn owner_of(&self, family: &Family) -> Option<String>;
}

/// What a part does.
pub type Work = Box<dyn FnOnce() + Send>;

/// Why `emit` ended a run. It is the payload of the panic that unwinds it, which no panic hook is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It emitted more than this many samples.
    Samples(u64),
    /// Its samples took more than this many bytes.
    Bytes(u64),
    /// It was given up at its deadline.
    Deadline,
}

impl Stop {
    /// The stop that a caught panic was, if it was one.
    pub fn of(payload: &(dyn Any + Send)) -> Option<Self> {
        payload.downcast_ref().copied()
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Samples(limit) => write!(
                f,
                "more than {limit} samples; raise `scrape.sample_limit` if it is right to have so many"
            ),
            Self::Bytes(limit) => write!(
                f,
                "its samples take more than {limit} bytes; raise `scrape.byte_limit` if it is right to have so many"
            ),
            Self::Deadline => f.write_str("still emitting samples at its time-out"),
        }
    }
}

/// Counts the samples of a run. Most of them are a decrement: the limits are looked at once in a while.
#[derive(Debug)]
pub(crate) struct Meter {
    /// Samples left until the next look.
    left: u32,
    /// Samples emitted until the last look.
    counted: u64,
    quantum: u32,
    /// Bytes of memory taken.
    bytes: u64,
    byte_limit: u64,
    /// Whether a sample was left out, whose labels are too long.
    left_out: bool,
}

/// How many samples go by between two looks. A run may exceed its deadline by so many.
const QUANTUM: u32 = 256;

impl Meter {
    pub(crate) fn new(options: &RunOptions) -> Self {
        let byte_limit = options.byte_limit.unwrap_or(u64::MAX);
        let (left, counted, quantum, bytes, left_out) = Default::default();
        let mut meter = Self { left, counted, quantum, bytes, byte_limit, left_out };
        meter.refill(options);
        meter
    }

    /// Counts one sample; returns whether it is time to look.
    #[inline]
    pub(crate) fn count(&mut self) -> bool {
        self.left -= 1;
        self.left == 0
    }

    /// Counts `bytes` of memory. When they are too many, the sample at hand is time to look.
    pub(crate) fn grow(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        if self.bytes > self.byte_limit {
            self.look();
        }
    }

    /// The sample at hand was left out, because its labels are too long.
    pub(crate) fn leave_out(&mut self) {
        self.left_out = true;
        self.look();
    }

    /// Whether a sample was left out since this was asked last.
    pub(crate) fn left_out(&mut self) -> bool {
        std::mem::take(&mut self.left_out)
    }

    fn look(&mut self) {
        self.quantum -= self.left - 1;
        self.left = 1;
    }

    /// Looks at the limits.
    #[cold]
    pub(crate) fn check(&mut self, options: &RunOptions) -> Result<(), Stop> {
        // Should the collector catch the unwinding, the next sample comes here again.
        self.left = 1;
        self.counted += u64::from(std::mem::take(&mut self.quantum));
        if let Some(limit) = options.sample_limit
            && self.counted > limit
        {
            return Err(Stop::Samples(limit));
        }
        if self.bytes > self.byte_limit {
            return Err(Stop::Bytes(self.byte_limit));
        }
        if options.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Stop::Deadline);
        }
        self.refill(options);
        Ok(())
    }

    fn refill(&mut self, options: &RunOptions) {
        // The sample past the limit is looked at when it comes.
        let allowed =
            options.sample_limit.map_or(u64::MAX, |limit| (limit - self.counted).saturating_add(1));
        self.quantum = u32::try_from(allowed).unwrap_or(QUANTUM).min(QUANTUM);
        self.left = self.quantum;
    }
}
