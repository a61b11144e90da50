//! Documents of several servers on one page, as an operator sees them.

use exporter_testkit::{Answer, Exporter, Server, Tree};

use crate::EXPORTER;

/// The URL of a server that gives every request this answer.
fn serve(status: u16, document: &'static str) -> String {
    let server = Server::start(move |_| Answer::new(status, &[("Connection", "close")], document));
    format!("http://me:hunter2@127.0.0.1:{}/orders?key=hunter2", server.port())
}

#[test]
fn instances_share_families_and_one_that_fails_costs_its_own_samples() {
    let tree = Tree::new();
    let instance = |name: &str, url: String| {
        format!(
            "  json@{name}:\n    url: {url}\n    metrics: [{{name: orders_open, help: Open orders., path: $.open}}]\n"
        )
    };
    let file = format!(
        "collectors:\n{}{}{}",
        instance("north", serve(200, "{\"open\": 17}")),
        instance("south", serve(200, "{\"open\": 4.5}")),
        instance("west", serve(503, "later")),
    );
    tree.write("exporter.yml", file);
    let flag = format!("--config.file={}", tree.path("exporter.yml").display());
    let exporter = Exporter::start(EXPORTER, ["--collector.disable-defaults", &flag]);
    for _ in 0..2 {
        let page = exporter.scrape();
        assert_eq!(page.gauge("orders_open", &[("collector_instance", "north")]), 17.0);
        assert_eq!(page.gauge("orders_open", &[("collector_instance", "south")]), 4.5);
        assert_eq!(page.samples("orders_open").len(), 2);
        let success = |name| page.gauge("exporter_collector_success", &[("collector", name)]);
        assert_eq!((success("json@north"), success("json@west")), (1.0, 0.0));
    }
    let log = exporter.log();
    assert!(log.contains("/orders?...: status 503 Service Unavailable: \\\"later\\\""), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}
