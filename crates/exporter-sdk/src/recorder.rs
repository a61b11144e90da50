//! Runs of one collector, again and again: [`Recorder`] turns each into a snapshot, or says why there is none.

use std::fmt;
use std::sync::Arc;

use hashbrown::HashMap;

use crate::error::{Error, Result};
use crate::family::Family;
use crate::labels::Layout;
use crate::limits::RunOptions;
use crate::scrape::Scrape;
use crate::snapshot::Snapshot;

type Index<K> = HashMap<K, usize, foldhash::fast::RandomState>;

/// Runs one collector again and again and turns each run into a [`Snapshot`]. For those who run collectors: the runtime
/// and tests.
#[derive(Debug)]
pub struct Recorder {
    pub(crate) families: Vec<Family>,
    pub(crate) unchecked: bool,
    /// A label that every sample gets.
    pub(crate) label: Option<(Arc<str>, Arc<str>)>,
    /// The layouts of the families, and of those that the current run added.
    pub(crate) layouts: Vec<Layout>,
    pub(crate) by_address: Index<usize>,
    pub(crate) by_name: Index<Box<str>>,
}

impl Recorder {
    /// A recorder for a collector that describes `families`. `unchecked` lets its runs add others.
    pub fn new(families: Vec<Family>, unchecked: bool) -> Self {
        let by_address = families.iter().enumerate().map(|(i, f)| (f.address(), i)).collect();
        let by_name = families.iter().enumerate().map(|(i, f)| (f.name().into(), i)).collect();
        let layouts = families.iter().map(|family| family.layout().clone()).collect();
        Self { families, unchecked, label: None, layouts, by_address, by_name }
    }

    /// Adds a label to every sample, behind all others.
    ///
    /// # Errors
    ///
    /// When a family has a label of that name already.
    pub fn with_label(mut self, name: &str, value: &str) -> Result<Self> {
        self.label = Some((name.into(), value.into()));
        for family in &self.families {
            self.check_label(family)
                .map_err(|problem| format!("metric `{}`: {problem}", family.name()))?;
        }
        self.layouts = self.families.iter().map(|family| self.layout(family)).collect();
        Ok(self)
    }

    /// Checks that the label which every sample gets is none of `family`'s own.
    pub(crate) fn check_label(&self, family: &Family) -> Result<(), String> {
        let mut own = family.labels().chain(family.const_labels().map(|(name, _)| name));
        match &self.label {
            Some((name, _)) if own.any(|label| label == &**name) => Err(format!(
                "it has a label `{name}`, which the exporter adds where there are several instances of a collector"
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn layout(&self, family: &Family) -> Layout {
        match &self.label {
            Some((name, value)) => {
                let label = (name.as_ref(), value.as_ref());
                Layout::new(family.labels(), family.const_labels().chain([label]))
            }
            None => family.layout().clone(),
        }
    }

    /// Runs the collector once, without bounds. `spare` is a snapshot of an earlier run whose memory can be used again.
    ///
    /// # Errors
    ///
    /// See [`Scrape::finish`].
    pub fn record(
        &mut self,
        spare: Option<Snapshot>,
        run: impl FnOnce(&mut Scrape<'_>) -> Result<(), Error>,
    ) -> Result<Snapshot, RunError> {
        let mut scrape = self.begin(spare, RunOptions::default());
        let result = run(&mut scrape);
        scrape.finish(result)
    }

    /// Begins a run, which [`Scrape::finish`] ends.
    pub fn begin(&mut self, spare: Option<Snapshot>, options: RunOptions) -> Scrape<'_> {
        if self.unchecked {
            // What the last run added is not described, so it is not expected again.
            let described = self.families.len();
            self.by_address.retain(|_, index| *index < described);
            self.by_name.retain(|_, index| *index < described);
            self.layouts.truncate(described);
        }
        let mut snapshot = spare.unwrap_or_default();
        snapshot.reset(&self.families, &self.layouts);
        Scrape::new(self, snapshot, options)
    }
}

/// A sample that cannot be exposed: of which metric, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSample {
    pub(crate) metric: String,
    pub(crate) problem: String,
}

impl fmt::Display for InvalidSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metric `{}`: {}", self.metric, self.problem)
    }
}

impl std::error::Error for InvalidSample {}

/// Why a run has no snapshot.
#[derive(Debug)]
pub enum RunError {
    /// The collector returned an error.
    Collector(Error),
    /// The collector emitted something that cannot be exposed.
    Invalid(InvalidSample),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collector(error) => error.fmt(f),
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}
