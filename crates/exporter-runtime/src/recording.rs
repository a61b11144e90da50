//! Repeated runs into snapshots whose memory is used again.

use std::sync::Arc;

use exporter_sdk::{Family, Recorder, Result, RunError, Scrape, Snapshot};

/// A recorder with the snapshots that it made lately. One that no page refers to any more gives its memory to the next
/// run.
#[derive(Debug)]
pub(crate) struct Recording {
    recorder: Recorder,
    lent: Vec<Arc<Snapshot>>,
}

/// Snapshots are held by pages until they are sent. More than this many at once are pages for slow readers, whose memory
/// is better given back.
const KEPT: usize = 4;

impl Recording {
    pub(crate) fn new(families: Vec<Family>, unchecked: bool) -> Self {
        Self { recorder: Recorder::new(families, unchecked), lent: Vec::new() }
    }

    pub(crate) fn run(
        &mut self,
        run: impl FnOnce(&mut Scrape<'_>) -> Result,
    ) -> Result<Arc<Snapshot>, RunError> {
        let free = self.lent.iter().position(|snapshot| Arc::strong_count(snapshot) == 1);
        let spare = free.and_then(|index| Arc::into_inner(self.lent.swap_remove(index)));
        let snapshot = Arc::new(self.recorder.record(spare, run)?);
        if self.lent.len() < KEPT {
            self.lent.push(Arc::clone(&snapshot));
        }
        Ok(snapshot)
    }
}
