// error: illegal metric name: it must match [a-zA-Z_:][a-zA-Z0-9_:]*

use exporter_sdk::*;

static M: Gauge = Gauge::new("my-gauge", "help");

fn main() {
    println!("{:?}", M.desc());
}
