//! /proc/net/dev.

use exporter_host::{KernelFile, Text};
use exporter_sdk::{Result, Scrape};

use crate::counts::{Counts, Link, Stats};

/// Two lines of headings, then a line for each device: `name: 8 numbers received 8 numbers sent`. The name of a device is
/// any bytes but a slash and white space.
pub(crate) fn links(file: &mut KernelFile, scrape: &mut Scrape) -> Vec<Link> {
    let (mut links, mut headings) = (Vec::new(), 2);
    file.each_line(scrape, |scrape, line| {
        if headings > 0 {
            headings -= 1;
        } else {
            links.push(link(line, scrape)?);
        }
        Ok(())
    });
    links
}

fn link(line: &Text<'_>, scrape: &mut Scrape) -> Result<Link> {
    // A name may have a colon, as those of aliases do; the numbers have none.
    let expected = "expected `DEVICE:` and 16 numbers";
    let (name, numbers) = line.as_str().rsplit_once(':').ok_or(expected)?;
    if numbers.split_ascii_whitespace().count() != 16 {
        return Err(expected.into());
    }
    let name = name.trim_start();
    let (mut columns, mut unread) = ([0; 16], [0; 16]);
    for (index, word) in numbers.split_ascii_whitespace().enumerate() {
        let part = format_args!("{name}, column {}", index + 1);
        match line.number(scrape, part, word) {
            Some(number) => columns[index] = number,
            None => unread[index] = 1,
        }
    }
    let unread = unread.contains(&1).then(|| Box::new(counts(unread)));
    Ok(Link { name: name.to_owned(), counts: Some(counts(columns)), unread, ..Link::default() })
}

fn counts(columns: [u64; 16]) -> Counts {
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
    ] = columns;
    Counts { stats, from_proc: true }
}
