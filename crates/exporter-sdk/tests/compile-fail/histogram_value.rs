//! A histogram emitted as one number.

use exporter_sdk::{Histogram, Scrape};

static LATENCY: Histogram = Histogram::new("latency_seconds", "How long it took.");

fn emit(scrape: &mut Scrape) {
    scrape.emit(&LATENCY, (), 1.5);
}

fn main() {
    let _ = emit;
}
