//! More labels in the type than have names.

use exporter_sdk::*;

static M: Gauge<3> = Gauge::new("my_gauge", "help").labels(&["l1", "l2"]);

fn main() {
    println!("{:?}", M.desc());
}
