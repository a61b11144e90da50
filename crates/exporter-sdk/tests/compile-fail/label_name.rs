//! A label whose name is not legal.

use exporter_sdk::*;

static M: Gauge<1> = Gauge::new("my_gauge", "help").labels(&["l 1"]);

fn main() {
    println!("{:?}", M.desc());
}
