//! The network devices of the host, as node_exporter's collector of that name exposes them.

#![forbid(unsafe_code)]

mod counts;
mod netlink;
mod proc;

use std::path::PathBuf;

use exporter_host::Filter;
use exporter_sdk::{Collector, Context, Family, Result, Scrape, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::counts::{Count, DETAILED, LEGACY, Link};
use crate::netlink::Netlink;

const ADDRESS_INFO: &str = "node_network_address_info";

/// Keys of the collector.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct NetdevConfig {
    /// A regular expression: devices to leave out.
    device_exclude: String,
    /// A regular expression: the only devices to take. Stands in place of `device_exclude`.
    device_include: Option<String>,
    /// Whether to ask the kernel by netlink instead of reading /proc/net/dev, which lacks
    /// node_network_receive_nohandler_total.
    netlink: bool,
    /// Whether to expose each counter of the kernel by itself, under its own name, instead of the sums that /proc/net/dev
    /// has. Needs `netlink`.
    enable_detailed_metrics: bool,
    /// Whether to expose node_network_address_info, the addresses of the devices. Needs `netlink`.
    address_info: bool,
    /// Whether to add a label `ifalias` with the alias of the device. Needs `netlink`.
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
    file: Option<PathBuf>,
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
        for (key, given) in [
            ("enable_detailed_metrics", config.enable_detailed_metrics),
            ("address_info", config.address_info),
            ("label_ifalias", config.label_ifalias),
        ] {
            if given && !config.netlink {
                return Err(format!("{key} needs netlink, which is switched off").into());
            }
        }
        let table = if config.enable_detailed_metrics { &DETAILED[..] } else { &LEGACY[..] };
        let labels: &[&'static str] =
            if config.label_ifalias { &["device", "ifalias"] } else { &["device"] };
        let counts = table.iter().map(|(name, help, count)| {
            let family = Family::counter(*name, *help).labels(labels.iter().copied()).build()?;
            Ok((family, *count))
        });
        let help = "An address of a device, with the length of its network's prefix; the value is always 1.";
        let address_info = Family::gauge(ADDRESS_INFO, help)
            .labels(["device", "address", "netmask", "scope"])
            .build()?;
        Ok(Self {
            file: (!config.netlink).then(|| context.paths().procfs.join("net/dev")),
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
        let links = match &self.file {
            Some(file) => proc::links(file)?,
            None => self.netlink.links()?,
        };
        for link in links.iter().filter(|link| self.filter.takes(&link.name)) {
            self.emit(link, scrape);
        }
        if let Some(family) = &self.address_info {
            for address in self.netlink.addresses(&links)? {
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
        for (family, count) in &self.counts {
            let Some(value) = count(&link.counts) else { continue };
            if self.alias {
                scrape.emit_dynamic(family, [&link.name, &link.alias], value);
            } else {
                scrape.emit_dynamic(family, [&link.name], value);
            }
        }
    }
}

register!(Netdev);

#[cfg(test)]
exporter_testkit::conformance!(Netdev);

#[cfg(test)]
mod tests;
