//! The exporter's life: build the collectors, listen, serve, stop.

use std::sync::Arc;

use exporter_http::{Listener, WebOptions, serve};
use exporter_runtime::{BuildInfo, Catalog, Registry, RegistryOptions, Settings};
use tokio::signal::unix::{SignalKind, signal};

use crate::app::Exit;
use crate::cli::RunOptions;
use crate::logging;

pub(crate) fn run(
    catalog: &Catalog,
    settings: &Settings,
    info: BuildInfo,
    options: RunOptions,
) -> Result<(), Exit> {
    logging::init(&options.log);
    let registry_options = RegistryOptions { exporter_metrics: options.exporter_metrics };
    let registry =
        Registry::new(catalog, settings, &info, registry_options).map_err(Exit::failure)?;
    let listeners: Vec<Listener> = options
        .listen
        .iter()
        .map(Listener::bind)
        .collect::<Result<_, _>>()
        .map_err(Exit::failure)?;
    for note in &options.notes {
        tracing::info!("{note}");
    }
    announce(catalog, &registry, &info);
    let addresses: Vec<String> =
        listeners.iter().map(|listener| listener.address().to_string()).collect();
    let web = WebOptions {
        name: info.name,
        version: info.version,
        telemetry_path: options.telemetry_path,
        max_requests: options.max_requests,
        reload: None,
    };
    let ready = || {
        // Who reads the addresses may send a signal at once.
        let signal = stop_signal();
        for address in addresses {
            tracing::info!(address, "Listening on");
        }
        signal
    };
    serve(listeners, Arc::new(registry), web, options.shutdown_delay, ready)
        .map_err(|error| Exit::Failure(format!("the web server failed: {error}")))?;
    tracing::info!("Stopped");
    Ok(())
}

fn announce(catalog: &Catalog, registry: &Registry, info: &BuildInfo) {
    if catalog.iter().len() == 0 {
        tracing::warn!(
            "No collector is built into this binary, so it serves its own metrics only; \
             build some in with: cargo build --features gauge,counter"
        );
    }
    let collectors = registry.collectors().join(",");
    tracing::info!(name = info.name, version = info.version, collectors, "Starting");
}

/// Receives SIGINT and SIGTERM from now on; the future completes at the first of them.
fn stop_signal() -> impl Future<Output = ()> + 'static {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            tracing::error!("Signals cannot be received; only SIGKILL ends this process");
            return std::future::pending().await;
        };
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        };
        tracing::info!(signal = name, "Stopping");
    }
}
