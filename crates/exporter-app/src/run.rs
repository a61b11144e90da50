//! The exporter's life: build the collectors, listen, serve, reload, stop.

use std::sync::Arc;

use exporter_http::{Listener, OTHER_FILES, Reload, WebConfigFile, WebOptions, serve};
use exporter_runtime::{BuildInfo, Catalog, Registry, RegistryOptions};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::app::Exit;
use crate::cli::RunOptions;
use crate::configuration::{Reloader, Source};
use crate::{logging, systemd};

pub(crate) fn run(
    catalog: &Catalog,
    source: Source,
    info: BuildInfo,
    options: RunOptions,
) -> Result<(), Exit> {
    logging::init(&options.log);
    let settings = source.load(catalog).map_err(Exit::failure)?;
    let registry_options = RegistryOptions {
        exporter_metrics: options.exporter_metrics,
        collector_samples: options.collector_samples,
        node_build_info: options.node_build_info,
        openmetrics: options.openmetrics,
        gzip: options.gzip,
    };
    let registry = Registry::new(catalog, &settings, &info, registry_options);
    let registry = Arc::new(registry.map_err(Exit::failure)?);
    let web_config = WebConfigFile::read(options.web_config.as_deref()).map_err(Exit::failure)?;
    let web_config = Arc::new(web_config);
    for warning in web_config.warnings() {
        tracing::warn!("{warning}");
    }
    let max_connections = connections(options.max_connections, raise_file_limit())?;
    let listeners = if options.systemd_socket {
        Listener::from_systemd()
    } else {
        options.listen.iter().map(Listener::bind).collect()
    };
    let listeners = listeners.map_err(Exit::failure)?;
    warn_of_open_sockets(&listeners, &web_config, &registry);
    for note in &options.notes {
        tracing::info!("{note}");
    }
    announce(catalog, &registry, &info);
    let places = places(&listeners, &web_config, &options);
    let reloader = Reloader::new(source, Arc::clone(&registry), Arc::clone(&web_config));
    if let Some(interval) = options.auto_reload {
        let watched = Arc::clone(&reloader).watch(interval);
        watched.map_err(|error| {
            Exit::Failure(format!("automatic reloads cannot be started: {error}"))
        })?;
    }
    let on_request = Arc::clone(&reloader);
    let web = WebOptions {
        name: info.name,
        version: info.version,
        telemetry_path: options.telemetry_path,
        max_requests: options.max_requests,
        prefix: options.prefix,
        external: options.external,
        debug: options.debug,
        config: web_config,
        max_connections,
        read_timeout: options.read_timeout,
        idle_timeout: options.idle_timeout,
        reload: options.lifecycle.then(|| Arc::new(move || on_request.reload()) as Arc<Reload>),
    };
    let ready = || {
        // Who reads the addresses may send a signal at once.
        let signal = stop_signal(reloader);
        for (url, address) in places {
            tracing::info!(url, address, "Listening on");
        }
        systemd::ready();
        signal
    };
    serve(listeners, registry, web, options.shutdown_delay, ready)
        .map_err(|error| Exit::Failure(format!("the web server failed: {error}")))?;
    tracing::info!("Stopped");
    Ok(())
}

/// How many files may be open. The soft limit is low for the sake of programs that use `select`; connections need more. Go
/// programs do the same.
fn raise_file_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    // Where it may not be raised, it stays.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files).unwrap_or(usize::MAX)
}

/// As many connections as there can be files for: where the process has no more files, nobody gets in, while a limit of
/// connections lets idle ones make room.
fn connections(wanted: usize, files: usize) -> Result<usize, Exit> {
    const MOST: usize = 1 << 20;
    /// What the web server opens before anybody connects.
    const LEAST_FILES: usize = 32;
    let how = "raise it (LimitNOFILE= of systemd, `ulimit -Hn`)";
    if files < LEAST_FILES {
        return Err(Exit::Failure(format!(
            "the limit of open files, {files}, is too low to serve anybody; {how}"
        )));
    }
    let possible = files.saturating_sub(OTHER_FILES).max(files / 8).clamp(1, MOST);
    if wanted > possible && wanted != usize::MAX {
        tracing::warn!(
            "The limit of open files, {files}, leaves room for {possible} of the {wanted} connections of --web.max-connections; \
             {how}"
        );
    }
    Ok(wanted.min(possible))
}

/// There is no TLS on Unix sockets. Where a certificate is all that clients need, they need nothing there.
fn warn_of_open_sockets(listeners: &[Listener], config: &WebConfigFile, registry: &Registry) {
    if !config.asks_for_certificates_only() || !registry.web_settings().bearer_tokens.is_empty() {
        return;
    }
    for listener in listeners.iter().filter(|listener| listener.is_unix()) {
        tracing::warn!(
            address = listener.address(),
            "Clients show no certificates on a Unix socket: whoever the mode of its file lets in gets every page; add \
             basic_auth_users or bearer_tokens if that is too many"
        );
    }
}

fn announce(catalog: &Catalog, registry: &Registry, info: &BuildInfo) {
    if catalog.iter().len() == 0 {
        tracing::warn!(
            "No collector is built into this binary, so it serves its own metrics only; \
             build some in with: cargo build --features gauge,counter"
        );
    }
    let collectors = registry.collectors().join(",");
    let revision = Some(info.revision.as_str()).filter(|revision| !revision.is_empty());
    tracing::info!(name = info.name, version = info.version, revision, collectors, "Starting");
}

/// Where the metrics are: for each socket the URL that opens them on this machine, if there is one, and the address.
fn places(
    listeners: &[Listener],
    config: &WebConfigFile,
    options: &RunOptions,
) -> Vec<(Option<String>, String)> {
    let scheme = if config.has_tls() { "https" } else { "http" };
    let (prefix, path) = (&options.prefix, &options.telemetry_path);
    let url = |authority| format!("{scheme}://{authority}{prefix}{path}");
    let place = |it: &Listener| (it.authority().map(url), it.address().to_owned());
    listeners.iter().map(place).collect()
}

/// Receives SIGINT, SIGTERM and SIGHUP from now on; the future completes at the first of the former two, and reloads at
/// each of the latter.
fn stop_signal(reloader: Arc<Reloader>) -> impl Future<Output = ()> + 'static {
    let receive = |kind| signal(kind);
    let signals = receive(SignalKind::interrupt()).and_then(|interrupt| {
        let (terminate, hangup) =
            (receive(SignalKind::terminate())?, receive(SignalKind::hangup())?);
        Ok([interrupt, terminate, hangup])
    });
    async move {
        match signals {
            Ok(signals) => stop_or_reload(signals, reloader).await,
            Err(error) => {
                tracing::error!(%error, "Signals cannot be received; only SIGKILL ends this process");
                std::future::pending::<()>().await;
            }
        }
    }
}

async fn stop_or_reload(
    [mut interrupt, mut terminate, mut hangup]: [Signal; 3],
    reloader: Arc<Reloader>,
) {
    loop {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
            _ = hangup.recv() => {
                let reloader = Arc::clone(&reloader);
                // It reads files and builds collectors; signals are waited for meanwhile. The log tells how it went.
                drop(tokio::task::spawn_blocking(move || reloader.reload()));
                continue;
            }
        };
        tracing::info!(signal = name, "Stopping");
        systemd::stopping();
        return;
    }
}
