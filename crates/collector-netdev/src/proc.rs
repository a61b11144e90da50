//! /proc/net/dev.

use std::fs;
use std::path::Path;

use exporter_sdk::{At as _, Result};

use crate::counts::{Counts, Link, Stats};

/// Two lines of headings, then a line for each device: `name: 8 numbers received 8 numbers sent`.
pub(crate) fn links(file: &Path) -> Result<Vec<Link>> {
    // The name of a device is any bytes but a slash and white space.
    let text = fs::read(file).at(file.display())?;
    let text = String::from_utf8_lossy(&text);
    let links = text.lines().skip(2).map(|line| {
        link(line).ok_or_else(|| format!("{}: `{line}`: not a device", file.display()).into())
    });
    links.collect()
}

fn link(line: &str) -> Option<Link> {
    // A name may have a colon, as those of aliases do; the numbers have none.
    let (name, numbers) = line.rsplit_once(':')?;
    let numbers: Vec<u64> =
        numbers.split_ascii_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
    let mut stats = Stats::default();
    [
        stats.rx_bytes,
        stats.rx_packets,
        stats.rx_errors,
        stats.rx_dropped,
        stats.rx_fifo_errors,
        stats.rx_frame_errors,
        stats.rx_compressed,
        stats.multicast,
        stats.tx_bytes,
        stats.tx_packets,
        stats.tx_errors,
        stats.tx_dropped,
        stats.tx_fifo_errors,
        stats.collisions,
        stats.tx_carrier_errors,
        stats.tx_compressed,
    ] = numbers.try_into().ok()?;
    let counts = Some(Counts { stats, from_proc: true });
    Some(Link { name: name.trim_start().to_owned(), counts, ..Link::default() })
}
