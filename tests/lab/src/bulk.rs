//! Load: as many series as one asks for, half of them counters, half gauges.

use std::time::SystemTime;

use exporter_sdk::{Collector, Context, Counter, Desc, Gauge, Result, Scrape, register};
use rand::RngExt as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static MY_COUNTER: Counter<2> =
    Counter::new("my_counter", "counter_help_tag").labels(&["l3", "l4"]);
static MY_GAUGE: Gauge<2> = Gauge::new("my_gauge", "gauge_help_tag")
    .labels(&["l1", "l2"])
    .const_labels(&[("static_example", "I am static value")]);

/// The keys of `bulk`.
#[derive(Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// How many series to make; an even number.
    series: usize,
    /// Whether label values are random, and so hardly to be compressed.
    random_labels: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { series: 1000, random_labels: false }
    }
}

struct Bulk {
    /// The label values of one counter and one gauge each, made once.
    labels: Vec<[String; 2]>,
}

impl Collector for Bulk {
    const NAME: &'static str = "bulk";
    const METRICS: &'static [&'static Desc] = &[MY_COUNTER.desc(), MY_GAUGE.desc()];
    type Config = Config;

    fn new(config: &Config, _: &Context) -> Result<Self> {
        if !config.series.is_multiple_of(2) {
            return Err(format!("series: {} is not an even number", config.series).into());
        }
        let mut rng = rand::rng();
        let labels = |i| {
            if config.random_labels {
                [rng.random(), rng.random()].map(|value: u64| format!("{value:016x}"))
            } else {
                [format!("session-{i}"), format!("node-{}", i % 97)]
            }
        };
        Ok(Self { labels: (0..config.series / 2).map(labels).collect() })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        for [session, node] in &self.labels {
            scrape.emit(&MY_COUNTER, [session, node], now);
        }
        let mut rng = rand::rng();
        for [session, node] in &self.labels {
            scrape.emit(&MY_GAUGE, [session, node], rng.random::<f64>() * 1e6);
        }
        Ok(())
    }
}

register!(Bulk);
