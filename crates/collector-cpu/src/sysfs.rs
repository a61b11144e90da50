//! The processors in sysfs: which are online, which isolated, and how often they were throttled.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use exporter_host::KernelFile;
use exporter_sdk::{Counter, Gauge, Scrape};

pub(crate) static CORE_THROTTLES: Counter<2> = Counter::new(
    "node_cpu_core_throttles_total",
    "How often a core was slowed down because it was too hot.",
)
.labels(&["package", "core"]);
pub(crate) static PACKAGE_THROTTLES: Counter<1> = Counter::new(
    "node_cpu_package_throttles_total",
    "How often a package was slowed down because it was too hot.",
)
.labels(&["package"]);
pub(crate) static ISOLATED: Gauge<1> = Gauge::new(
    "node_cpu_isolated",
    "Processors that are isolated from the scheduler (/sys/devices/system/cpu/isolated); the value is always 1.",
)
.labels(&["cpu"]);
pub(crate) static ONLINE: Gauge<1> =
    Gauge::new("node_cpu_online", "Whether a processor is online and gets work.").labels(&["cpu"]);

#[derive(Debug)]
pub(crate) struct Sysfs {
    folder: PathBuf,
    online: KernelFile,
    /// What the file `online` said when the rest was looked for: nothing of it moves while nothing is plugged in or out.
    seen: Option<String>,
    isolated: Vec<u32>,
    /// Each processor that there could be, and whether it is online.
    present: Vec<(u32, bool)>,
    counts: Vec<Count>,
}

/// A file with the number of times that a core, or without one a package, was throttled.
#[derive(Debug)]
struct Count {
    package: String,
    core: Option<String>,
    file: KernelFile,
}

impl Sysfs {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            online: KernelFile::new(folder.join("online")).kept_open(),
            seen: None,
            isolated: Vec::new(),
            present: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// What a machine does not have here, it does not have at all: nothing of it is an error.
    pub(crate) fn collect(&mut self, scrape: &mut Scrape) {
        let online = self.online.read_line();
        if self.seen.as_deref() != online {
            self.seen = online.map(str::to_owned);
            self.look();
        }
        for cpu in &self.isolated {
            scrape.emit(&ISOLATED, [cpu], 1);
        }
        for (cpu, online) in &self.present {
            scrape.emit(&ONLINE, [cpu], *online);
        }
        for count in &mut self.counts {
            // One that was just plugged out; the next run looks again.
            let Some(number) = count.file.read_line().and_then(|text| text.parse::<u64>().ok())
            else {
                continue;
            };
            match &count.core {
                Some(core) => scrape.emit(&CORE_THROTTLES, [&count.package, core], number),
                None => scrape.emit(&PACKAGE_THROTTLES, [&count.package], number),
            }
        }
    }

    fn look(&mut self) {
        let online: HashSet<u32> = range(self.seen.as_deref()).collect();
        self.isolated = range(read(&self.folder.join("isolated")).as_deref()).collect();
        let present = read(&self.folder.join("present")).filter(|_| self.seen.is_some());
        self.present = range(present.as_deref()).map(|cpu| (cpu, online.contains(&cpu))).collect();
        self.counts = counts(&self.folder, range(self.seen.as_deref()));
    }
}

/// The files to read for each core and each package. Threads of one core share its count, so one of them is enough.
fn counts(folder: &Path, cpus: impl Iterator<Item = u32>) -> Vec<Count> {
    let (mut seen, mut counts) = (HashSet::new(), Vec::new());
    for cpu in cpus {
        let folder = folder.join(format!("cpu{cpu}"));
        let topology = |name| read(&folder.join("topology").join(name));
        let (Some(package), Some(core)) = (topology("physical_package_id"), topology("core_id"))
        else {
            continue;
        };
        for (core, name) in [(Some(core), "core_throttle_count"), (None, "package_throttle_count")]
        {
            let file = folder.join("thermal_throttle").join(name);
            if file.exists() && seen.insert((package.clone(), core.clone())) {
                let file = KernelFile::new(file);
                counts.push(Count { package: package.clone(), core, file });
            }
        }
    }
    counts
}

fn read(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

/// The numbers of a list such as `0-3,8`.
fn range(list: Option<&str>) -> impl Iterator<Item = u32> {
    let parts = list.unwrap_or_default().split(',').filter_map(|part| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        Some(from.parse::<u32>().ok()?..=to.parse().ok()?)
    });
    parts.flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors_are_ranges() {
        let check = |list: &str, expected: &[u32]| {
            assert_eq!(range(Some(list)).collect::<Vec<_>>(), expected, "{list}");
        };
        check("0-3,8,10-11", &[0, 1, 2, 3, 8, 10, 11]);
        check("0", &[0]);
        check("", &[]);
        check("(null)", &[]);
        assert_eq!(range(None).count(), 0);
    }
}
