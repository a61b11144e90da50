//! A real node_exporter, and what may differ from it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use exporter_testkit::{Page, Sample, wait_until};

/// What node_exporter 1.5.0, that of Debian 12, does not have yet, each with the version that brought it, as its changelog
/// has it: #2778, #3032, #2970.
pub(crate) const NEWER_FAMILIES: [(&str, &str); 3] = [
    ("node_cpu_frequency_hertz", "1.7.0"),
    ("node_cpu_online", "1.9.0"),
    ("node_filesystem_mount_info", "1.9.0"),
];

/// Labels that 1.5.0 does not have: `rotational` came with 1.9.0 (#3022), `device_error` with 1.8.0 (#2923).
const NEWER_LABELS: [(&str, &str); 2] =
    [("node_disk_info", "rotational"), ("node_filesystem_device_error", "device_error")];

/// What is about node_exporter itself.
pub(crate) const THEIR_OWN: [&str; 3] = [
    "node_exporter_build_info",
    "promhttp_metric_handler_errors_total",
    "node_scrape_collector_duration_seconds",
];

/// node_exporter as a child process.
pub(crate) struct NodeExporter {
    child: Child,
    address: String,
}

impl NodeExporter {
    pub(crate) fn start(flags: &[impl AsRef<OsStr>]) -> Self {
        // It does not say which port it was given, so it gets one that was free a moment ago.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let child = Command::new("prometheus-node-exporter")
            .args(flags)
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Debian's package prometheus-node-exporter is installed; `cargo xtask test` does it");
        let exporter = Self { child, address };
        wait_until("node_exporter listens", || exporter.get().is_some());
        exporter
    }

    pub(crate) fn get(&self) -> Option<Page> {
        let url = format!("http://{}/metrics", self.address);
        let body = ureq::get(url).call().ok()?.body_mut().read_to_string().ok()?;
        Some(Page::parse(&body))
    }
}

impl Drop for NodeExporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A name, and labels in their order.
pub(crate) type Series = (String, BTreeSet<(String, String)>);

/// The series of a page with their values. An empty label is no label.
pub(crate) fn series(page: &Page) -> BTreeMap<Series, f64> {
    let newer =
        |sample: &Sample, label: &str| NEWER_LABELS.contains(&(sample.name.as_str(), label));
    let key = |sample: &Sample| {
        let labels = sample.labels.iter().filter(|(_, value)| !value.is_empty());
        let labels = labels.filter(|(label, _)| !newer(sample, label)).cloned().collect();
        (sample.name.clone(), labels)
    };
    // What is known of a mount that cannot be read, 1.7.0 and later tell (#2807).
    let broken = |sample: &&Sample| {
        sample.name == "node_filesystem_readonly"
            && sample.label("device_error").is_some_and(|error| !error.is_empty())
    };
    let samples = page.all_samples().into_iter().filter(|sample| !broken(sample));
    samples.map(|sample| (key(sample), sample.value)).collect()
}
