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
    announce(catalog, &registry, &info, &listeners);
    let web = WebOptions {
        name: info.name,
        version: info.version,
        telemetry_path: options.telemetry_path,
    };
    serve(listeners, Arc::new(registry), &web, stop_signal())
        .map_err(|error| Exit::Failure(format!("the web server failed: {error}")))?;
    tracing::info!("Stopped");
    Ok(())
}

fn announce(catalog: &Catalog, registry: &Registry, info: &BuildInfo, listeners: &[Listener]) {
    if catalog.iter().len() == 0 {
        tracing::warn!(
            "No collector is built into this binary, so it serves its own metrics only; \
             build some in with: cargo build --features gauge,counter"
        );
    }
    let collectors = registry.collectors().collect::<Vec<_>>().join(",");
    tracing::info!(name = info.name, version = info.version, collectors, "Starting");
    for listener in listeners {
        let address = listener.address().to_string();
        tracing::info!(address, "Listening on");
    }
}

/// Completes at SIGINT or SIGTERM.
async fn stop_signal() {
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
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
