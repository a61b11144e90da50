//! Bridge between the `prometheus` crate and our collectors, in both directions.
//!
//! # Inwards: what was instrumented with that crate, on our pages
//!
//! [`RegistryBridge`] reads a `prometheus::Registry`, [`CollectorBridge`] a single collector of that crate, and either emits
//! what it finds into a scrape: counters, gauges, histograms, summaries and untyped metrics. One line makes a collector of
//! ours of it, with a name, flags and evidence of its own, in every exporter that links the crate which has that line:
//!
//! ```
//! use exporter_prometheus::{RegistryBridge, register_bridge};
//!
//! register_bridge!("app", RegistryBridge::default_registry());
//! ```
//!
//! Such a collector is [unchecked](exporter_sdk::Collector::UNCHECKED): that crate's descriptors do not tell the kind of
//! a metric, so what a registry has is known only once it was read, and is checked then, at every scrape.
//!
//! Nothing of that crate's encoder is used, so its defects end here. What cannot be exposed (an illegal name, a label given
//! twice, buckets that contradict each other, two kinds under one name) is an error of the run that read it and names the
//! metric; none of that run's samples are exposed, and no other collector is affected. A family without metrics is left
//! out. Time stamps are left out as well: a scrape tells what is the case when it happens.
//!
//! # Outwards: our collectors, in that crate's registry
//!
//! [`PrometheusCollector`] is a collector of ours as that crate wants them, for programs that serve a
//! `prometheus::Registry` already:
//!
//! ```
//! use exporter_prometheus::PrometheusCollector;
//! use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Result, Scrape};
//!
//! static DEPTH: Gauge<1> = Gauge::new("spool_depth", "Files that wait.").labels(&["queue"]);
//!
//! struct Spool;
//!
//! impl Collector for Spool {
//!     const NAME: &'static str = "spool";
//!     const METRICS: &'static [&'static Desc] = &[DEPTH.desc()];
//!     type Config = NoConfig;
//!
//!     fn new(_: &NoConfig, _: &Context) -> Result<Self> {
//!         Ok(Self)
//!     }
//!
//!     fn collect(&mut self, scrape: &mut Scrape) -> Result {
//!         scrape.emit(&DEPTH, ["in"], 3);
//!         Ok(())
//!     }
//! }
//!
//! let registry = prometheus::Registry::new();
//! let spool = PrometheusCollector::new::<Spool>(NoConfig {}, Context::new("spool"))?;
//! registry.register(Box::new(spool))?;
//! let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather())?;
//! assert!(text.ends_with("spool_depth{queue=\"in\"} 3\n"));
//! # Ok::<(), exporter_sdk::Error>(())
//! ```
//!
//! # Two data models
//!
//! The crate has two data models, chosen by its feature `protobuf`, and any package in a build can switch that on for all
//! others. This bridge works with either. Only untyped metrics are out of reach with `protobuf`, where that crate gives
//! no access to their values; they are an error there.

#![forbid(unsafe_code)]

mod bridge;
mod emit;
mod gathered;
mod model;
mod outward;
mod register;

pub use crate::bridge::{CollectorBridge, RegistryBridge};
pub use crate::outward::PrometheusCollector;

/// For the macro of this crate only.
#[doc(hidden)]
pub mod __private {
    pub use exporter_sdk;
}
