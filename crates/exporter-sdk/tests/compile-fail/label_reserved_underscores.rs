//! A label that belongs to Prometheus.

use exporter_sdk::*;

static M: Gauge<1> = Gauge::new("my_gauge", "help").labels(&["__name__"]);

fn main() {
    println!("{:?}", M.desc());
}
