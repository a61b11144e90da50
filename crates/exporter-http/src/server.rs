//! The web server: its life from the first request to the last.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::System;
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use exporter_runtime::Registry;

use crate::connection;
use crate::listen::Listener;
use crate::site::{self, Site, WebOptions};

/// Scrapers come back every minute or so. A connection that was closed in between costs both sides a new one.
const KEEP_ALIVE: Duration = Duration::from_mins(5);

/// How long running requests may take to finish after the exporter was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How much of that they may wait for collectors.
const GRACE_OF_SCRAPES: Duration = Duration::from_secs(3);

/// Serves `registry` on `listeners` until the future that `ready` returns completes. Then the exporter is no longer ready;
/// after `delay` no connection is accepted any more, and running requests have a few seconds to finish. `ready` is called
/// when the server answers, in its runtime. Blocks the calling thread.
///
/// # Errors
///
/// When the web server cannot be started or fails.
pub fn serve<F: Future<Output = ()> + 'static>(
    listeners: Vec<Listener>,
    registry: Arc<Registry>,
    options: WebOptions,
    delay: Duration,
    ready: impl FnOnce() -> F,
) -> io::Result<()> {
    let site = Data::new(Site::new(Arc::clone(&registry), options));
    let ours = site.clone();
    System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new()
                .configure(|config| site::routes(config, &site))
                .default_service(site::not_found())
        });
        let mut server = server
            .workers(workers())
            .on_connect(connection::keep)
            .keep_alive(KEEP_ALIVE)
            // The end of a page must not wait for the scraper to acknowledge what came before it.
            .tcp_nodelay(true)
            .shutdown_timeout(GRACE.as_secs())
            .disable_signals();
        for listener in listeners {
            server = server.listen(listener.socket)?;
        }
        let server = server.run();
        let handle = server.handle();
        let shutdown = ready();
        ours.set_ready(true);
        actix_web::rt::spawn(async move {
            shutdown.await;
            ours.set_ready(false);
            actix_web::rt::time::sleep(delay).await;
            registry.close(GRACE_OF_SCRAPES);
            handle.stop(true).await;
        });
        server.await
    })
}

/// A few scrapers need no more, however many processors there are: the work is bounded by what is collected.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(2)
}
