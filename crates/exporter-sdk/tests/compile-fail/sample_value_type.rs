//! A value that is no number.

use exporter_sdk::*;

static M: Gauge<2> = Gauge::new("my_gauge", "help").labels(&["l1", "l2"]);

fn f(scrape: &mut Scrape) {
    scrape.emit(&M, [1, 2], "one");
}

fn main() {
    let _ = f;
}
