//! The log: one line per event on standard error, as logfmt or JSON.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

use exporter_runtime::{is_panic_of_collector, redact};

use crate::logfmt::Logfmt;

#[derive(Debug)]
pub(crate) struct LogOptions {
    pub(crate) level: LevelFilter,
    pub(crate) format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Logfmt,
    Json,
}

/// Sends everything that is logged in this process to standard error, panics included.
pub(crate) fn init(options: &LogOptions) {
    let registry = tracing_subscriber::registry();
    // What the web server says of its threads at `info` is of no use to an operator. What it says of requests is a line for
    // each that is none, so that anyone could fill the log; they are told and counted where they are refused.
    let of_requests =
        if options.level >= LevelFilter::DEBUG { options.level } else { LevelFilter::OFF };
    let filter = Targets::new()
        .with_default(options.level)
        .with_targets([("actix_http", of_requests), ("h2", of_requests)])
        .with_target("actix_server", options.level.min(LevelFilter::WARN));
    let done = match options.format {
        LogFormat::Logfmt => {
            let layer = tracing_subscriber::fmt::layer().event_format(Logfmt);
            registry.with(layer.with_writer(io::stderr).with_filter(filter)).try_init()
        }
        LogFormat::Json => {
            let layer =
                tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false);
            registry.with(layer.with_writer(io::stderr).with_filter(filter)).try_init()
        }
    };
    if let Err(error) = done {
        eprintln!("warning: log options have no effect, logging was set up before: {error}");
    }
    std::panic::set_hook(Box::new(|panic| {
        // It is told with the failure of its run.
        if is_panic_of_collector(panic) {
            return;
        }
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("panicked");
        tracing::error!(location, panic = &*redact(message), "Panicked");
    }));
}
