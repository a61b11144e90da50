//! Example collector: one gauge whose labels and value are new at every scrape.

#![forbid(unsafe_code)]

use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Result, Scrape, register};
use rand::RngExt as _;

static MY_GAUGE: Gauge<2> = Gauge::new("my_gauge", "gauge_help_tag")
    .labels(&["l1", "l2"])
    .const_labels(&[("static_example", "I am static value")])
    .lint_exception("the name is that of the reference exporter");

struct MyGauge;

impl Collector for MyGauge {
    const NAME: &'static str = "gauge";
    const METRICS: &'static [&'static Desc] = &[MY_GAUGE.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let mut rng = rand::rng();
        let labels = [rng.random_range(0..1111), rng.random_range(0..2222)];
        scrape.emit(&MY_GAUGE, labels, rng.random_range(0..999_999));
        Ok(())
    }
}

register!(MyGauge);

#[cfg(test)]
exporter_testkit::conformance!(
    MyGauge,
    volatile: ["my_gauge"],
);
