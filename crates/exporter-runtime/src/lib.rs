//! Runs the collectors of an exporter.
//!
//! The way of a scrape: a [`Catalog`] knows the collectors that this binary has, [`Settings`] say which of them run and
//! how, and a [`Registry`] holds one slot for each. [`Registry::scrape`] starts a run in each slot, or joins the one that
//! goes on, waits for them as long as its scraper does, and puts their snapshots, the evidence of how each run went, and
//! the metrics of the exporter itself on one page. Collectors run on threads of their own, see `pool.rs`.

#![forbid(unsafe_code)]

mod build_info;
mod catalog;
mod caught;
mod claims;
mod configuration;
mod configuration_schema;
mod counters;
mod error;
mod evidence;
mod gate;
mod gather;
mod history;
mod node;
mod options;
mod partial;
mod plan;
mod polls;
mod pool;
mod process;
mod recording;
mod refresh;
mod registry;
mod render;
mod request;
mod run;
mod schedule;
mod services;
mod settings;
mod slot;
mod status;
mod telemetry;
mod work;

pub use crate::build_info::BuildInfo;
pub use crate::catalog::{Catalog, CatalogError, CollectorType};
pub use crate::caught::is_panic_of_collector;
pub use crate::configuration::{document_scrape_keys, effective_configuration, read_settings};
pub use crate::configuration_schema::configuration_schema;
pub use crate::error::StartError;
pub use crate::options::RegistryOptions;
pub use crate::registry::{Missing, Registry, Scraped};
pub use crate::render::Rendered;
pub use crate::request::{BadRequest, ScrapeRequest, TIMEOUT_HEADER};
pub use crate::run::{Failure, Reason};
pub use crate::settings::{
    CollectorSettings, DuplicatePolicy, FailurePolicy, ScrapeSettings, Settings, WebSettings,
};
pub use crate::status::{CollectorStatus, LastRun, RunState, RunTime};
pub use exporter_exposition::{GzipMethod, lint, lint_samples};

pub use exporter_config::{
    KeyDoc, Node, Origin as ConfigOrigin, Problem, SecretFile, Shape, document_keys, redact,
    to_yaml, unknown_name,
};

pub use crate::telemetry::{Refusal, RequestInFlight, WebMetrics};
