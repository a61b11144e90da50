//! What Prometheus is told by HTTP service discovery: every collector as a target of its own, with its own interval.
//!
//! All of them are at one address, so each has a label of its own: without it, their `up` would be one series.
//!
//! See <https://prometheus.io/docs/prometheus/latest/http_sd/>.

use std::time::Duration;

use exporter_runtime::CollectorStatus;
use exporter_sdk::HumanDuration;
use serde_json::{Value, json};

use crate::options::ExternalUrl;

/// The time-out that Prometheus gives scrapes by default.
const USUAL_TIMEOUT: Duration = Duration::from_secs(10);

/// The targets of the exporter at `url`, whose metrics are at `path` there.
pub(crate) fn render(url: &ExternalUrl, path: &str, collectors: &[CollectorStatus]) -> String {
    let target = |collector: &CollectorStatus| {
        let path = format!("{}{}/{}", url.path, path.trim_end_matches('/'), collector.name);
        let mut labels = json!({"__metrics_path__": path, "exporter_collector": collector.name});
        if url.https {
            labels["__scheme__"] = "https".into();
        }
        let interval = collector.interval;
        if !interval.is_zero() {
            labels["__scrape_interval__"] = HumanDuration(interval).to_string().into();
            // Prometheus refuses a target whose time-out is longer than its interval, as its own may be.
            let timeout = interval.min(USUAL_TIMEOUT);
            labels["__scrape_timeout__"] = HumanDuration(timeout).to_string().into();
        }
        json!({"targets": [url.host], "labels": labels})
    };
    let targets: Vec<Value> = collectors.iter().map(target).collect();
    format!("{:#}\n", Value::Array(targets))
}
