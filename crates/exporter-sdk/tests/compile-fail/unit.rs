//! A unit that the name does not have.

use exporter_sdk::Gauge;

static AGE: Gauge = Gauge::new("app_age_days", "How old it is.").unit("seconds");

fn main() {
    println!("{AGE:?}");
}
