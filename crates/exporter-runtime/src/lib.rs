//! Runs the collectors of an exporter.
//!
//! The way of a scrape: a [`Catalog`] knows the collectors that this binary has, [`Settings`] say which of them run and
//! how, and a [`Registry`] holds one slot for each. [`Registry::scrape`] runs the slots and puts their snapshots, the
//! evidence of how each run went, and the metrics of the exporter itself on one page.

#![forbid(unsafe_code)]

mod catalog;
mod claims;
mod evidence;
mod process;
mod recording;
mod registry;
mod settings;
mod slot;
mod telemetry;

pub use crate::catalog::{Catalog, CatalogError, CollectorType};
pub use crate::registry::{BuildInfo, Registry, RegistryOptions, StartError};
pub use crate::settings::{CollectorSettings, Settings};
pub use crate::telemetry::WebMetrics;
