// error: duplicate label name: a label may occur only once, constant labels included

use exporter_sdk::*;

static M: Gauge<1> =
    Gauge::new("my_gauge", "help").labels(&["l1"]).const_labels(&[("l1", "x")]);

fn main() {
    println!("{:?}", M.desc());
}
