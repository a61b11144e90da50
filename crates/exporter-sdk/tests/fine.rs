//! A metric that is in order.

use exporter_sdk::Gauge;

static FINE: Gauge<1> = Gauge::new("fine", "Nothing is wrong.").labels(&["label"]);

fn main() {
    assert_eq!(FINE.desc().name(), "fine");
}
