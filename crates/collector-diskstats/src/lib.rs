//! The disks of the host, as node_exporter's collector of that name exposes them.

#![forbid(unsafe_code)]

mod columns;
mod disk;

use std::collections::HashMap;
use std::path::PathBuf;

use exporter_host::{Filter, KernelFile};
use exporter_sdk::{Collector, Context, Desc, Result, Scrape, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::disk::Disk;

/// Partitions, and devices that are no disks.
const DEVICE_EXCLUDE: &str = r"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$";

/// Keys of the collector.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct DiskstatsConfig {
    /// A regular expression: devices to leave out.
    #[schemars(extend("x-former-names" = ["ignored_devices"]))]
    device_exclude: String,
    /// A regular expression: the only devices to take. Stands in place of `device_exclude`.
    device_include: Option<String>,
}

impl Default for DiskstatsConfig {
    fn default() -> Self {
        Self { device_exclude: DEVICE_EXCLUDE.to_owned(), device_include: None }
    }
}

struct Diskstats {
    file: KernelFile,
    udev_data: PathBuf,
    block: PathBuf,
    filter: Filter,
    /// What is known of each device that was there in the last run; nothing of those that are left out.
    devices: HashMap<String, Option<Disk>>,
}

impl Collector for Diskstats {
    const NAME: &'static str = "diskstats";
    const NAMESPACE: Option<&'static str> = Some("node");
    const METRICS: &'static [&'static Desc] = &columns::METRICS;
    type Config = DiskstatsConfig;

    fn new(config: &DiskstatsConfig, context: &Context) -> Result<Self> {
        let paths = context.paths();
        let exclude = (config.device_exclude.as_str(), DEVICE_EXCLUDE);
        Ok(Self {
            file: KernelFile::new(paths.procfs.join("diskstats")).kept_open(),
            udev_data: paths.udev_data.clone(),
            block: paths.sysfs.join("block"),
            filter: Filter::new("device", exclude, config.device_include.as_deref())?,
            devices: HashMap::new(),
        })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let mut before = std::mem::take(&mut self.devices);
        self.file.each_line(scrape, |scrape, line| {
            let mut words = line.as_str().split_ascii_whitespace();
            let (Some(major), Some(minor), Some(device)) =
                (words.next(), words.next(), words.next())
            else {
                return Err("expected `MAJOR MINOR DEVICE` and numbers".into());
            };
            let (name, mut disk) = before.remove_entry(device).unwrap_or_else(|| {
                let taken = self.filter.takes(device).then(|| Disk::new(&self.block, device));
                (device.to_owned(), taken)
            });
            if let Some(disk) = &mut disk {
                columns::emit(scrape, device, line, words);
                let udev = self.udev_data.join(format!("b{major}:{minor}"));
                disk.refresh(&udev, scrape);
                disk.emit(scrape, [device, major, minor], &udev);
            }
            self.devices.insert(name, disk);
            Ok(())
        });
        Ok(())
    }
}

register!(Diskstats);

#[cfg(test)]
exporter_testkit::conformance!(Diskstats);

#[cfg(test)]
mod tests;
