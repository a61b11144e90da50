//! An exception from lint for no reason.

use exporter_sdk::*;

static M: Gauge = Gauge::new("my_gauge", "help").lint_exception("");

fn main() {
    println!("{:?}", M.desc());
}
