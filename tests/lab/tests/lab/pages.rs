//! The pages for people, in a real browser; and what Prometheus finds out about the exporter by itself.

use std::process::Command;

use exporter_testkit::{Exporter, Prometheus};
use tempfile::TempDir;

use crate::{Config, LAB};

/// What Chromium makes of a page, as HTML; it may have nothing to complain about.
fn browse(exporter: &Exporter, path: &str) -> String {
    let profile = TempDir::new().unwrap();
    let output = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("http://{}{path}", exporter.address()))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    for complaint in ["CONSOLE", "Refused to", "Content Security Policy"] {
        assert!(!said.contains(complaint), "{path}: {said}");
    }
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_first_page_tells_of_every_collector() {
    let config =
        Config::new("collectors:\n  error:\n  hang: {scrape: {timeout: 1s}}\n  unavailable:\n");
    let exporter = config.start(&[]);
    let before = browse(&exporter, "/");
    assert!(
        before.contains("<h1>lab-exporter</h1>") && before.contains("not asked yet"),
        "{before}"
    );
    exporter.get("/metrics");
    let page = browse(&exporter, "/");
    let row = |name: &str| {
        let rest = page.split_once(&format!("<a href=\"collectors/{name}\">")).unwrap().1;
        rest.split_once("</tr>\n<tr><td><a").map_or(rest, |(row, _)| row).to_owned()
    };
    assert!(row("bulk").contains("well") && row("bulk").contains(" ago"), "{page}");
    assert!(row("error").contains("failed (error)") && page.contains("on fire"), "{page}");
    assert!(row("hang").contains("overdue"), "{}", row("hang"));
    assert!(row("unavailable").contains("has no source here"));
    assert!(page.contains("<input type=\"checkbox\" name=\"collect[]\" value=\"bulk\">"));
    // The configuration is not for everyone.
    assert!(!page.contains("Configuration"));
    assert_eq!(exporter.get("/config").status, 403);
    for path in ["/", "/collectors/bulk"] {
        let answer = exporter.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(!answer.body.contains("<script") && !answer.body.contains("style="), "{path}");
    }
    assert_eq!(exporter.get("/style.css").header("content-type"), Some("text/css; charset=utf-8"));
}

#[test]
fn a_collector_has_a_page_that_can_be_searched() {
    let config = Config::new(
        "collectors: {kinds: {enabled: true}, secret: {token: hunter2, url: 'http://u:hunter2@h/'}}\n",
    );
    let exporter = config.start(&["--web.enable-debug"]);
    let page = browse(&exporter, "/collectors/kinds");
    for expected in [
        "<code>lab_latency_seconds</code>",
        "histogram; labels",
        "lab_latency_seconds_bucket{",
        "<h2>Configuration</h2>",
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    let found = browse(&exporter, "/collectors/kinds?q=LATENCY");
    assert!(found.contains("lab_latency_seconds_count") && !found.contains("lab_odd"), "{found}");
    assert!(found.contains("value=\"LATENCY\""));
    let nothing = exporter.get("/collectors/kinds?q=%3Cscript%3E%22").body;
    assert!(
        nothing.contains("No metric is like that.")
            && nothing.contains("value=\"&lt;script&gt;&quot;\"")
    );
    assert_eq!(exporter.get("/collectors/nosuch").status, 404);
    for path in ["/collectors/secret", "/config", "/"] {
        let page = exporter.get(path);
        assert!(page.status == 200 && !page.body.contains("hunter2"), "{path}: {}", page.body);
    }
    assert!(
        exporter.get("/config").body.contains("token: \"<secret>\""),
        "{}",
        exporter.get("/config").body
    );
}

#[test]
fn links_hold_behind_a_prefix() {
    let url = "--web.external-url=https://example.org/lab/exporter/";
    let exporter = Exporter::start(LAB, [url]);
    let moved = exporter.get("/lab/exporter");
    assert_eq!(moved.status, 200, "ureq has followed it");
    for path in ["/lab/exporter/", "/lab/exporter/collectors/bulk"] {
        let page = browse(&exporter, path);
        let base = path.rsplit_once('/').unwrap().0;
        let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        for link in links {
            let (base, link) = match link.strip_prefix("../") {
                Some(link) => (base.rsplit_once('/').unwrap().0, link),
                None => (base, link),
            };
            let answer = exporter.get(&format!("{base}/{link}"));
            assert_eq!(answer.status, 200, "{path}: {base}/{link}");
        }
    }
    for path in ["/", "/metrics", "/-/healthy"] {
        assert_eq!(exporter.get(path).status, 404, "{path}");
    }
    let targets = exporter.get("/lab/exporter/sd").body;
    for expected in
        ["\"example.org\"", "\"__scheme__\": \"https\"", "\"/lab/exporter/metrics/bulk\""]
    {
        assert!(targets.contains(expected), "{targets}");
    }
}

#[test]
fn prometheus_discovers_every_collector_with_its_interval() {
    let config =
        Config::new("collectors: {slow: {scrape: {min_interval: 2s}}, kinds: {enabled: true}}\n");
    let exporter = config.start(&[]);
    let address = exporter.address();
    let prometheus = Prometheus::with_job(&format!(
        "http_sd_configs: [{{url: 'http://{address}/sd', refresh_interval: 1s}}]"
    ));
    let value = |query: &str| prometheus.query(query)[0]["value"][1].clone();
    exporter_testkit::wait_until("all are scraped", || value("count(up==1)") == "3");
    assert_eq!(value("up{exporter_collector='kinds'}"), "1");
    assert_eq!(value("exporter_collector_success{collector='kinds'}"), "1");
    let targets = prometheus.api("targets");
    let slow = targets["activeTargets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|target| target["labels"]["exporter_collector"] == "slow");
    assert_eq!(slow.unwrap()["scrapeInterval"], "2s");
}
