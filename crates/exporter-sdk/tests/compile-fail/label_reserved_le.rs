// error: reserved label name: `le`, `quantile` and names that begin with `__` are not for collectors

use exporter_sdk::*;

static M: Gauge<1> = Gauge::new("my_gauge", "help").labels(&["le"]);

fn main() {
    println!("{:?}", M.desc());
}
