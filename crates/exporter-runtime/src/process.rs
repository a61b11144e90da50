//! `process_*`: what the exporter itself uses, under the names that every Prometheus client library gives them.
//!
//! The process collector of the `prometheus` crate counts CPU in whole seconds; this one reads the kernel's clock of the
//! process, in nanoseconds.

use std::os::fd::OwnedFd;

use procfs::FromRead as _;
use procfs::process::{Process, StatM};
use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;
use prometheus::{Counter, Gauge, Opts, Result};
use rustix::fs::{Mode, OFlags, fstat};
use rustix::io::pread;
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

/// A collector, in the `prometheus` crate's sense, of this process.
pub(crate) struct ProcessCollector {
    cpu: Counter,
    open_fds: Gauge,
    max_fds: Gauge,
    virtual_memory: Gauge,
    max_virtual_memory: Gauge,
    resident_memory: Gauge,
    threads: Gauge,
    start_time: Gauge,
    /// Not there without procfs.
    files: Option<Files>,
}

impl ProcessCollector {
    pub(crate) fn new() -> Result<Self> {
        let gauge = |name: &str, help: &str| Gauge::with_opts(Opts::new(name, help));
        let collector = Self {
            cpu: Counter::with_opts(Opts::new(
                "process_cpu_seconds_total",
                "Total user and system CPU time spent in seconds.",
            ))?,
            open_fds: gauge("process_open_fds", "Number of open file descriptors.")?,
            max_fds: gauge("process_max_fds", "Maximum number of open file descriptors.")?,
            virtual_memory: gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.")?,
            max_virtual_memory: gauge(
                "process_virtual_memory_max_bytes",
                "Maximum amount of virtual memory available in bytes.",
            )?,
            resident_memory: gauge(
                "process_resident_memory_bytes",
                "Resident memory size in bytes.",
            )?,
            threads: gauge("process_threads", "Number of OS threads in the process.")?,
            start_time: gauge(
                "process_start_time_seconds",
                "Start time of the process since unix epoch in seconds.",
            )?,
            files: Files::open().ok(),
        };
        if let Some(start) = start_time() {
            collector.start_time.set(start);
        }
        Ok(collector)
    }

    fn metrics(&self) -> [&dyn Collector; 8] {
        [
            &self.cpu,
            &self.open_fds,
            &self.max_fds,
            &self.virtual_memory,
            &self.max_virtual_memory,
            &self.resident_memory,
            &self.threads,
            &self.start_time,
        ]
    }

    #[expect(clippy::cast_precision_loss, reason = "no process has 2^53 bytes, files or seconds")]
    fn update(&self) {
        let cpu = clock_gettime(ClockId::ProcessCPUTime);
        let seconds = cpu.tv_sec as f64 + cpu.tv_nsec as f64 / 1e9;
        self.cpu.inc_by((seconds - self.cpu.get()).max(0.0));
        self.max_fds.set(limit(Resource::Nofile));
        self.max_virtual_memory.set(limit(Resource::As));
        if let Some(files) = &self.files {
            files.update(self);
        }
    }
}

/// What the kernel tells of this process, kept open: looking the paths up again costs more than reading them.
struct Files {
    /// The folder of open files.
    open: OwnedFd,
    /// The folder of threads.
    threads: OwnedFd,
    memory: OwnedFd,
}

impl Files {
    fn open() -> rustix::io::Result<Self> {
        let open =
            |path: &str| rustix::fs::open(path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty());
        Ok(Self {
            open: open("/proc/self/fd")?,
            threads: open("/proc/self/task")?,
            memory: open("/proc/self/statm")?,
        })
    }

    #[expect(clippy::cast_precision_loss, reason = "no process has 2^53 bytes, files or threads")]
    fn update(&self, metrics: &ProcessCollector) {
        if let Some(count) = self.open_files() {
            metrics.open_fds.set(count as f64);
        }
        // The links of a folder are those to it from its subfolders, of which there is one per thread, and two more.
        if let Ok(threads) = fstat(&self.threads) {
            metrics.threads.set(threads.st_nlink.saturating_sub(2) as f64);
        }
        let mut text = [0; 200];
        let read = pread(&self.memory, &mut text, 0).ok().and_then(|length| text.get(..length));
        // Much cheaper than `stat`, for which the kernel adds up every thread.
        if let Some(memory) = read.and_then(|text| StatM::from_read(text).ok()) {
            metrics.virtual_memory.set((memory.size * procfs::page_size()) as f64);
            metrics.resident_memory.set((memory.resident * procfs::page_size()) as f64);
        }
    }

    fn open_files(&self) -> Option<u64> {
        // Since Linux 6.2 the size of the folder is their number.
        match fstat(&self.open).map(|folder| folder.st_size) {
            Ok(count) if count > 0 => u64::try_from(count).ok(),
            _ => Process::myself()
                .and_then(|process| process.fd_count())
                .ok()
                .map(|count| count as u64),
        }
    }
}

impl Collector for ProcessCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.metrics().into_iter().flat_map(Collector::desc).collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        self.update();
        self.metrics().into_iter().flat_map(Collector::collect).collect()
    }
}

/// A limit as the client libraries tell it: no limit is the largest number.
#[expect(clippy::cast_precision_loss, reason = "limits are told as floats by every client library")]
fn limit(resource: Resource) -> f64 {
    getrlimit(resource).current.unwrap_or(u64::MAX) as f64
}

#[expect(clippy::cast_precision_loss, reason = "no process started in 2^53 seconds")]
fn start_time() -> Option<f64> {
    let stat = Process::myself().ok()?.stat().ok()?;
    let since_boot = stat.starttime as f64 / procfs::ticks_per_second() as f64;
    Some(procfs::boot_time_secs().ok()? as f64 + since_boot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu_seconds(collector: &ProcessCollector) -> f64 {
        collector.update();
        collector.cpu.get()
    }

    #[test]
    fn cpu_time_is_counted_in_fractions_of_a_second() {
        let collector = ProcessCollector::new().unwrap();
        let before = cpu_seconds(&collector);
        let mut after = before;
        while after <= before {
            after = cpu_seconds(&collector);
        }
        assert!(after - before < 1.0, "{before} {after}");
    }

    #[test]
    fn every_value_of_a_live_process_is_there() {
        let collector = ProcessCollector::new().unwrap();
        collector.update();
        for gauge in [
            &collector.open_fds,
            &collector.max_fds,
            &collector.virtual_memory,
            &collector.max_virtual_memory,
            &collector.resident_memory,
            &collector.threads,
        ] {
            assert!(gauge.get() >= 1.0, "{:?}", gauge.desc());
        }
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        let age = now.as_secs_f64() - collector.start_time.get();
        assert!((-2.0..3600.0).contains(&age), "started {age} s ago");
    }
}
