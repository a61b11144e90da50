//! The peers behind actix-web, with the settings that the exporter's own server has. Each prints its address.

use std::error::Error;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::header;
use actix_web::rt::System;
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use prometheus::{Encoder, TextEncoder};

use crate::inline;
use crate::peers::metrics::Metrics;
use crate::peers::{self, Bulk, measured};

pub(crate) type Render = dyn Fn() -> Bytes + Send + Sync;

/// What answers each scrape of `kind`. For `fixed`, `number` is the number of bytes, for the others that of series.
pub(crate) fn renderer(kind: &str, number: usize) -> Result<Arc<Render>, Box<dyn Error>> {
    Ok(match kind {
        "fixed" => {
            let page = Bytes::from(vec![b'#'; number]);
            Arc::new(move || page.clone())
        }
        "inline" => Arc::new(inline::render(number)?),
        "prometheus" => prometheus_crate(number)?,
        "prometheus-client" => prometheus_client(number),
        "measured" => {
            let bulk = Bulk::new(number);
            written(move |page| measured::render(&bulk, page).expect("memory can be written to"))
        }
        "metrics" => {
            let metrics = Metrics::new(Bulk::new(number));
            written(move |page| metrics.render(page).expect("memory can be written to"))
        }
        _ => return Err(format!("no peer `{kind}`").into()),
    })
}

/// Pages that `write` writes, each into a buffer as large as the last one.
fn written(write: impl Fn(&mut Vec<u8>) + Send + Sync + 'static) -> Arc<Render> {
    let size = AtomicUsize::new(0);
    Arc::new(move || {
        let mut page = Vec::with_capacity(size.load(Ordering::Relaxed));
        write(&mut page);
        size.store(page.len(), Ordering::Relaxed);
        page.into()
    })
}

/// Serves `kind`.
pub(crate) fn serve(kind: &str, number: usize) -> Result<(), Box<dyn Error>> {
    let render = renderer(kind, number)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    let render = Data::new(render);
    System::new().block_on(async move {
        HttpServer::new(move || {
            App::new().app_data(render.clone()).route("/metrics", web::get().to(answer))
        })
        .workers(std::thread::available_parallelism().map_or(1, usize::from).min(2))
        .keep_alive(Duration::from_mins(5))
        .tcp_nodelay(true)
        .listen(listener)?
        .run()
        .await
    })?;
    Ok(())
}

async fn answer(render: Data<Arc<Render>>, request: HttpRequest) -> HttpResponse {
    let content_type = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    let mut response = HttpResponse::Ok();
    response.insert_header(content_type);
    if request.headers().get(header::ACCEPT_ENCODING).is_none_or(|value| value != "gzip") {
        return response.body(render());
    }
    let page = render();
    let mut encoder = GzEncoder::new(Vec::with_capacity(page.len() / 4), Compression::default());
    // Memory can be written to.
    let packed = encoder.write_all(&page).and_then(|()| encoder.finish()).unwrap_or_default();
    response.insert_header((header::CONTENT_ENCODING, "gzip")).body(packed)
}

fn prometheus_crate(series: usize) -> Result<Arc<Render>, Box<dyn Error>> {
    let registry = prometheus::Registry::new();
    registry.register(Box::new(peers::PrometheusCrate::new(Bulk::new(series))?))?;
    Ok(written(move |page| {
        TextEncoder::new().encode(&registry.gather(), page).expect("the page can be encoded");
    }))
}

fn prometheus_client(series: usize) -> Arc<Render> {
    let mut registry = prometheus_client::registry::Registry::default();
    registry.register_collector(Box::new(peers::PrometheusClient(Bulk::new(series))));
    let size = AtomicUsize::new(0);
    Arc::new(move || {
        let mut page = String::with_capacity(size.load(Ordering::Relaxed));
        prometheus_client::encoding::text::encode(&mut page, &registry)
            .expect("the page can be encoded");
        size.store(page.len(), Ordering::Relaxed);
        page.into()
    })
}
