//! The feature `host` beside a real node_exporter, with one command line: the same families, series and values.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;

use exporter_testkit::{Exporter, Family, Kind, Page, Sample, Tree, large_host, wait_until};

use crate::EXPORTER;

const FLAGS: [&str; 20] = [
    "--collector.disable-defaults",
    "--collector.cpu",
    "--collector.cpu.info",
    "--collector.cpu.info.flags-include=^(aes|avx.?|fpu|constant_tsc)$",
    "--collector.cpu.info.bugs-include=^(spectre_.*|mds)$",
    "--collector.meminfo",
    "--collector.loadavg",
    "--collector.diskstats",
    "--collector.diskstats.device-exclude=^(loop|ram)\\d+$",
    "--collector.filesystem",
    "--collector.filesystem.mount-points-exclude=^/(dev|sys)($|/)",
    "--collector.filesystem.fs-types-exclude=^(proc|cgroup2?|overlay|squashfs)$",
    "--collector.netdev",
    "--collector.netdev.device-exclude=^nosuch",
    "--collector.stat",
    "--collector.uname",
    "--collector.time",
    "--path.procfs=/proc",
    "--path.sysfs=/sys",
    "--web.disable-exporter-metrics",
];

/// What node_exporter 1.5.0, that of Debian 12, does not have yet, each with the version that brought it.
const NEWER_FAMILIES: [(&str, &str); 4] = [
    ("node_cpu_frequency_hertz", "1.7.0"),
    ("node_cpu_online", "1.9.0"),
    ("node_cpu_isolated", "1.6.0"),
    ("node_filesystem_mount_info", "1.7.0"),
];

/// Labels that 1.5.0 does not have: `rotational` came with 1.6.0, `device_error` with 1.8.0.
const NEWER_LABELS: [(&str, &str); 2] =
    [("node_disk_info", "rotational"), ("node_filesystem_device_error", "device_error")];

/// What is about node_exporter itself.
const THEIR_OWN: [&str; 3] = [
    "node_exporter_build_info",
    "promhttp_metric_handler_errors_total",
    "node_scrape_collector_duration_seconds",
];

/// Gauges that do not change while a host runs.
const CONSTANTS: [&str; 16] = [
    "node_boot_time_seconds",
    "node_cpu_bug_info",
    "node_cpu_flag_info",
    "node_cpu_info",
    "node_disk_info",
    "node_filesystem_device_error",
    "node_filesystem_readonly",
    "node_memory_HugePages_Total",
    "node_memory_Hugepagesize_bytes",
    "node_memory_MemTotal_bytes",
    "node_memory_SwapTotal_bytes",
    "node_memory_VmallocTotal_bytes",
    "node_scrape_collector_success",
    "node_time_clocksource_available_info",
    "node_time_zone_offset_seconds",
    "node_uname_info",
];

/// node_exporter as a child process.
struct NodeExporter {
    child: Child,
    address: String,
}

impl NodeExporter {
    fn start(flags: &[impl AsRef<OsStr>]) -> Self {
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

    fn get(&self) -> Option<Page> {
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

/// The series of a page with their values. An empty label is no label.
fn series(page: &Page) -> BTreeMap<(String, BTreeSet<(String, String)>), f64> {
    let newer =
        |sample: &Sample, label: &str| NEWER_LABELS.contains(&(sample.name.as_str(), label));
    let key = |sample: &Sample| {
        let labels = sample.labels.iter().filter(|(_, value)| !value.is_empty());
        let labels = labels.filter(|(label, _)| !newer(sample, label)).cloned().collect();
        (sample.name.clone(), labels)
    };
    // What is known of a mount that cannot be read, newer versions tell.
    let broken = |sample: &&Sample| {
        sample.name == "node_filesystem_readonly"
            && sample.label("device_error").is_some_and(|error| !error.is_empty())
    };
    let samples = page.all_samples().into_iter().filter(|sample| !broken(sample));
    samples.map(|sample| (key(sample), sample.value)).collect()
}

/// How far a gauge may be from what it was a moment before or after.
fn tolerance(name: &str, value: f64) -> f64 {
    match name {
        _ if name.starts_with("node_memory_") => (value * 0.5).max(5e8),
        _ if name.starts_with("node_filesystem_") => (value * 0.2).max(5e8),
        _ if name.starts_with("node_load") => 5.0,
        "node_cpu_frequency_hertz" => value,
        // Processes that run, and requests that are in progress.
        _ => 100.0,
    }
}

#[test]
fn it_serves_what_node_exporter_serves() {
    let (ours, theirs) = (Exporter::start(EXPORTER, FLAGS), NodeExporter::start(&FLAGS));
    let (before, between) = (ours.scrape(), theirs.get().unwrap());
    let after = ours.scrape();
    for Family { name, kind, .. } in &between.families {
        if !THEIR_OWN.contains(&name.as_str()) {
            let our = before.family(name).map(|family| family.kind);
            assert_eq!(our, Some(*kind), "{name}");
        }
    }
    for name in before.names() {
        let newer = NEWER_FAMILIES.iter().any(|(newer, _)| *newer == name);
        let own = name.starts_with("exporter_");
        assert!(newer || own || between.family(name).is_some(), "{name} is not node_exporter's");
    }
    let (first, second) = (series(&before), series(&after));
    for ((name, labels), value) in series(&between) {
        if THEIR_OWN.contains(&name.as_str()) {
            continue;
        }
        let key = (name.clone(), labels.clone());
        let (Some(low), Some(high)) = (first.get(&key), second.get(&key)) else {
            panic!("{name}{labels:?} is not on our page");
        };
        let counter = between.family(&name).is_some_and(|family| family.kind == Kind::Counter);
        if counter || name == "node_time_seconds" {
            // Milliseconds become seconds with another last digit in Go.
            let digit = value * 1e-12;
            let between = low - digit <= value && value <= high + digit;
            assert!(between, "{name}{labels:?}: {low} {value} {high}");
        } else if CONSTANTS.contains(&name.as_str()) {
            assert_eq!((*low, value), (value, *high), "{name}{labels:?}");
        } else {
            let far = (value - low).abs().min((value - high).abs());
            assert!(far <= tolerance(&name, value), "{name}{labels:?}: {low} {value} {high}");
        }
    }
    // And no series that it does not have.
    let theirs = series(&between);
    for (name, labels) in first.keys() {
        if between.family(name).is_some() {
            assert!(theirs.contains_key(&(name.clone(), labels.clone())), "{name}{labels:?}");
        }
    }
}

/// Flags for the collectors whose files a tree has.
fn flags_of(host: &Tree) -> Vec<String> {
    let at = |flag: &str, folder: &str| format!("--path.{flag}={}", host.path(folder).display());
    let collectors = ["cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "stat"];
    let mut flags: Vec<String> = collectors.map(|name| format!("--collector.{name}")).into();
    flags.extend([
        "--collector.disable-defaults".to_owned(),
        "--no-collector.netdev.netlink".to_owned(),
        "--web.disable-exporter-metrics".to_owned(),
        // Debian's own default leaves out `lo`.
        "--collector.netdev.device-exclude=^nosuch".to_owned(),
        "--collector.diskstats.device-exclude=^$".to_owned(),
        "--collector.filesystem.mount-points-exclude=^$".to_owned(),
        at("procfs", "proc"),
        at("sysfs", "sys"),
        at("rootfs", ""),
        at("udev.data", "run/udev/data"),
    ]);
    flags
}

#[test]
fn what_vanishes_while_it_is_read_costs_itself() {
    let host = large_host();
    let exporter = Exporter::start(EXPORTER, flags_of(&host));
    let vanishing = [
        "sys/devices/system/cpu/cpu5/thermal_throttle",
        "sys/devices/system/cpu/cpu6/topology",
        "sys/block/nvme1n1/queue",
        "run/udev/data/b259:2",
        "data/plain4",
    ];
    let scrapes = || {
        for _ in 0..200 {
            let page = exporter.scrape();
            for sample in page.samples("exporter_collector_success") {
                assert_eq!(sample.value, 1.0, "{sample}");
            }
            assert_eq!(page.samples("node_disk_reads_completed_total").len(), 40);
            assert_eq!(page.samples("node_cpu_guest_seconds_total").len(), 63 * 2);
            assert!(page.samples("node_cpu_core_throttles_total").len() > 20);
        }
    };
    thread::scope(|scope| {
        let scrapes = scope.spawn(scrapes);
        while !scrapes.is_finished() {
            for path in vanishing {
                let (path, away) = (host.path(path), host.path("away"));
                fs::rename(&path, &away).unwrap();
                thread::yield_now();
                fs::rename(&away, &path).unwrap();
            }
        }
    });
}

#[test]
fn it_serves_what_node_exporter_serves_of_a_large_and_odd_host() {
    let host = large_host();
    let flags = flags_of(&host);
    let ours = Exporter::start(EXPORTER, &flags).scrape();
    let theirs = NodeExporter::start(&flags).get().unwrap();
    let kinds = |page: &Page| -> BTreeMap<String, Kind> {
        let own = |name: &str| {
            name.starts_with("exporter_")
                || THEIR_OWN.contains(&name)
                || NEWER_FAMILIES.iter().any(|(newer, _)| *newer == name)
        };
        let families = page.families.iter().filter(|family| !own(&family.name));
        families.map(|family| (family.name.clone(), family.kind)).collect()
    };
    let differ = |a: &Page, b: &Page| {
        let (a, b) = (kinds(a), kinds(b));
        a.into_iter().filter(|(name, kind)| b.get(name) != Some(kind)).collect::<Vec<_>>()
    };
    assert_eq!((differ(&ours, &theirs), differ(&theirs, &ours)), (vec![], vec![]));
    let (our, their) = (series(&ours), series(&theirs));
    // Of the processor that is offline, 1.5.0 tells zeros.
    let offline = ("cpu".to_owned(), "7".to_owned());
    let kinds = kinds(&ours);
    let compared = |key: &(String, BTreeSet<(String, String)>)| {
        kinds.contains_key(&key.0) && !key.1.contains(&offline)
    };
    let their: BTreeMap<_, _> = their.into_iter().filter(|(key, _)| compared(key)).collect();
    assert!(their.len() > 1_800, "{}", their.len());
    for (key, value) in &our {
        if compared(key) && !their.contains_key(key) {
            let near: Vec<_> = their.keys().filter(|k| k.0 == key.0).take(8).collect();
            panic!("{key:?} {value} is not node_exporter's {near:?}");
        }
    }
    for (key, value) in their {
        let found = our.get(&key).copied().unwrap_or_else(|| panic!("{key:?} {value} is missing"));
        // What is there was asked of this machine's own file system.
        let space = key.0.starts_with("node_filesystem_");
        // Milliseconds become seconds with another last digit in Go.
        let near = if space { tolerance(&key.0, value) } else { value * 1e-12 };
        assert!((found - value).abs() <= near, "{key:?}: {found}, not {value}");
    }
}

#[test]
fn build_info_is_there_for_dashboards_that_ask_for_it() {
    let exporter = Exporter::start(EXPORTER, ["--web.node-exporter-build-info"]);
    let page = exporter.scrape();
    let labels = [("goos", "linux"), ("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(page.gauge("node_exporter_build_info", &labels), 1.0);
    drop(exporter);
    let page = Exporter::start(EXPORTER, [""; 0]).scrape();
    assert!(page.family("node_exporter_build_info").is_none());
    let scraped = page.samples("node_scrape_collector_success");
    let collectors: BTreeSet<_> = scraped.iter().filter_map(|s| s.label("collector")).collect();
    let host =
        ["cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "stat", "time", "uname"];
    assert!(collectors.is_superset(&BTreeSet::from(host)), "{collectors:?}");
    assert!(!collectors.contains("gauge"));
}
