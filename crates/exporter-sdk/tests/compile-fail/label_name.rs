// error: illegal label name: it must match [a-zA-Z_][a-zA-Z0-9_]*

use exporter_sdk::*;

static M: Gauge<1> = Gauge::new("my_gauge", "help").labels(&["l 1"]);

fn main() {
    println!("{:?}", M.desc());
}
