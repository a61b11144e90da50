//! The bridge as its users see it, in both directions. CI runs these tests with both data models of the `prometheus` crate.

mod inwards;
mod log;
mod outwards;

use std::sync::Arc;

use exporter_exposition::{Encoder, Format, Page, Piece};
use exporter_sdk::{Recorder, Run, RunError, Snapshot};

/// One run of an unchecked collector.
fn run(collector: &mut dyn Run) -> Result<Snapshot, RunError> {
    Recorder::new(Vec::new(), true).record(None, |scrape| collector.run(scrape))
}

/// The page with this snapshot, as our encoder writes it.
fn text(snapshot: Snapshot) -> String {
    let mut piece = Piece::new(1 << 16);
    let more = Encoder::new(Page::new(vec![Arc::new(snapshot)]), Format::Text).fill(&mut piece);
    assert!(!more);
    String::from_utf8(piece.as_ref().to_vec()).unwrap()
}
