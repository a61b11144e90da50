//! A real Prometheus scrapes the exporter, and promtool reads its page.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use exporter_testkit::{Exporter, wait_until};
use serde_json::Value;
use tempfile::TempDir;

use crate::EXPORTER;

/// A Prometheus with one target; it is killed when this is dropped.
struct Prometheus {
    child: Child,
    address: String,
    folder: TempDir,
}

impl Prometheus {
    fn scraping(target: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let config = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: exporter\n  static_configs: [{{targets: ['{target}']}}]\n"
        );
        let file = folder.path().join("prometheus.yml");
        fs::write(&file, config).unwrap();
        // Prometheus does not say which port it was given, so it gets one that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.path().join("log")).unwrap())
            .spawn()
            .expect("Debian's package prometheus is installed; `cargo xtask test` does it");
        let mut prometheus = Self { child, address, folder };
        wait_until("Prometheus is ready", || {
            assert!(prometheus.child.try_wait().unwrap().is_none(), "{}", prometheus.log());
            ureq::get(format!("http://{}/-/ready", prometheus.address)).call().is_ok()
        });
        prometheus
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn api(&self, path: &str) -> Value {
        let url = format!("http://{}/api/v1/{path}", self.address);
        let body = ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["status"], "success", "{url}: {body}");
        answer["data"].clone()
    }

    /// The series that an instant query returns, once it returns any.
    fn query(&self, expression: &str) -> Vec<Value> {
        let mut result = Vec::new();
        wait_until(expression, || {
            let data = self.api(&format!("query?query={expression}"));
            result.clone_from(data["result"].as_array().unwrap());
            !result.is_empty()
        });
        result
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_real_prometheus_scrapes_it_and_answers_queries_with_its_samples() {
    let exporter = Exporter::start(EXPORTER, [""; 0]);
    let prometheus = Prometheus::scraping(exporter.address());
    let up = prometheus.query("up");
    assert_eq!(up[0]["value"][1], "1", "{up:?}\n{}", prometheus.log());

    let gauge = &prometheus.query("my_gauge")[0];
    assert_eq!(gauge["metric"]["static_example"], "I am static value");
    assert_eq!(gauge["metric"]["job"], "exporter");
    let l1: u32 = gauge["metric"]["l1"].as_str().unwrap().parse().unwrap();
    let l2: u32 = gauge["metric"]["l2"].as_str().unwrap().parse().unwrap();
    assert!(l1 < 1111 && l2 < 2222);
    let counter = &prometheus.query("my_counter")[0];
    assert!(counter["metric"]["l3"].is_string() && counter["metric"]["l4"].is_string());
    assert!(counter["value"][1].as_str().unwrap().parse::<f64>().unwrap() > 1.7e9);
    for collector in prometheus.query("exporter_collector_success") {
        assert_eq!(collector["value"][1], "1", "{collector}");
    }

    let metadata = prometheus.api("metadata");
    assert_eq!(metadata["my_gauge"][0]["type"], "gauge");
    assert_eq!(metadata["my_gauge"][0]["help"], "gauge_help_tag");
    assert_eq!(metadata["my_counter"][0]["type"], "counter");
    assert_eq!(metadata["my_counter"][0]["help"], "counter_help_tag");

    // It goes on: every scrape makes new series.
    wait_until("Prometheus has scraped three times", || {
        prometheus.query("count(last_over_time(my_gauge[5m]))")[0]["value"][1]
            .as_str()
            .is_some_and(|count| count.parse::<u32>().unwrap() >= 3)
    });
    assert_eq!(prometheus.query("min_over_time(up[5m])")[0]["value"][1], "1");
}

#[test]
fn promtool_has_nothing_to_say_but_of_the_two_names_that_are_given() {
    let page = Exporter::start(EXPORTER, [""; 0]).get("/metrics").body;
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is in Debian's package prometheus");
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    // The two names are given, and all that is wrong with the page.
    let expected = [
        "my_counter counter metrics should have \"_total\" suffix",
        "my_counter metric name should not include type 'counter'",
        "my_gauge metric name should not include type 'gauge'",
    ];
    assert_eq!(said.trim().lines().collect::<Vec<_>>(), expected);
}
