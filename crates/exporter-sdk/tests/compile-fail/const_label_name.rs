//! A constant label whose name is not legal.

use exporter_sdk::*;

static M: Gauge = Gauge::new("my_gauge", "help").const_labels(&[("1", "x")]);

fn main() {
    println!("{:?}", M.desc());
}
