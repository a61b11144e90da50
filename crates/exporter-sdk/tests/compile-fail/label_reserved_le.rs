//! A label that belongs to histograms.

use exporter_sdk::*;

static M: Gauge<1> = Gauge::new("my_gauge", "help").labels(&["le"]);

fn main() {
    println!("{:?}", M.desc());
}
