//! Documents, servers and mistakes, over a real web server.

mod extraction;
mod http;
mod lines;
mod mistakes;
mod reading;
mod server;
mod tls;

use std::time::Duration;

use exporter_testkit::{Answer, Probe, Probed, Server};

use super::*;

/// A collector of this URL, with these further lines of configuration.
fn probe(url: &str, config: &str) -> Probe {
    let timeout = Duration::from_secs(20);
    Probe::of::<Json, _>().config(&format!("url: {url}\n{config}")).timeout(timeout)
}

/// The metric `m`, whose only sample is the document.
const WHOLE: &str = "metrics: [{name: m, help: A number.}]";

fn start(server: &Server, config: &str) -> Probed {
    probe(&server.url(), config).start()
}

exporter_testkit::conformance!(
    Json,
    setup: |case| {
        let server = Server::of(&case.read("orders.json"));
        case.replace("http://localhost:8000", &server.url());
    },
);
