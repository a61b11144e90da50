//! Exporters that do not start, and configurations that are refused.

use std::path::Path;

use exporter_runtime::{
    BuildInfo, Catalog, CollectorType, Node, Registry, RegistryOptions, Settings, read_settings,
};
use exporter_sdk::{
    Collector, Context, Desc, Gauge, Origin, Register, Registration, Result, Scrape,
};
use exporter_testkit::Probe;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::check;

static JOBS: Gauge = Gauge::new("jobs", "Jobs that wait.");

/// The keys of a collector.
#[derive(Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    /// Where the jobs are.
    directory: String,
    /// How many are looked at.
    most: u32,
}

macro_rules! spool {
    ($type:ident, $name:literal) => {
        struct $type;

        impl Collector for $type {
            const NAME: &'static str = $name;
            const METRICS: &'static [&'static Desc] = &[JOBS.desc()];
            type Config = Keys;

            fn new(keys: &Keys, _: &Context) -> Result<Self> {
                if keys.directory == "/" {
                    return Err("directory: `/` is no spool; name the folder with the jobs".into());
                }
                Ok(Self)
            }

            fn collect(&mut self, scrape: &mut Scrape) -> Result {
                scrape.emit(&JOBS, (), 1);
                Ok(())
            }
        }
    };
}

spool!(Spool, "spool");
spool!(Queue, "queue");

#[test]
fn keys_and_values_that_are_not_right() {
    let refused = |config| Probe::of::<Spool, _>().config(config).refused_at();
    check("config_unknown_key", &refused("directry: /srv"));
    check("config_bad_value", &refused("most: many"));
    check("config_refused_by_new", &refused("directory: /"));
}

/// A collector of the package `package`.
fn kind<C: Register<Way>, Way>(package: &'static str) -> CollectorType {
    let origin =
        Origin { package, version: Some("1.0.0"), description: "", file: "src/lib.rs", line: 1 };
    CollectorType::from(&Registration::of::<C, Way>(origin))
}

#[test]
fn collectors_that_do_not_fit_together() {
    let twins =
        Catalog::new(vec![kind::<Spool, _>("collector-a"), kind::<Spool, _>("collector-b")]);
    check("two_collectors_of_one_name", &twins.unwrap_err().to_string());
    let catalog =
        Catalog::new(vec![kind::<Spool, _>("collector-a"), kind::<Queue, _>("collector-b")]);
    let build = BuildInfo::new("test", "0");
    let (settings, options) = (Settings::default(), RegistryOptions::default());
    let clash = Registry::new(&catalog.unwrap(), &settings, &build, options);
    check("two_collectors_of_one_metric", &clash.unwrap_err().to_string());
}

/// What an exporter says in whose `main.rs` the line `use collector_queue as _;` was forgotten.
#[test]
fn a_collector_that_is_not_linked() {
    let catalog = Catalog::new(vec![kind::<Spool, _>("collector-a")]).unwrap();
    let node = Node::parse("exporter.yml", "collectors:\n  queue:\n").unwrap();
    let refused = read_settings(node, Path::new(""), &catalog).unwrap_err();
    check("use_line_forgotten", &refused.to_string());
}
