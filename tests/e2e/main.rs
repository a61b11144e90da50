//! End to end: the binary as it was built, with the clients that it is for.
//!
//! Run with `cargo xtask test`; by hand with `cargo test --package exporter-bin --all-features`.

mod cli;
#[path = "../../xtask/src/collector_readme.rs"]
mod collector_readme;
mod configuration;
mod docs;
mod json;
mod local_registry;
mod mounts;
mod node_exporter;
mod own_series;
mod parity;
mod prometheus;
mod reference;
mod scaffold;
mod shipped;
mod textfile;

/// The binary under test, with the features of this build.
const EXPORTER: &str = env!("CARGO_BIN_EXE_exporter-bin");

/// The reference exporter, though the binary has more collectors.
const REFERENCE: [&str; 3] =
    ["--collector.disable-defaults", "--collector.gauge", "--collector.counter"];
