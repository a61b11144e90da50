// error: expected an array with a size of 3, found one with a size of 2

use exporter_sdk::*;

static M: Gauge<3> = Gauge::new("my_gauge", "help").labels(&["l1", "l2"]);

fn main() {
    println!("{:?}", M.desc());
}
