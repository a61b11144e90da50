//! A real Prometheus, for tests of what it makes of an exporter.

use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::exporter::wait_until;

/// A Prometheus with one target; it is killed when this is dropped.
#[derive(Debug)]
pub struct Prometheus {
    child: Child,
    address: String,
    folder: TempDir,
}

impl Prometheus {
    /// Starts the `prometheus` that is installed on a free port, to scrape `target`, `HOST:PORT`, every second.
    pub fn scraping(target: &str) -> Self {
        Self::scraping_with(target, "honor_labels: false")
    }

    /// The same, with other lines of YAML for the scrape job, indented by two: `scheme: https`.
    pub fn scraping_with(target: &str, job: &str) -> Self {
        Self::with_job(&format!("{job}\n  static_configs: [{{targets: ['{target}']}}]"))
    }

    /// The same, with the lines of a whole scrape job, indented by two.
    pub fn with_job(job: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let config = format!(
            "global: {{scrape_interval: 1s}}\nscrape_configs:\n- job_name: exporter\n  {job}\n"
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

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The data that its HTTP API answers at this path, `query?query=up`.
    pub fn api(&self, path: &str) -> Value {
        let url = format!("http://{}/api/v1/{path}", self.address);
        let body = ureq::get(&url).call().unwrap().body_mut().read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(answer["status"], "success", "{url}: {body}");
        answer["data"].clone()
    }

    /// The series that an instant query returns, once it returns any.
    pub fn query(&self, expression: &str) -> Vec<Value> {
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
