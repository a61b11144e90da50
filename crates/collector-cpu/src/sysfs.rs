//! The processors in sysfs: which are online, which isolated, and how often they were throttled.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use exporter_host::{KernelFile, parse_number};
use exporter_sdk::{Counter, Gauge, Result, Scrape};

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
    /// Whether everything could be read then. If not, each run looks again.
    whole: bool,
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
            whole: false,
            isolated: Vec::new(),
            present: Vec::new(),
            counts: Vec::new(),
        }
    }

    /// What a machine does not have here, it does not have at all: a file that does not exist is no omission.
    pub(crate) fn collect(&mut self, scrape: &mut Scrape) {
        let online = self.online.read_value(scrape);
        let text = online.as_ref().ok().and_then(|online| Some(online.as_ref()?.as_str()));
        if !self.whole || self.seen.as_deref() != text {
            self.seen = text.map(str::to_owned);
            self.whole = online.is_ok();
            self.look(scrape);
        }
        for cpu in &self.isolated {
            scrape.emit(&ISOLATED, [cpu], 1);
        }
        for (cpu, online) in &self.present {
            scrape.emit(&ONLINE, [cpu], *online);
        }
        for count in &mut self.counts {
            // One that was just plugged out does not exist; the next run looks again.
            let Ok(Some(number)) = count.file.read_number::<u64>(scrape) else { continue };
            match &count.core {
                Some(core) => scrape.emit(&CORE_THROTTLES, [&count.package, core], number),
                None => scrape.emit(&PACKAGE_THROTTLES, [&count.package], number),
            }
        }
    }

    fn look(&mut self, scrape: &mut Scrape) {
        let mut look = Look { scrape, whole: self.whole };
        let online = self.seen.as_deref().map(|list| look.cpus(self.online.path(), list));
        let [isolated, present] = ["isolated", "present"].map(|name| {
            let path = self.folder.join(name);
            look.value(&path).map(|list| look.cpus(&path, &list))
        });
        self.isolated = isolated.unwrap_or_default();
        // Where it is not known which are online, no processor is told to be offline.
        let there = online.as_deref().or(present.as_deref()).unwrap_or_default();
        self.counts = look.counts(&self.folder, there);
        self.present = online.zip(present).map_or_else(Vec::new, |(online, present)| {
            let online: HashSet<u32> = online.into_iter().collect();
            present.into_iter().map(|cpu| (cpu, online.contains(&cpu))).collect()
        });
        self.whole = look.whole;
    }
}

/// Reads what is read when something was plugged in or out.
struct Look<'a, 'run> {
    scrape: &'a mut Scrape<'run>,
    /// Whether nothing was omitted.
    whole: bool,
}

impl Look<'_, '_> {
    fn value(&mut self, path: &Path) -> Option<String> {
        let mut file = KernelFile::new(path);
        let value = file.read_value(self.scrape);
        self.whole &= value.is_ok();
        Some(value.ok()??.as_str().to_owned())
    }

    /// The processors of a list. One that is wrong has none.
    fn cpus(&mut self, path: &Path, list: &str) -> Vec<u32> {
        cpus(list).unwrap_or_else(|error| {
            self.scrape.omit(path.display(), error);
            self.whole = false;
            Vec::new()
        })
    }

    /// The files to read for each core and each package. Threads of one core share its count, so one of them is enough.
    fn counts(&mut self, folder: &Path, cpus: &[u32]) -> Vec<Count> {
        let (mut seen, mut counts) = (HashSet::new(), Vec::new());
        for cpu in cpus {
            let folder = folder.join(format!("cpu{cpu}"));
            let mut topology = |name| self.value(&folder.join("topology").join(name));
            let package = topology("physical_package_id");
            let (Some(package), core) = (package, topology("core_id")) else { continue };
            let files =
                [(core.map(Some), "core_throttle_count"), (Some(None), "package_throttle_count")];
            for (core, name) in files {
                let Some(core) = core else { continue };
                let file = folder.join("thermal_throttle").join(name);
                if file.exists() && seen.insert((package.clone(), core.clone())) {
                    let file = KernelFile::new(file);
                    counts.push(Count { package: package.clone(), core, file });
                }
            }
        }
        counts
    }
}

/// The numbers of a list such as `0-3,8`. An empty one is written as `(null)` by some kernels.
fn cpus(list: &str) -> Result<Vec<u32>> {
    if list.is_empty() || list == "(null)" {
        return Ok(Vec::new());
    }
    let parts: Result<Vec<RangeInclusive<u32>>> = list.split(',').map(range).collect();
    Ok(parts?.into_iter().flatten().collect())
}

fn range(part: &str) -> Result<RangeInclusive<u32>> {
    let (from, to) = part.split_once('-').unwrap_or((part, part));
    let (from, to) = (parse_number(from)?, parse_number(to)?);
    if to > LAST {
        return Err(format!("found the processor {to}, expected numbers up to {LAST}").into());
    }
    Ok(from..=to)
}

/// Far more than the 8,192 that a kernel can be built for.
const LAST: u32 = 65_535;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_processors_are_ranges() {
        let check = |list: &str, expected: &[u32]| assert_eq!(cpus(list).unwrap(), expected);
        check("0-3,8,10-11", &[0, 1, 2, 3, 8, 10, 11]);
        check("0", &[0]);
        check("", &[]);
        check("(null)", &[]);
    }

    #[test]
    fn a_list_that_is_wrong_says_what_is_wrong() {
        for (list, found) in [("0-x", "`x`"), ("0,,2", "nothing"), ("0-4294967295", "4294967295")] {
            let error = cpus(list).unwrap_err().to_string();
            assert!(error.starts_with("found ") && error.contains(found), "{error}");
        }
    }
}
