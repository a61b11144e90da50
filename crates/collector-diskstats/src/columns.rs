//! The columns of /proc/diskstats, see Documentation/admin-guide/iostats.rst of the kernel.

use exporter_host::Text;
use exporter_sdk::{Counter, Desc, Gauge, Scrape};

use crate::disk;

static READS: Counter<1> =
    Counter::new("node_disk_reads_completed_total", "Reads that completed.").labels(&["device"]);
static READS_MERGED: Counter<1> =
    Counter::new("node_disk_reads_merged_total", "Reads that were merged with others.")
        .labels(&["device"]);
static READ_BYTES: Counter<1> =
    Counter::new("node_disk_read_bytes_total", "Bytes that were read.").labels(&["device"]);
static READ_TIME: Counter<1> =
    Counter::new("node_disk_read_time_seconds_total", "Seconds that all reads took together.")
        .labels(&["device"]);
static WRITES: Counter<1> =
    Counter::new("node_disk_writes_completed_total", "Writes that completed.").labels(&["device"]);
static WRITES_MERGED: Counter<1> =
    Counter::new("node_disk_writes_merged_total", "Writes that were merged with others.")
        .labels(&["device"]);
static WRITTEN_BYTES: Counter<1> =
    Counter::new("node_disk_written_bytes_total", "Bytes that were written.").labels(&["device"]);
static WRITE_TIME: Counter<1> =
    Counter::new("node_disk_write_time_seconds_total", "Seconds that all writes took together.")
        .labels(&["device"]);
static IO_NOW: Gauge<1> =
    Gauge::new("node_disk_io_now", "Requests that are in progress.").labels(&["device"]);
static IO_TIME: Counter<1> = Counter::new(
    "node_disk_io_time_seconds_total",
    "Seconds in which at least one request was in progress.",
)
.labels(&["device"]);
static IO_TIME_WEIGHTED: Counter<1> = Counter::new(
    "node_disk_io_time_weighted_seconds_total",
    "Seconds in which requests were in progress, times their number.",
)
.labels(&["device"]);
static DISCARDS: Counter<1> =
    Counter::new("node_disk_discards_completed_total", "Discards that completed.")
        .labels(&["device"]);
static DISCARDS_MERGED: Counter<1> =
    Counter::new("node_disk_discards_merged_total", "Discards that were merged with others.")
        .labels(&["device"]);
static DISCARDED_SECTORS: Counter<1> =
    Counter::new("node_disk_discarded_sectors_total", "Sectors that were discarded.")
        .labels(&["device"]);
static DISCARD_TIME: Counter<1> = Counter::new(
    "node_disk_discard_time_seconds_total",
    "Seconds that all discards took together.",
)
.labels(&["device"]);
static FLUSHES: Counter<1> =
    Counter::new("node_disk_flush_requests_total", "Flushes that completed.").labels(&["device"]);
static FLUSH_TIME: Counter<1> = Counter::new(
    "node_disk_flush_requests_time_seconds_total",
    "Seconds that all flushes took together.",
)
.labels(&["device"]);

pub(crate) const METRICS: [&Desc; 23] = [
    READS.desc(),
    READS_MERGED.desc(),
    READ_BYTES.desc(),
    READ_TIME.desc(),
    WRITES.desc(),
    WRITES_MERGED.desc(),
    WRITTEN_BYTES.desc(),
    WRITE_TIME.desc(),
    IO_NOW.desc(),
    IO_TIME.desc(),
    IO_TIME_WEIGHTED.desc(),
    DISCARDS.desc(),
    DISCARDS_MERGED.desc(),
    DISCARDED_SECTORS.desc(),
    DISCARD_TIME.desc(),
    FLUSHES.desc(),
    FLUSH_TIME.desc(),
    disk::INFO.desc(),
    disk::FILESYSTEM_INFO.desc(),
    disk::DEVICE_MAPPER_INFO.desc(),
    disk::ATA_WRITE_CACHE.desc(),
    disk::ATA_WRITE_CACHE_ENABLED.desc(),
    disk::ATA_ROTATION_RATE.desc(),
];

/// What a column counts.
#[derive(Clone, Copy)]
enum Column {
    Number(&'static Counter<1>),
    /// Of 512 bytes, whatever the device has.
    Sectors(&'static Counter<1>),
    Milliseconds(&'static Counter<1>),
    Now(&'static Gauge<1>),
}

/// In their order. Kernels before 4.18 end with the weighted time, those before 5.5 with that of discards.
static COLUMNS: [Column; 17] = [
    Column::Number(&READS),
    Column::Number(&READS_MERGED),
    Column::Sectors(&READ_BYTES),
    Column::Milliseconds(&READ_TIME),
    Column::Number(&WRITES),
    Column::Number(&WRITES_MERGED),
    Column::Sectors(&WRITTEN_BYTES),
    Column::Milliseconds(&WRITE_TIME),
    Column::Now(&IO_NOW),
    Column::Milliseconds(&IO_TIME),
    Column::Milliseconds(&IO_TIME_WEIGHTED),
    Column::Number(&DISCARDS),
    Column::Number(&DISCARDS_MERGED),
    Column::Number(&DISCARDED_SECTORS),
    Column::Milliseconds(&DISCARD_TIME),
    Column::Number(&FLUSHES),
    Column::Milliseconds(&FLUSH_TIME),
];

/// How many columns stand before those of discards, which every kernel has.
const LEAST: usize = 11;

/// Emits the columns that are there, of which `words` are the numbers.
pub(crate) fn emit<'a>(
    scrape: &mut Scrape,
    device: &str,
    line: &Text<'_>,
    words: impl Iterator<Item = &'a str>,
) {
    let mut found = 0;
    for (column, word) in COLUMNS.iter().zip(words) {
        found += 1;
        // They are counted as iostats.rst counts them, where the first is the one behind the name.
        let part = format_args!("{device}, field {found}");
        let Some(number) = line.number::<u64>(scrape, part, word) else { continue };
        match column {
            Column::Number(metric) => scrape.emit(*metric, [device], number),
            Column::Sectors(metric) => scrape.emit(*metric, [device], number.saturating_mul(512)),
            Column::Milliseconds(metric) => scrape.emit(*metric, [device], seconds(number)),
            Column::Now(metric) => scrape.emit(*metric, [device], number),
        }
    }
    if found < LEAST {
        line.omit(scrape, format!("found {found} numbers, expected {LEAST} or more"));
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for the next 285,000 years")]
fn seconds(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
