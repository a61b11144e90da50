//! The network devices of the host, as node_exporter's collector of that name exposes them.

#![forbid(unsafe_code)]

mod counts;
mod netlink;
mod proc;

use std::path::PathBuf;

use exporter_host::{Filter, KernelFile};
use exporter_sdk::{Collector, Context, Family, Result, Scrape, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::counts::{Count, Counts, DETAILED, DETAILED_OF_PROC, LEGACY, Link};
use crate::netlink::Netlink;

const ADDRESS_INFO: &str = "node_network_address_info";

/// Keys of the collector.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct NetdevConfig {
    /// A regular expression: devices to leave out.
    #[schemars(extend("x-former-names" = ["device_blacklist"]))]
    device_exclude: String,
    /// A regular expression: the only devices to take. Stands in place of `device_exclude`.
    #[schemars(extend("x-former-names" = ["device_whitelist"]))]
    device_include: Option<String>,
    /// Whether to ask the kernel by netlink instead of reading /proc/net/dev, which lacks
    /// node_network_receive_nohandler_total.
    netlink: bool,
    /// Whether to expose each counter of the kernel by itself, under its own name, instead of the sums that /proc/net/dev
    /// has. Without `netlink`, there are the same sums under other names.
    enable_detailed_metrics: bool,
    /// Whether to expose node_network_address_info, the addresses of the devices, which netlink is asked for in any case.
    address_info: bool,
    /// Whether to add a label `ifalias` with the alias of the device.
    label_ifalias: bool,
}

impl Default for NetdevConfig {
    fn default() -> Self {
        Self {
            device_exclude: String::new(),
            device_include: None,
            netlink: true,
            enable_detailed_metrics: false,
            address_info: false,
            label_ifalias: false,
        }
    }
}

struct Netdev {
    /// /proc/net/dev, where it is to be read.
    file: Option<KernelFile>,
    /// The folder of all devices in sysfs.
    class: PathBuf,
    filter: Filter,
    counts: Vec<(Family, Count)>,
    alias: bool,
    address_info: Option<Family>,
    netlink: Netlink,
}

impl Collector for Netdev {
    const NAME: &'static str = "netdev";
    const NAMESPACE: Option<&'static str> = Some("node");
    type Config = NetdevConfig;

    fn new(config: &NetdevConfig, context: &Context) -> Result<Self> {
        let labels: &[&'static str] =
            if config.label_ifalias { &["device", "ifalias"] } else { &["device"] };
        let counts = table(config).map(|(name, help, count)| {
            let family = Family::counter(name, help).labels(labels.iter().copied()).build()?;
            Ok((family, count))
        });
        let help = "An address of a device, with the length of its network's prefix; the value is always 1.";
        let address_info = Family::gauge(ADDRESS_INFO, help)
            .labels(["device", "address", "netmask", "scope"])
            .build()?;
        Ok(Self {
            file: (!config.netlink)
                .then(|| KernelFile::new(context.paths().procfs.join("net/dev"))),
            class: context.paths().sysfs.join("class/net"),
            filter: Filter::new(
                "device",
                (&config.device_exclude, ""),
                config.device_include.as_deref(),
            )?,
            counts: counts.collect::<Result<_>>()?,
            alias: config.label_ifalias,
            address_info: config.address_info.then_some(address_info),
            netlink: Netlink::default(),
        })
    }

    fn describe(&self) -> Vec<Family> {
        let counts = self.counts.iter().map(|(family, _)| family.clone());
        counts.chain(self.address_info.clone()).collect()
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let links = match &mut self.file {
            Some(file) => proc::links(file, scrape),
            None => self.netlink.links(scrape),
        };
        for link in links.iter().filter(|link| self.filter.takes(&link.name)) {
            self.emit(link, scrape);
        }
        if let Some(family) = &self.address_info {
            // The file does not have the numbers of the devices, by which addresses name them.
            let links = if self.file.is_some() { self.netlink.links(scrape) } else { links };
            for address in self.netlink.addresses(&links, scrape) {
                if self.filter.takes(address.device) {
                    let text = address.ip.to_string();
                    let labels = [address.device, &text, &address.prefix, address.scope()];
                    scrape.emit_dynamic(family, labels, 1);
                }
            }
        }
        Ok(())
    }
}

impl Netdev {
    fn emit(&self, link: &Link, scrape: &mut Scrape) {
        if link.counts.is_none() {
            return;
        }
        let alias = if self.alias { self.alias_of(link, scrape) } else { String::new() };
        for (family, count) in &self.counts {
            let Some(value) = link.count(*count) else { continue };
            if self.alias {
                scrape.emit_dynamic(family, [&link.name, &alias], value);
            } else {
                scrape.emit_dynamic(family, [&link.name], value);
            }
        }
    }

    /// The alias of a device, empty where it has none, or it cannot be read.
    fn alias_of(&self, link: &Link, scrape: &mut Scrape) -> String {
        if self.file.is_none() {
            return link.alias.clone();
        }
        let mut file = KernelFile::new(self.class.join(&link.name).join("ifalias"));
        let alias = file.read_value(scrape).ok().flatten();
        alias.map_or_else(String::new, |alias| alias.as_str().to_owned())
    }
}

/// The families that a configuration asks for: name, help, and what is counted.
fn table(config: &NetdevConfig) -> impl Iterator<Item = (&'static str, &'static str, Count)> {
    let (all, renamed): (&[_], &[_]) = match (config.netlink, config.enable_detailed_metrics) {
        (true, true) => (&DETAILED, &[]),
        (false, true) => (&LEGACY, &DETAILED_OF_PROC),
        (_, false) => (&LEGACY, &[]),
    };
    // What the file does not have, it has of no device.
    let from_proc = !config.netlink;
    let there = all
        .iter()
        .filter(move |(_, _, count)| count(&Counts { from_proc, ..Counts::default() }).is_some());
    there.map(|&(name, help, count)| {
        let other = renamed.iter().find(|(legacy, _)| *legacy == name);
        (other.map_or(name, |(_, detailed)| detailed), help, count)
    })
}

register!(Netdev);

#[cfg(test)]
exporter_testkit::conformance!(Netdev);

#[cfg(test)]
mod tests;
