//! The web server: its life from the first request to the last.
//!
//! It is put together from the parts of actix-web, not with its `HttpServer`, so that every connection passes [`Accept`]:
//! TLS as it is configured at that moment, Unix sockets like others, and one limit for all of them.

use std::future::{Future, ready as ready_with};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_server::Server;
use actix_service::{
    IntoServiceFactory as _, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::App;
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::rt::System;
use actix_web::web::Data;
use exporter_runtime::Registry;

use crate::accept::{Accept, Accepted};
use crate::connections::Connections;
use crate::gate;
use crate::listen::{ListenSocket, Listener};
use crate::options::WebOptions;
use crate::refusals::Refusals;
use crate::site::{self, Site};
use crate::socket::Socket;

/// How long running requests may take to finish after the exporter was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How much of that they may wait for collectors.
const GRACE_OF_SCRAPES: Duration = Duration::from_secs(3);

/// How long the end of a TLS session may take to be sent to a client that does not read.
const GOODBYE: Duration = Duration::from_secs(1);

/// How much of the body of a request may be under way in HTTP/2. No page reads one.
const BODY: u32 = 65_535;

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
    let refusals = Refusals::new(registry.web_metrics().clone());
    let (read, idle) = (options.read_timeout, options.idle_timeout);
    let connections = Connections::new(options.max_connections, read, idle, refusals);
    options.config.watch(registry.web_metrics().clone())?;
    let site = Data::new(Site::new(Arc::clone(&registry), options));
    System::new().block_on(async move {
        let mut server = Server::build()
            .workers(workers())
            // It would stop to accept there, and so nobody could make room.
            .max_concurrent_connections(usize::MAX)
            .shutdown_timeout(GRACE.as_secs())
            .disable_signals();
        let signal = server.graceful_shutdown_signal();
        let mut files = Vec::new();
        for Listener { socket, address, file } in listeners {
            let (site, connections, signal) = (site.clone(), connections.clone(), signal.clone());
            let stopping = move || {
                let signal = signal.clone();
                async move { signal.notified().await }
            };
            files.extend(file);
            server = match socket {
                ListenSocket::Tcp(socket) => server.listen(address, socket, move || {
                    let accept = accept(&site, &connections);
                    fn_service(move |stream| accept.clone().tcp(stream))
                        .and_then(http(&site, stopping.clone()))
                })?,
                ListenSocket::Unix(socket) => server.listen_uds(address, socket, move || {
                    let accept = accept(&site, &connections);
                    fn_service(move |stream| ready_with(accept.unix(stream)))
                        .and_then(http(&site, stopping.clone()))
                })?,
            };
        }
        let server = server.run();
        let handle = server.handle();
        let shutdown = ready();
        site.set_ready(true);
        actix_web::rt::spawn(async move {
            shutdown.await;
            site.set_ready(false);
            actix_web::rt::time::sleep(delay).await;
            registry.close(GRACE_OF_SCRAPES);
            handle.stop(true).await;
        });
        let outcome = server.await;
        drop(files);
        outcome
    })
}

fn accept(site: &Data<Site>, connections: &Connections) -> Accept {
    let options = site.options();
    Accept {
        connections: connections.clone(),
        config: Arc::clone(&options.config),
        patience: options.read_timeout,
    }
}

/// Reads requests from sockets and answers them with the pages of `site`.
fn http<S, F>(
    site: &Data<Site>,
    stopping: S,
) -> impl ServiceFactory<Accepted, Config = (), Response = (), Error = DispatchError, InitError = ()>
+ use<S, F>
where
    S: Fn() -> F + 'static,
    F: Future<Output = ()> + 'static,
{
    let options = site.options();
    let app = App::new()
        .configure(|config| site::routes(config, site))
        .default_service(site::not_found())
        .wrap(from_fn(gate::pass))
        .into_factory()
        .map_err(|error| error.error_response());
    HttpService::build()
        .graceful_shutdown_signal(stopping)
        .keep_alive(options.idle_timeout)
        .client_request_timeout(options.read_timeout)
        .client_disconnect_timeout(GOODBYE)
        .h2_initial_window_size(BODY)
        .h2_initial_connection_window_size(BODY)
        .on_connect_ext(|socket: &Socket, data| drop(data.insert(Arc::clone(socket.connection()))))
        .finish(map_config(app, |()| AppConfig::default()))
}

/// A few scrapers need no more, however many processors there are: the work is bounded by what is collected.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(2)
}
