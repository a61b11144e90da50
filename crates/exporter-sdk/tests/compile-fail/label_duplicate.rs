//! A label that occurs twice.

use exporter_sdk::*;

static M: Gauge<2> = Gauge::new("my_gauge", "help").labels(&["l1", "l1"]);

fn main() {
    println!("{:?}", M.desc());
}
