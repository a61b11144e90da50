//! Nothing that the files of a host, or text files, could say makes a collector panic.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use exporter_runtime::{Registry, ScrapeRequest};
use fuzz::{catalog, check, exporter};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

struct Host {
    folder: TempDir,
    exporter: Registry,
}

/// The files that are fed, below a host's root.
const FILES: [&str; 11] = [
    "proc/cpuinfo",
    "proc/diskstats",
    "proc/loadavg",
    "proc/meminfo",
    "proc/net/dev",
    "proc/self/mountinfo",
    "proc/1/mountinfo",
    "proc/stat",
    "udev/b8:0",
    "sys/devices/system/cpu/isolated",
    "text/a.prom",
];

static HOST: LazyLock<Host> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    for file in FILES {
        let path = folder.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, "").expect("a file");
    }
    let root = folder.path().display();
    let file = format!(
        "paths: {{procfs: {root}/proc, sysfs: {root}/sys, rootfs: {root}, udev_data: {root}/udev}}\n\
         collectors:\n  json: {{enabled: false}}\n  netdev: {{netlink: false}}\n  cpu: {{info: true}}\n  \
         textfile: {{directory: ['{root}/text']}}\n"
    );
    let exporter = exporter(&catalog(), &file).expect("a configuration");
    Host { folder, exporter }
});

fuzz_target!(|input: (u8, &[u8])| {
    let (file, content) = input;
    let path: PathBuf = HOST.folder.path().join(FILES[usize::from(file) % FILES.len()]);
    fs::write(path, content).expect("a file");
    check(&HOST.exporter.scrape_blocking(&ScrapeRequest::default()));
});
