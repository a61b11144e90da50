//! The feature `host` beside a real node_exporter, with one command line: the same families, series and values.

use std::collections::{BTreeMap, BTreeSet};
use std::{fs, thread};

use exporter_testkit::{Exporter, Family, Kind, Page, Tree, large_host};

use crate::EXPORTER;
use crate::node_exporter::{NEWER_FAMILIES, NodeExporter, Series, THEIR_OWN, series};

const FLAGS: [&str; 22] = [
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
    "--collector.netdev.address-info",
    "--collector.stat",
    "--collector.stat.softirq",
    "--collector.uname",
    "--collector.time",
    "--path.procfs=/proc",
    "--path.sysfs=/sys",
    "--web.disable-exporter-metrics",
];

/// Gauges that do not change while a host runs, besides all infos.
const CONSTANTS: [&str; 18] = [
    "node_boot_time_seconds",
    "node_filesystem_device_error",
    "node_filesystem_files",
    "node_filesystem_readonly",
    "node_filesystem_size_bytes",
    "node_memory_CommitLimit_bytes",
    "node_memory_HardwareCorrupted_bytes",
    "node_memory_HugePages_Free",
    "node_memory_HugePages_Rsvd",
    "node_memory_HugePages_Surp",
    "node_memory_HugePages_Total",
    "node_memory_Hugepagesize_bytes",
    "node_memory_Hugetlb_bytes",
    "node_memory_MemTotal_bytes",
    "node_memory_SwapTotal_bytes",
    "node_memory_VmallocTotal_bytes",
    "node_scrape_collector_success",
    "node_time_zone_offset_seconds",
];

/// How far beyond our two values theirs may be, of gauges that move between two scrapes: a part of the value, and a number.
/// All others have to lie between ours.
const MOVING: [(&[&str], f64, f64); 4] = [
    // Pages come and go by the thousand while other tests run; 64 KiB are 16 of them.
    (
        &[
            "node_memory_Active_anon_bytes",
            "node_memory_Active_bytes",
            "node_memory_Active_file_bytes",
            "node_memory_AnonHugePages_bytes",
            "node_memory_AnonPages_bytes",
            "node_memory_Buffers_bytes",
            "node_memory_Cached_bytes",
            "node_memory_Committed_AS_bytes",
            "node_memory_Dirty_bytes",
            "node_memory_FileHugePages_bytes",
            "node_memory_FilePmdMapped_bytes",
            "node_memory_Inactive_anon_bytes",
            "node_memory_Inactive_bytes",
            "node_memory_Inactive_file_bytes",
            "node_memory_KReclaimable_bytes",
            "node_memory_KernelStack_bytes",
            "node_memory_Mapped_bytes",
            "node_memory_MemAvailable_bytes",
            "node_memory_MemFree_bytes",
            "node_memory_PageTables_bytes",
            "node_memory_SReclaimable_bytes",
            "node_memory_SUnreclaim_bytes",
            "node_memory_ShmemHugePages_bytes",
            "node_memory_Shmem_bytes",
            "node_memory_Slab_bytes",
            "node_memory_VmallocUsed_bytes",
            "node_memory_Writeback_bytes",
        ],
        0.02,
        65_536.0,
    ),
    // Other programs write files; a mebibyte of them is little of any disk.
    (&["node_filesystem_avail_bytes", "node_filesystem_free_bytes"], 0.001, 1_048_576.0),
    (&["node_filesystem_files_free"], 0.001, 16.0),
    // Each of the two exporters is a process that runs when it looks, and a request may end meanwhile.
    (&["node_procs_running", "node_procs_blocked", "node_disk_io_now"], 0.0, 2.0),
];

/// Whether a value is what ours, before and after it, allow.
fn fits(name: &str, counter: bool, [low, value, high]: [f64; 3]) -> bool {
    if counter || name == "node_time_seconds" {
        // Milliseconds become seconds with another last digit in Go.
        let digit = value * 1e-12;
        return low - digit <= value && value <= high + digit;
    }
    if CONSTANTS.contains(&name) || name.ends_with("_info") {
        return low == value && value == high;
    }
    let moving = MOVING.iter().find(|(names, ..)| names.contains(&name));
    let slack = moving.map_or(0.0, |(_, part, number)| value.abs() * part + number);
    low.min(high) - slack <= value && value <= low.max(high) + slack
}

/// How often both are scraped until every gauge that moves was seen where it belongs. Another that took its place would
/// never be.
const ROUNDS: usize = 30;

/// Compares the exporters with the same flags.
fn compare(flags: &[&str]) {
    let (ours, theirs) = (Exporter::start(EXPORTER, flags), NodeExporter::start(flags));
    let mut open: Option<BTreeMap<Series, String>> = None;
    for _ in 0..ROUNDS {
        let (before, between) = (ours.scrape(), theirs.get().unwrap());
        let after = ours.scrape();
        same_families(&before, &between);
        let wrong = values(&before, &between, &after);
        let left = match open {
            None => wrong,
            Some(open) => wrong.into_iter().filter(|(key, _)| open.contains_key(key)).collect(),
        };
        if left.is_empty() {
            return;
        }
        open = Some(left);
    }
    panic!("never as node_exporter has it: {open:#?}");
}

/// Every family of theirs is there with its kind, and none of ours is not theirs.
fn same_families(ours: &Page, theirs: &Page) {
    for Family { name, kind, .. } in &theirs.families {
        if !THEIR_OWN.contains(&name.as_str()) {
            let our = ours.family(name).map(|family| family.kind);
            assert_eq!(our, Some(*kind), "{name}");
        }
    }
    for name in ours.names() {
        let newer = NEWER_FAMILIES.iter().any(|(newer, _)| *newer == name);
        let own = name.starts_with("exporter_");
        assert!(newer || own || theirs.family(name).is_some(), "{name} is not node_exporter's");
    }
}

/// The gauges whose value is not between ours. The series are the same, and so are counters and constants, every time.
fn values(before: &Page, between: &Page, after: &Page) -> BTreeMap<Series, String> {
    let (first, second, theirs) = (series(before), series(after), series(between));
    let mut wrong = BTreeMap::new();
    for (key, value) in &theirs {
        let name = key.0.as_str();
        if THEIR_OWN.contains(&name) {
            continue;
        }
        let (Some(low), Some(high)) = (first.get(key), second.get(key)) else {
            panic!("{key:?} is not on our page");
        };
        let counter = between.family(name).is_some_and(|family| family.kind == Kind::Counter);
        if !fits(name, counter, [*low, *value, *high]) {
            let told = format!("{low} {value} {high}");
            let fixed = CONSTANTS.contains(&name) || name.ends_with("_info");
            assert!(!fixed && !counter, "{key:?}: {told}");
            wrong.insert(key.clone(), told);
        }
    }
    for key in first.keys().filter(|(name, _)| between.family(name).is_some()) {
        assert!(theirs.contains_key(key), "{key:?} is not node_exporter's");
    }
    wrong
}

#[test]
fn it_serves_what_node_exporter_serves() {
    compare(&FLAGS);
}

#[test]
fn it_serves_what_node_exporter_serves_with_other_flags() {
    compare(&[
        "--collector.disable-defaults",
        "--collector.cpu",
        "--no-collector.cpu.guest",
        "--collector.netdev",
        // Debian's default would contradict what follows.
        "--collector.netdev.device-exclude=",
        "--collector.netdev.device-include=^lo$",
        "--web.disable-exporter-metrics",
    ]);
}

#[test]
fn flags_under_their_former_names_do_the_same_and_are_told_of() {
    let flags = [
        "--collector.disable-defaults",
        "--collector.filesystem",
        "--collector.filesystem.ignored-mount-points=^/(dev|sys)($|/)",
        "--collector.filesystem.ignored-fs-types=^(proc|cgroup2?|overlay|squashfs)$",
        "--collector.diskstats",
        "--collector.diskstats.ignored-devices=^(loop|ram)\\d+$",
        "--web.disable-exporter-metrics",
    ];
    compare(&flags);
    // Those of netdev, Debian has taken out.
    let netdev = ["--collector.netdev", "--collector.netdev.device-whitelist=^lo$"];
    let exporter = Exporter::start(EXPORTER, flags.iter().chain(&netdev));
    let (page, log) = (exporter.scrape(), exporter.log());
    let devices = page.samples("node_network_receive_bytes_total");
    assert!(devices.len() == 1 && devices[0].label("device") == Some("lo"));
    let told =
        "The key collectors.netdev.device_whitelist is deprecated and called device_include now";
    let place = "place=--collector.netdev.device-whitelist";
    assert!(log.contains(told) && log.contains(place), "{log}");
    assert_eq!(log.matches("is deprecated and called").count(), 4, "{log}");
    let both = ["--collector.netdev.device-blacklist=a", "--collector.netdev.device-exclude=b"];
    let output = exporter_testkit::run(EXPORTER, both.iter().chain(&["--config.check"]));
    let said = String::from_utf8(output.stderr).unwrap();
    let expected = "the former name of `device_exclude`, which is there as well; remove one";
    assert!(said.contains(expected), "{said}");
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
    let compared = |key: &Series| kinds.contains_key(&key.0) && !key.1.contains(&offline);
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
        // What is there was asked of this machine's own file system, a moment apart.
        let near = match key.0.as_str() {
            "node_filesystem_avail_bytes" | "node_filesystem_free_bytes" => (value * 0.01).max(1e8),
            "node_filesystem_files_free" => (value * 0.01).max(1e4),
            // Milliseconds become seconds with another last digit in Go.
            _ => value * 1e-12,
        };
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
