//! An exporter with collectors that read files, for targets to feed.

use std::path::Path;

use collector_cpu as _;
use collector_diskstats as _;
use collector_filesystem as _;
use collector_json as _;
use collector_loadavg as _;
use collector_meminfo as _;
use collector_netdev as _;
use collector_stat as _;
use collector_textfile as _;
use exporter_runtime::{
    BuildInfo, Catalog, Node, Reason, Registry, RegistryOptions, Scraped, read_settings,
};

/// What is linked.
pub fn catalog() -> Catalog {
    Catalog::linked(Vec::new()).expect("the collectors have names of their own")
}

/// An exporter with this configuration file, or what is wrong with that.
pub fn exporter(catalog: &Catalog, file: &str) -> Result<Registry, String> {
    let node = Node::parse("exporter.yml", file).map_err(|error| error.to_string())?;
    let settings =
        read_settings(node, Path::new(""), catalog).map_err(|error| error.to_string())?;
    let build = BuildInfo::new("fuzz", "0");
    let options = RegistryOptions::default();
    Registry::new(catalog, &settings, &build, options).map_err(|error| error.to_string())
}

/// A collector may fail, but not by a panic.
pub fn check(scraped: &Scraped) {
    for missing in &scraped.missing {
        assert!(missing.failure.reason != Reason::Panic, "{missing:?}");
    }
}
