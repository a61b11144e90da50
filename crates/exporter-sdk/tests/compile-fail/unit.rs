// error: the name of a metric with a unit ends in it: `_seconds`, or `_seconds_total`
//! A unit that the name does not have.

use exporter_sdk::Gauge;

static AGE: Gauge = Gauge::new("app_age_days", "How old it is.").unit("seconds");

fn main() {
    println!("{AGE:?}");
}
