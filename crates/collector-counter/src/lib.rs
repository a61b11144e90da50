//! Example collector: one counter that holds the Unix time, with labels that are new at every scrape.

#![forbid(unsafe_code)]

use std::time::SystemTime;

use exporter_sdk::{Collector, Context, Counter, Desc, NoConfig, Result, Scrape, register};
use rand::RngExt as _;

static MY_COUNTER: Counter<2> = Counter::new("my_counter", "counter_help_tag")
    .labels(&["l3", "l4"])
    .lint_exception("the name is that of the reference exporter");

struct MyCounter;

impl Collector for MyCounter {
    const NAME: &'static str = "counter";
    const METRICS: &'static [&'static Desc] = &[MY_COUNTER.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let mut rng = rand::rng();
        let labels = [rng.random_range(0..2222), rng.random_range(0..3222)];
        let now = scrape.now().duration_since(SystemTime::UNIX_EPOCH)?;
        scrape.emit(&MY_COUNTER, labels, now.as_secs());
        Ok(())
    }
}

register!(MyCounter);

#[cfg(test)]
exporter_testkit::conformance!(
    MyCounter,
    volatile: ["my_counter"],
);
