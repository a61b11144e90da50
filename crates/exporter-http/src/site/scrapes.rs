//! Scrapes: the pages with metrics, and how many of them there may be at once.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use exporter_exposition::AcceptEncoding;
use exporter_runtime::{Refusal, ScrapeRequest, TIMEOUT_HEADER};

use super::Site;
use crate::body::{Body, Counted, Request, Sending};
use crate::connection::Connection;
use crate::pages::LastScrape;
use crate::socket::SHORT_READ;

/// How many pages may wait for their readers at once. Each can be of another run, and holds that run's samples.
const MAX_HELD: usize = 128;

/// A reader that has not read its page by the time that it gave is not waited for; but it gets this long at least, and
/// no longer than that.
const SHORTEST_READ: Duration = Duration::from_secs(1);
pub(crate) const LONGEST_READ: Duration = Duration::from_mins(2);

impl Site {
    /// The answer where there is no room for another scrape, or for its page.
    pub(super) fn too_busy(
        &self,
        refusal: Refusal,
        request: &HttpRequest,
        begun: Request,
    ) -> HttpResponse<Body> {
        self.refused(refusal, request);
        let text = if refusal == Refusal::Requests {
            let max = self.options.max_requests;
            format!(
                "503: {max} requests are being answered, as many as --web.max-requests allows\n"
            )
        } else {
            "503: too many pages wait for clients that do not read them\n".to_owned()
        };
        self.text(StatusCode::SERVICE_UNAVAILABLE, text, begun)
    }

    /// Counts one more scrape, if there may be one more.
    pub(super) fn scrape(&self, begun: &Request) -> Option<Counted> {
        let make_room = |on: &Connection| on.all().make_room_for_request(on);
        let make_room = || begun.connection().is_some_and(make_room);
        self.scrapes.one_more(self.options.max_requests, make_room)
    }

    /// Keeps who was the last to scrape, for the first page.
    fn scraped(&self, request: &HttpRequest, start: Instant) {
        let ended = Instant::now();
        let client = request.peer_addr().map(|address| address.ip().to_canonical().to_string());
        let last = LastScrape {
            ended,
            duration: ended - start,
            client: client.unwrap_or_else(|| "a client of a Unix socket".to_owned()),
            user_agent: header_text(request, header::USER_AGENT),
        };
        *self.last_scrape.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    }

    /// Counts one more page, if there may be one more.
    fn hold(&self, begun: &Request) -> Option<Counted> {
        let make_room = || begun.connection().is_some_and(|on| on.all().make_room_for_page());
        self.held.one_more(MAX_HELD, make_room)
    }
}

pub(super) async fn metrics(site: Data<Site>, request: HttpRequest) -> HttpResponse<Body> {
    let begun = site.begin(&request);
    match ScrapeRequest::from_query(request.query_string(), site.registry.catalog()) {
        Ok(scrape) => page(&site, &request, scrape, begun).await,
        Err(error) => site.text(StatusCode::BAD_REQUEST, format!("400: {error}\n"), begun),
    }
}

pub(super) async fn metrics_of_one(
    site: Data<Site>,
    request: HttpRequest,
    collector: web::Path<String>,
) -> HttpResponse<Body> {
    let begun = site.begin(&request);
    let running = site.registry.collectors();
    let of_it = |name: &String| {
        *name == *collector || name.split_once('@').is_some_and(|(base, _)| base == *collector)
    };
    if !running.iter().any(of_it) {
        let running = if running.is_empty() { "none".to_owned() } else { running.join(", ") };
        let text = format!("404: no collector `{collector}` runs here; those that do: {running}\n");
        return site.text(StatusCode::NOT_FOUND, text, begun);
    }
    match ScrapeRequest::from_query(request.query_string(), site.registry.catalog()) {
        Ok(scrape) => page(&site, &request, scrape.of_collector(&collector), begun).await,
        Err(error) => site.text(StatusCode::BAD_REQUEST, format!("400: {error}\n"), begun),
    }
}

async fn page(
    site: &Site,
    request: &HttpRequest,
    scrape: ScrapeRequest,
    mut begun: Request,
) -> HttpResponse<Body> {
    let Some(counted) = site.scrape(&begun) else {
        return site.too_busy(Refusal::Requests, request, begun);
    };
    begun.is_scrape(counted);
    let timeout = request.headers().get(TIMEOUT_HEADER).and_then(|value| value.to_str().ok());
    let scrape = scrape.with_timeout(timeout);
    let timeout = scrape.timeout().unwrap_or_else(|| site.registry.timeout());
    let start = Instant::now();
    let scraped = site.registry.scrape(&scrape).await;
    if let Some(text) = scraped.refusal() {
        return site.text(StatusCode::INTERNAL_SERVER_ERROR, text, begun);
    }
    let Some(held) = site.hold(&begun) else {
        return site.too_busy(Refusal::Unread, request, begun);
    };
    site.scraped(request, start);
    let content_type = site.registry.negotiate(&header_text(request, header::ACCEPT));
    let accepted = AcceptEncoding::read(&header_text(request, header::ACCEPT_ENCODING));
    let gzip = |size| site.registry.gzip(accepted, size);
    let sending = Sending { format: content_type.format, pieces: &site.pieces, gzip: &gzip, held };
    let web = site.registry.web_metrics().clone();
    let (body, packed) = Body::page(scraped.page, sending, web, begun);
    if let Some(connection) = request.conn_data::<Arc<Connection>>() {
        let left = timeout.saturating_sub(start.elapsed());
        // What is not sent piece by piece is small.
        let longest = if body.is_whole() { SHORT_READ } else { LONGEST_READ };
        connection.expect_reader(left.clamp(SHORTEST_READ, longest));
    }
    let mut response = site.respond(StatusCode::OK, content_type.header(), body);
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    if packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// All values of a header of lists, as one list.
fn header_text(request: &HttpRequest, name: HeaderName) -> String {
    let values = request.headers().get_all(name).filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}
