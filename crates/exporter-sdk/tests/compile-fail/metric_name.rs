//! A metric whose name is not legal.

use exporter_sdk::*;

static M: Gauge = Gauge::new("my-gauge", "help");

fn main() {
    println!("{:?}", M.desc());
}
