//! The exporter with the collectors that its Cargo features pick. Copy this package for a build of your own.
//!
//! A crate that nothing names is not linked, and what it registers is lost: hence a `use` line for every feature. The
//! lint makes a missing one an error.

#![cfg_attr(not(test), deny(unused_crate_dependencies))]

#[cfg(feature = "counter")]
use collector_counter as _;
#[cfg(feature = "cpu")]
use collector_cpu as _;
#[cfg(feature = "diskstats")]
use collector_diskstats as _;
#[cfg(feature = "filesystem")]
use collector_filesystem as _;
#[cfg(feature = "gauge")]
use collector_gauge as _;
#[cfg(feature = "json")]
use collector_json as _;
#[cfg(feature = "loadavg")]
use collector_loadavg as _;
#[cfg(feature = "meminfo")]
use collector_meminfo as _;
#[cfg(feature = "netdev")]
use collector_netdev as _;
#[cfg(feature = "stat")]
use collector_stat as _;
#[cfg(feature = "textfile")]
use collector_textfile as _;
#[cfg(feature = "time")]
use collector_time as _;
#[cfg(feature = "uname")]
use collector_uname as _;

fn main() -> std::process::ExitCode {
    exporter_app::main()
}
