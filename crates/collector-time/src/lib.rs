//! The clock of the host, as node_exporter's collector of that name exposes it.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use exporter_host::{KernelFile, entries};
use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Result, Scrape, register};
use jiff::{Timestamp, tz::TimeZone};

static SECONDS: Gauge =
    Gauge::new("node_time_seconds", "System time in seconds since the epoch (1970).");
static ZONE_OFFSET: Gauge<1> = Gauge::new(
    "node_time_zone_offset_seconds",
    "How far the system's time zone is ahead of UTC, in seconds.",
)
.labels(&["time_zone"]);
static AVAILABLE: Gauge<2> = Gauge::new(
    "node_time_clocksource_available_info",
    "Clock sources that the kernel could use; the value is always 1.",
)
.labels(&["device", "clocksource"]);
static CURRENT: Gauge<2> = Gauge::new(
    "node_time_clocksource_current_info",
    "The clock source that the kernel uses; the value is always 1.",
)
.labels(&["device", "clocksource"]);

struct Time {
    folder: PathBuf,
    clocksources: Vec<Clocksource>,
}

/// A device that keeps time; the kernel has the same ones until it is booted anew.
struct Clocksource {
    device: String,
    available: KernelFile,
    current: KernelFile,
}

impl Collector for Time {
    const NAME: &'static str = "time";
    const NAMESPACE: Option<&'static str> = Some("node");
    const METRICS: &'static [&'static Desc] =
        &[SECONDS.desc(), ZONE_OFFSET.desc(), AVAILABLE.desc(), CURRENT.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, context: &Context) -> Result<Self> {
        let folder = context.paths().sysfs.join("devices/system/clocksource");
        Ok(Self { folder, clocksources: Vec::new() })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        scrape.emit(&SECONDS, (), unix_time(scrape.now()));
        // Looked up at each run, because it may change; jiff remembers it for some minutes.
        let zone = TimeZone::system();
        let now = zone.to_offset_info(Timestamp::try_from(scrape.now())?);
        scrape.emit(&ZONE_OFFSET, [now.abbreviation()], now.offset().seconds());
        if self.clocksources.is_empty() {
            self.clocksources = clocksources(&self.folder, scrape);
        }
        for Clocksource { device, available, current } in &mut self.clocksources {
            for (metric, file) in [(&AVAILABLE, available), (&CURRENT, current)] {
                let Ok(Some(sources)) = file.read_value(scrape) else { continue };
                for source in sources.as_str().split_whitespace() {
                    scrape.emit(metric, [&*device, source], 1);
                }
            }
        }
        Ok(())
    }
}

/// Seconds since the epoch, below zero before it.
fn unix_time(time: SystemTime) -> f64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => after.as_secs_f64(),
        Err(before) => -before.duration().as_secs_f64(),
    }
}

/// Where there is no such folder, there is nothing to choose from.
fn clocksources(folder: &Path, scrape: &mut Scrape) -> Vec<Clocksource> {
    let clocksource = |folder: PathBuf| {
        let device = folder.file_name()?.to_str()?.strip_prefix("clocksource")?.to_owned();
        let [available, current] = ["available_clocksource", "current_clocksource"]
            .map(|file| KernelFile::new(folder.join(file)).kept_open());
        Some(Clocksource { device, available, current })
    };
    let entries = entries(folder, scrape).unwrap_or_default();
    entries.into_iter().filter_map(clocksource).collect()
}

register!(Time);

#[cfg(test)]
exporter_testkit::conformance!(Time, volatile: ["node_time_zone_offset_seconds"]);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use exporter_sdk::Clock;
    use exporter_testkit::{Probe, Tree};

    use super::*;

    #[test]
    fn it_is_the_time_of_now() {
        let clock = Clock::stopped_at(UNIX_EPOCH + Duration::from_millis(1_700_000_000_500));
        let probe = Probe::of::<Time, _>().tree(&Tree::new()).clock(&clock).start();
        assert_eq!(probe.scrape().gauge("node_time_seconds", &[]), 1_700_000_000.5);
        clock.advance(Duration::from_mins(1));
        let page = probe.scrape();
        assert_eq!(page.gauge("node_time_seconds", &[]), 1_700_000_060.5);
        assert_eq!(page.samples("node_time_zone_offset_seconds").len(), 1);
        assert!(page.family("node_time_clocksource_current_info").is_none());
    }

    #[test]
    fn a_time_before_the_epoch_is_negative() {
        assert_eq!(unix_time(UNIX_EPOCH - Duration::from_millis(1500)), -1.5);
    }

    #[test]
    fn a_clock_source_that_cannot_be_read_costs_itself() {
        let host = Tree::new();
        let probe = Probe::of::<Time, _>().tree(&host).start();
        let device = |number: u32, file: &str| {
            format!("sys/devices/system/clocksource/clocksource{number}/{file}_clocksource")
        };
        host.write(&device(0, "available"), "tsc hpet\n").write(&device(0, "current"), "tsc\n");
        host.link(&device(1, "available"), "/proc/self/mem").write(&device(1, "current"), "pit\n");
        // What does not exist is not an omission.
        host.write(&device(2, "available"), "rtc\n");
        for _ in 0..2 {
            let page = probe.scrape();
            assert_eq!(page.samples("node_time_clocksource_available_info").len(), 3);
            for (number, source) in [("0", "tsc"), ("1", "pit")] {
                let labels = [("device", number), ("clocksource", source)];
                assert_eq!(page.gauge("node_time_clocksource_current_info", &labels), 1.0);
            }
            assert!(page.family("node_time_seconds").is_some());
            let place = host.path(&device(1, "available")).display().to_string();
            assert_eq!(probe.omissions(), [format!("{place}: Input/output error (os error 5)")]);
        }
    }

    #[test]
    fn a_folder_of_clock_sources_that_cannot_be_read_is_named_at_each_run_until_it_can() {
        let host = Tree::new();
        let folder = "sys/devices/system/clocksource";
        host.write(folder, "not a folder");
        let probe = Probe::of::<Time, _>().tree(&host).start();
        let place = host.path(folder).display().to_string();
        for _ in 0..2 {
            assert!(probe.scrape().family("node_time_seconds").is_some());
            assert_eq!(probe.omissions(), [format!("{place}: Not a directory (os error 20)")]);
        }
        host.remove(folder).write(&format!("{folder}/clocksource0/current_clocksource"), "tsc\n");
        let labels = [("device", "0"), ("clocksource", "tsc")];
        assert_eq!(probe.scrape().gauge("node_time_clocksource_current_info", &labels), 1.0);
        assert_eq!(probe.omissions(), [""; 0]);
    }
}
