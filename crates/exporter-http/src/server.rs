//! The web server: routes, and its life from the first request to the last.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::rt::System;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use exporter_exposition::TextEncoder;
use exporter_runtime::Registry;

use crate::body::{Body, Pieces};
use crate::landing;
use crate::listen::Listener;

/// Scrapers come back every minute or so. A connection that was closed in between costs both sides a new one.
const KEEP_ALIVE: Duration = Duration::from_mins(5);

/// How long running requests may take to finish after the exporter was told to stop.
const GRACE: Duration = Duration::from_secs(5);

/// What the web side has to know.
#[derive(Clone, Debug)]
pub struct WebOptions {
    /// The name of the exporter, for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The path of the metrics, with a leading slash.
    pub telemetry_path: String,
}

struct Site {
    registry: Arc<Registry>,
    pieces: Pieces,
    landing: String,
}

/// Serves `registry` on `listeners` until the future that `ready` returns completes; then no connection is accepted any
/// more, and running requests have a few seconds to finish. `ready` is called when the server answers, in its runtime.
/// Blocks the calling thread.
///
/// # Errors
///
/// When the web server cannot be started or fails.
pub fn serve<F: Future<Output = ()> + 'static>(
    listeners: Vec<Listener>,
    registry: Arc<Registry>,
    options: &WebOptions,
    ready: impl FnOnce() -> F,
) -> io::Result<()> {
    let landing = landing::render(options, &registry);
    let site = Data::new(Site { registry, pieces: Pieces::default(), landing });
    let path = options.telemetry_path.clone();
    System::new().block_on(async move {
        let server = HttpServer::new(move || {
            let metrics = web::resource(path.as_str())
                .route(web::get().to(metrics))
                .route(web::head().to(metrics))
                .default_service(web::to(method_not_allowed));
            let app = App::new().app_data(site.clone()).service(metrics);
            // A telemetry path of `/` is legal and leaves no place for a landing page.
            app.service(
                web::resource("/")
                    .route(web::get().to(landing_page))
                    .route(web::head().to(landing_page))
                    .default_service(web::to(method_not_allowed)),
            )
            .default_service(web::to(not_found))
        });
        let mut server = server
            .workers(workers())
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
        actix_web::rt::spawn(async move {
            shutdown.await;
            handle.stop(true).await;
        });
        server.await
    })
}

/// A few scrapers need no more, however many processors there are: the work is bounded by what is collected.
fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(2)
}

async fn metrics(site: Data<Site>) -> HttpResponse<Body> {
    let web = begin(&site);
    let body = Body::page(site.registry.scrape(), &site.pieces, web);
    respond(&site, StatusCode::OK, TextEncoder::CONTENT_TYPE, body)
}

async fn landing_page(site: Data<Site>) -> HttpResponse<Body> {
    let body = Body::text(site.landing.clone(), begin(&site));
    respond(&site, StatusCode::OK, "text/html; charset=utf-8", body)
}

async fn not_found(site: Data<Site>, request: HttpRequest) -> HttpResponse<Body> {
    let text =
        format!("404: nothing at {}; this exporter's pages are listed at /\n", request.path());
    let body = Body::text(text, begin(&site));
    respond(&site, StatusCode::NOT_FOUND, plain_text(), body)
}

async fn method_not_allowed(site: Data<Site>) -> HttpResponse<Body> {
    let body = Body::text("405: only GET and HEAD are answered here\n", begin(&site));
    let mut response = respond(&site, StatusCode::METHOD_NOT_ALLOWED, plain_text(), body);
    let allowed = HeaderValue::from_static("GET, HEAD");
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}

fn plain_text() -> &'static str {
    "text/plain; charset=utf-8"
}

fn begin(site: &Site) -> exporter_runtime::WebMetrics {
    let web = site.registry.web_metrics().clone();
    web.begin();
    web
}

fn respond(
    site: &Site,
    status: StatusCode,
    content_type: &'static str,
    body: Body,
) -> HttpResponse<Body> {
    site.registry.web_metrics().answered(status.as_u16());
    let mut response = HttpResponse::with_body(status, body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
