//! A constant label that is a label as well.

use exporter_sdk::*;

static M: Gauge<1> =
    Gauge::new("my_gauge", "help").labels(&["l1"]).const_labels(&[("l1", "x")]);

fn main() {
    println!("{:?}", M.desc());
}
