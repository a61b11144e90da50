//! A metric that is not there for ever.

use exporter_sdk::*;

fn f(scrape: &mut Scrape, metric: &Gauge) {
    scrape.emit(metric, (), 1);
}

fn main() {
    let _ = f;
}
