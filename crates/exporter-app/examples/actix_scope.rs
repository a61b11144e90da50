//! An application on actix-web, which serves metrics beside its own pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::web::{self, Data};
use actix_web::{App, HttpServer, Responder};
use exporter_app::Settings;
use exporter_sdk::Counter;

static GREETED: Counter = Counter::new("shop_greetings_total", "How often the shop said hello.");

async fn hello(greeted: Data<AtomicU64>) -> impl Responder {
    greeted.fetch_add(1, Ordering::Relaxed);
    "Hello!\n"
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let greeted = Data::new(AtomicU64::new(0));
    let count = Arc::clone(&greeted);
    let registry = exporter_app::App::new("shop")
        .collector_fn("shop", &[GREETED.desc()], move |scrape| {
            scrape.emit(&GREETED, (), count.load(Ordering::Relaxed));
            Ok(())
        })
        .registry(&Settings::default())?;
    let registry = Arc::new(registry);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(greeted.clone())
            .service(exporter_http::scope("/metrics", &registry))
            .route("/", web::get().to(hello))
    });
    let server = server.workers(1).bind("127.0.0.1:0")?;
    println!("{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
