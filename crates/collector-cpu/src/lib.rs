//! The processors of the host, as node_exporter's collector of that name exposes them.

#![forbid(unsafe_code)]

mod info;
mod jiffies;
mod sysfs;

use exporter_host::KernelFile;
use exporter_sdk::{Collector, Context, Counter, Desc, Result, Scrape, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::info::Info;
use crate::jiffies::Jiffies;
use crate::sysfs::Sysfs;

static SECONDS: Counter<2> =
    Counter::new("node_cpu_seconds_total", "Seconds that the processors spent in each mode.")
        .labels(&["cpu", "mode"]);
static GUEST_SECONDS: Counter<2> = Counter::new(
    "node_cpu_guest_seconds_total",
    "Seconds that the processors spent in guests (virtual machines), by mode; `user` and `nice` have them, too.",
)
.labels(&["cpu", "mode"]);

/// Keys of the collector.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct CpuConfig {
    /// Whether to expose node_cpu_guest_seconds_total.
    guest: bool,
    /// Whether to expose node_cpu_info and node_cpu_frequency_hertz, from /proc/cpuinfo.
    info: bool,
    /// A regular expression: flags of the processor to expose in node_cpu_flag_info. Switches `info` on.
    info_flags_include: String,
    /// A regular expression: bugs of the processor to expose in node_cpu_bug_info. Switches `info` on.
    info_bugs_include: String,
}

impl Default for CpuConfig {
    fn default() -> Self {
        Self {
            guest: true,
            info: false,
            info_flags_include: String::new(),
            info_bugs_include: String::new(),
        }
    }
}

struct Cpu {
    stat: KernelFile,
    guest: bool,
    jiffies: Jiffies,
    info: Option<Info>,
    sysfs: Sysfs,
}

impl Collector for Cpu {
    const NAME: &'static str = "cpu";
    const NAMESPACE: Option<&'static str> = Some("node");
    const METRICS: &'static [&'static Desc] = &[
        SECONDS.desc(),
        GUEST_SECONDS.desc(),
        info::INFO.desc(),
        info::FREQUENCY.desc(),
        info::FLAGS.desc(),
        info::BUGS.desc(),
        sysfs::CORE_THROTTLES.desc(),
        sysfs::PACKAGE_THROTTLES.desc(),
        sysfs::ISOLATED.desc(),
        sysfs::ONLINE.desc(),
    ];
    type Config = CpuConfig;

    fn new(config: &CpuConfig, context: &Context) -> Result<Self> {
        let paths = context.paths();
        Ok(Self {
            stat: KernelFile::new(paths.procfs.join("stat")).kept_open(),
            guest: config.guest,
            jiffies: Jiffies::default(),
            info: Info::new(config, paths.procfs.join("cpuinfo"))?,
            sysfs: Sysfs::new(&paths.sysfs.join("devices/system/cpu")),
        })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        self.jiffies.begin();
        self.stat.each_line(scrape, |scrape, line| self.jiffies.take(line, scrape));
        self.jiffies.forget_offline();
        for (cpu, times) in self.jiffies.iter() {
            for (mode, seconds) in times.modes() {
                scrape.emit(&SECONDS, (cpu, mode), seconds);
            }
            if self.guest {
                for (mode, seconds) in times.guest_modes() {
                    scrape.emit(&GUEST_SECONDS, (cpu, mode), seconds);
                }
            }
        }
        if let Some(info) = &mut self.info {
            info.collect(scrape);
        }
        self.sysfs.collect(scrape);
        Ok(())
    }
}

register!(Cpu);

#[cfg(test)]
exporter_testkit::conformance!(Cpu);

#[cfg(test)]
mod tests;
