//! A whole Prometheus exporter as a library. This is one, in a file of 27 lines:
//!
//! ```no_run
#![doc = include_str!("../examples/foo_exporter.rs")]
//! ```
//!
//! It has the command line, endpoints, logs and exit codes of `exporter-bin`, which is the same library with the
//! collectors that its Cargo features pick. Collectors that registered themselves with
//! [`register!`](exporter_sdk::register) in any linked crate are served beside those that are given here.

#![forbid(unsafe_code)]

mod app;
mod args;
mod build_info;
mod check;
mod cli;
mod configuration;
mod flags;
mod inspect;
mod logfmt;
mod logging;
mod markdown;
mod node_flags;
mod run;
mod spelling;
mod systemd;

pub use crate::app::{App, main};
pub use exporter_runtime::{Registry, Rendered, ScrapeRequest, Scraped, Settings, StartError};
