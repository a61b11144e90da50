//! A metric without a name.

use exporter_sdk::*;

static M: Counter = Counter::new("", "help");

fn main() {
    println!("{:?}", M.desc());
}
