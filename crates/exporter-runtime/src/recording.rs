//! Repeated runs into snapshots whose memory is used again.

use std::sync::Arc;

use exporter_sdk::{
    Deduplicator, Duplicates, Family, Recorder, Result, RunError, RunOptions, Scrape, Snapshot,
};

/// A recorder with the snapshots that it made lately. One that no page refers to any more gives its memory to the next
/// run.
#[derive(Debug)]
pub(crate) struct Recording {
    recorder: Recorder,
    deduplicator: Deduplicator,
    lent: Vec<Arc<Snapshot>>,
}

/// Snapshots are held by pages until they are sent. More than this many at once are pages for slow readers, whose memory
/// is better given back.
const KEPT: usize = 4;

impl Recording {
    pub(crate) fn new(recorder: Recorder) -> Self {
        Self { recorder, deduplicator: Deduplicator::default(), lent: Vec::new() }
    }

    /// A recording of what describes itself.
    pub(crate) fn of(families: Vec<Family>, unchecked: bool) -> Self {
        Self::new(Recorder::new(families, unchecked))
    }

    /// Begins a run; what [`Scrape::finish`] makes of it is handed to [`keep`](Self::keep).
    pub(crate) fn begin(&mut self, options: RunOptions) -> Scrape<'_> {
        let free = self.lent.iter().position(|snapshot| Arc::strong_count(snapshot) == 1);
        let spare = free.and_then(|index| Arc::into_inner(self.lent.swap_remove(index)));
        self.recorder.begin(spare, options)
    }

    /// Takes a finished snapshot, without what came twice.
    pub(crate) fn keep(&mut self, mut snapshot: Snapshot) -> (Arc<Snapshot>, Option<Duplicates>) {
        let duplicates = self.deduplicator.run(&mut snapshot);
        let snapshot = Arc::new(snapshot);
        if self.lent.len() < KEPT {
            self.lent.push(Arc::clone(&snapshot));
        }
        (snapshot, duplicates)
    }

    /// A run of the exporter itself, without bounds.
    pub(crate) fn record(
        &mut self,
        run: impl FnOnce(&mut Scrape<'_>) -> Result,
    ) -> Result<Arc<Snapshot>, RunError> {
        let mut scrape = self.begin(RunOptions::default());
        let result = run(&mut scrape);
        let snapshot = scrape.finish(result)?;
        Ok(self.keep(snapshot).0)
    }
}
