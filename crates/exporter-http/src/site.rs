//! The pages of an exporter: routes, and what answers them.

mod scrapes;

use std::borrow::Cow;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use actix_web::http::header::{self, HeaderValue};
use actix_web::http::uri::Authority;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, Resource, Route, Scope};
use exporter_runtime::{
    Refusal, Registry, ScrapeRequest, WebSettings, effective_configuration, to_yaml,
};

pub(crate) use self::scrapes::LONGEST_READ;
use self::scrapes::{metrics, metrics_of_one};
use crate::body::{Body, Count, Pieces, Request};
use crate::connection::{Connection, RequestOn};
use crate::logins::Logins;
use crate::options::{ExternalUrl, WebOptions};
use crate::pages::{self, LastScrape};
use crate::web_config::WebConfig;

/// What every page needs.
pub(crate) struct Site {
    registry: Arc<Registry>,
    options: WebOptions,
    pieces: Pieces,
    held: Count,
    scrapes: Count,
    logins: OnceLock<Option<Logins>>,
    ready: AtomicBool,
    last_scrape: Mutex<Option<LastScrape>>,
}

impl Site {
    pub(crate) fn new(registry: Arc<Registry>, options: WebOptions) -> Self {
        let (pieces, held, scrapes) = Default::default();
        let (logins, ready, last_scrape) = Default::default();
        Self { registry, options, pieces, held, scrapes, logins, ready, last_scrape }
    }

    pub(crate) fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }

    pub(crate) fn begin(&self, request: &HttpRequest) -> Request {
        let on = request.extensions_mut().remove::<RequestOn>();
        Request::begin(self.registry.web_metrics(), on, request.method() == Method::HEAD)
    }

    /// The web configuration in force.
    pub(crate) fn web_config(&self) -> Arc<WebConfig> {
        self.options.config.current()
    }

    pub(crate) fn options(&self) -> &WebOptions {
        &self.options
    }

    pub(crate) fn settings(&self) -> Arc<WebSettings> {
        self.registry.web_settings()
    }

    /// Who checks logins; started with the first of them. `None` where that cannot be done.
    pub(crate) fn logins(&self) -> Option<&Logins> {
        let logins = self.logins.get_or_init(|| {
            let failed = |error: &io::Error| tracing::error!(%error, "Logins cannot be checked");
            Logins::new().inspect_err(failed).ok()
        });
        logins.as_ref()
    }

    /// A request is answered with a refusal.
    pub(crate) fn refused(&self, refusal: Refusal, request: &HttpRequest) {
        match request.conn_data::<Arc<Connection>>() {
            Some(connection) => connection.all().refusals.add(refusal, connection.peer()),
            None => self.registry.web_metrics().refused(refusal),
        }
    }

    fn html(&self, text: String, request: Request) -> HttpResponse<Body> {
        let body = Body::text(text, self.registry.web_metrics().clone(), request);
        let mut response = self.respond(StatusCode::OK, "text/html; charset=utf-8", body);
        let headers = response.headers_mut();
        let policy = HeaderValue::from_static(pages::POLICY);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }

    /// Whether a path is answered whatever the limits are.
    pub(crate) fn is_health(&self, path: &str) -> bool {
        let path = path.strip_prefix(&self.options.prefix);
        path.is_some_and(|path| ["/-/healthy", "/-/ready"].contains(&path))
    }

    /// Whether everyone may see what is at a path. Those that the configuration lists are without the prefix.
    pub(crate) fn is_for_everyone(&self, path: &str, settings: &WebSettings) -> bool {
        let path = path.strip_prefix(&self.options.prefix);
        path.is_some_and(|path| settings.unauthenticated_paths.iter().any(|open| open == path))
    }

    pub(crate) fn text(
        &self,
        status: StatusCode,
        text: impl Into<String>,
        request: Request,
    ) -> HttpResponse<Body> {
        let body = Body::text(text.into(), self.registry.web_metrics().clone(), request);
        self.respond(status, "text/plain; charset=utf-8", body)
    }

    fn respond(
        &self,
        status: StatusCode,
        content_type: impl Into<Cow<'static, str>>,
        body: Body,
    ) -> HttpResponse<Body> {
        self.registry.web_metrics().answered(status.as_u16());
        let mut response = HttpResponse::with_body(status, body);
        let content_type = match content_type.into() {
            Cow::Borrowed(text) => Some(HeaderValue::from_static(text)),
            Cow::Owned(text) => HeaderValue::from_str(&text).ok(),
        };
        if let Some(content_type) = content_type {
            response.headers_mut().insert(header::CONTENT_TYPE, content_type);
        }
        response
    }
}

/// Adds the pages of `site`.
pub(crate) fn routes(config: &mut ServiceConfig, site: &Data<Site>) {
    let prefix = site.options.prefix.as_str();
    let at = |path: &str| format!("{prefix}{path}");
    let path = at(&site.options.telemetry_path);
    let one = format!("{}/{{collector}}", path.trim_end_matches('/'));
    // A telemetry path of `/` is legal: it leaves no place for a landing page, nor for pages of one collector.
    config.app_data(site.clone()).service(read(&path, || web::to(metrics)));
    config.service(read(&at("/"), || web::to(landing_page)));
    if !prefix.is_empty() {
        config.service(read(prefix, || web::to(to_landing_page)));
    }
    config.service(read(&at("/style.css"), || web::to(style)));
    config.service(read(&at("/collectors/{collector}"), || web::to(collector_page)));
    config.service(read(&at("/config"), || web::to(configuration)));
    config.service(read(&at("/sd"), || web::to(discovery)));
    config.service(read(&at("/-/healthy"), || web::to(healthy)));
    config.service(read(&at("/-/ready"), || web::to(ready)));
    let reload =
        web::resource(at("/-/reload")).route(web::post().to(reload)).route(web::put().to(reload));
    config.service(reload.default_service(web::to(
        |site: Data<Site>, request: HttpRequest| async move {
            method_not_allowed(&site, &request, "POST, PUT")
        },
    )));
    config.service(read(&one, || web::to(metrics_of_one)));
}

/// The metrics of `registry` as a part of an application that exists: the page at `path`, and that of each collector
/// below it.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use actix_web::{App, HttpServer};
/// # async fn f(registry: Arc<exporter_runtime::Registry>) -> std::io::Result<()> {
/// HttpServer::new(move || App::new().service(exporter_http::scope("/metrics", &registry)))
///     .bind("127.0.0.1:8080")?
///     .run()
///     .await
/// # }
/// ```
pub fn scope(path: &str, registry: &Arc<Registry>) -> Scope {
    let options = WebOptions { telemetry_path: path.to_owned(), ..WebOptions::default() };
    let site = Data::new(Site::new(Arc::clone(registry), options));
    let scope = web::scope(path).app_data(site);
    scope
        .service(read("", || web::to(metrics)))
        .service(read("/{collector}", || web::to(metrics_of_one)))
}

/// A page that is read, and not written to.
fn read(path: &str, route: fn() -> Route) -> Resource {
    web::resource(path)
        .route(route().method(Method::GET))
        .route(route().method(Method::HEAD))
        .default_service(web::to(|site: Data<Site>, request: HttpRequest| async move {
            method_not_allowed(&site, &request, "GET, HEAD")
        }))
}

pub(crate) fn not_found() -> Route {
    web::to(|site: Data<Site>, request: HttpRequest| async move {
        let (path, prefix) = (request.path(), &site.options.prefix);
        let text =
            format!("404: nothing at {path}; this exporter's pages are listed at {prefix}/\n");
        site.text(StatusCode::NOT_FOUND, text, site.begin(&request))
    })
}

async fn landing_page(site: Data<Site>, request: HttpRequest) -> HttpResponse<Body> {
    let last = site.last_scrape.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let text = pages::landing(&site.options, &site.registry.status(), last.as_ref());
    site.html(text, site.begin(&request))
}

/// Links are relative, so the first page has to end in a slash.
async fn to_landing_page(site: Data<Site>, request: HttpRequest) -> HttpResponse<Body> {
    let last = site.options.prefix.rsplit('/').next().unwrap_or_default();
    let text = "the first page has a slash at its end\n";
    let mut response = site.text(StatusCode::PERMANENT_REDIRECT, text, site.begin(&request));
    if let Ok(location) = HeaderValue::try_from(format!("{last}/")) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

async fn style(site: Data<Site>, request: HttpRequest) -> HttpResponse<Body> {
    let web = site.registry.web_metrics().clone();
    let body = Body::text(pages::STYLE, web, site.begin(&request));
    site.respond(StatusCode::OK, "text/css; charset=utf-8", body)
}

async fn collector_page(
    site: Data<Site>,
    request: HttpRequest,
    collector: web::Path<String>,
    query: web::Query<pages::Query>,
) -> HttpResponse<Body> {
    let mut begun = site.begin(&request);
    let Some(counted) = site.scrape(&begun) else {
        return site.too_busy(Refusal::Requests, &request, begun);
    };
    begun.is_scrape(counted);
    let scrape = ScrapeRequest::default().of_collector(&collector);
    let page = site.registry.scrape(&scrape).await.page;
    let all = site.registry.status();
    let Some(status) = all.iter().find(|status| status.name == *collector) else {
        let prefix = &site.options.prefix;
        let text = format!(
            "404: no collector `{collector}` runs here; those that do are listed at {prefix}/\n"
        );
        return site.text(StatusCode::NOT_FOUND, text, begun);
    };
    let config = site.options.debug.then(|| site.registry.effective_configuration(&collector));
    let config = config.flatten().and_then(Result::ok).map(|config| to_yaml(&config));
    let path = &site.options.telemetry_path;
    site.html(pages::collector(status, path, page, config.as_deref(), &query), begun)
}

async fn configuration(site: Data<Site>, request: HttpRequest) -> HttpResponse<Body> {
    let begun = site.begin(&request);
    if !site.options.debug {
        let text = "403: the configuration is not shown; start with --web.enable-debug\n";
        return site.text(StatusCode::FORBIDDEN, text, begun);
    }
    match effective_configuration(site.registry.catalog(), &site.registry.settings()) {
        Ok(config) => {
            let web = site.registry.web_metrics().clone();
            let body = Body::text(to_yaml(&config), web, begun);
            site.respond(StatusCode::OK, "text/yaml; charset=utf-8", body)
        }
        Err(error) => {
            site.text(StatusCode::INTERNAL_SERVER_ERROR, format!("500: {error}\n"), begun)
        }
    }
}

async fn discovery(site: Data<Site>, request: HttpRequest) -> HttpResponse<Body> {
    let (options, begun) = (&site.options, site.begin(&request));
    let Some(url) = options.external.clone().or_else(|| here(options, &request)) else {
        let text = "400: the request has no Host header, so it is not known where this exporter is; send one, or start it with \
                    --web.external-url\n";
        return site.text(StatusCode::BAD_REQUEST, text, begun);
    };
    let text = pages::discovery(&url, &options.telemetry_path, &site.registry.status());
    let body = Body::text(text, site.registry.web_metrics().clone(), begun);
    site.respond(StatusCode::OK, "application/json", body)
}

/// Where the client has found the exporter. What proxies add to a request is not looked at: anyone can, and `--web.external-url`
/// says it for certain.
fn here(options: &WebOptions, request: &HttpRequest) -> Option<ExternalUrl> {
    let header = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(Authority::as_str).or(header)?;
    let (https, path) = (options.config.has_tls(), options.prefix.clone());
    Some(ExternalUrl { https, host: host.to_owned(), path }).filter(|here| !here.host.is_empty())
}

async fn healthy(site: Data<Site>, request: HttpRequest) -> HttpResponse<Body> {
    let text = format!("{} is healthy.\n", site.options.name);
    site.text(StatusCode::OK, text, site.begin(&request))
}

async fn ready(site: Data<Site>, request: HttpRequest) -> HttpResponse<Body> {
    let (name, begun) = (&site.options.name, site.begin(&request));
    if site.ready.load(Ordering::Relaxed) {
        site.text(StatusCode::OK, format!("{name} is ready.\n"), begun)
    } else {
        let text = format!("503: {name} is not ready: it starts, or it was told to stop\n");
        site.text(StatusCode::SERVICE_UNAVAILABLE, text, begun)
    }
}

async fn reload(site: Data<Site>, request: HttpRequest) -> HttpResponse<Body> {
    let begun = site.begin(&request);
    let Some(reload) = site.options.reload.clone() else {
        let text = "403: reloading over HTTP is switched off; start with --web.enable-lifecycle, or send SIGHUP\n";
        return site.text(StatusCode::FORBIDDEN, text, begun);
    };
    // It reads files and builds collectors.
    match web::block(move || reload()).await {
        Ok(Ok(())) => site.text(StatusCode::OK, "Reloaded.\n", begun),
        Ok(Err(error)) => {
            let text = format!("500: the configuration stays as it was: {error}\n");
            site.text(StatusCode::INTERNAL_SERVER_ERROR, text, begun)
        }
        Err(error) => {
            site.text(StatusCode::INTERNAL_SERVER_ERROR, format!("500: {error}\n"), begun)
        }
    }
}

fn method_not_allowed(
    site: &Site,
    request: &HttpRequest,
    allowed: &'static str,
) -> HttpResponse<Body> {
    let text = format!("405: only {allowed} are answered here\n").replace(", ", " and ");
    let mut response = site.text(StatusCode::METHOD_NOT_ALLOWED, text, site.begin(request));
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}
