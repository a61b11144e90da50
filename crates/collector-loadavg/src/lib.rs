//! The load averages of the host, as node_exporter's collector of that name exposes them.

#![forbid(unsafe_code)]

use exporter_host::KernelFile;
use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Result, Scrape, register};

static LOAD1: Gauge = Gauge::new("node_load1", "1m load average.");
static LOAD5: Gauge = Gauge::new("node_load5", "5m load average.");
static LOAD15: Gauge = Gauge::new("node_load15", "15m load average.");

struct Loadavg {
    file: KernelFile,
}

impl Collector for Loadavg {
    const NAME: &'static str = "loadavg";
    const NAMESPACE: Option<&'static str> = Some("node");
    const METRICS: &'static [&'static Desc] = &[LOAD1.desc(), LOAD5.desc(), LOAD15.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, context: &Context) -> Result<Self> {
        Ok(Self { file: KernelFile::new(context.paths().procfs.join("loadavg")).kept_open() })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        // Not with the crate procfs, whose load averages are of single precision.
        let Some(text) = self.file.read(scrape) else { return Ok(()) };
        let mut words = text.as_str().split_whitespace();
        for (metric, column) in [(&LOAD1, 1), (&LOAD5, 2), (&LOAD15, 3)] {
            let word = words.next().unwrap_or_default();
            if let Some(load) = text.number::<f64>(scrape, format_args!("column {column}"), word) {
                scrape.emit(metric, (), load);
            }
        }
        Ok(())
    }
}

register!(Loadavg);

#[cfg(test)]
exporter_testkit::conformance!(Loadavg);

#[cfg(test)]
mod tests {
    use exporter_testkit::{Probe, Tree};

    use super::*;

    #[test]
    fn all_digits_of_the_file_are_exposed_and_no_others() {
        let host = Tree::new();
        host.write("proc/loadavg", "1234.56 0.01 999999.99 1/719 19737\n");
        let page = Probe::of::<Loadavg, _>().tree(&host).start().scrape();
        let load = ["node_load1", "node_load5", "node_load15"].map(|name| page.gauge(name, &[]));
        assert_eq!(load, [1234.56, 0.01, 999_999.99]);
    }

    #[test]
    fn a_file_that_is_missing_or_broken_is_named() {
        let host = Tree::new();
        let probe = Probe::of::<Loadavg, _>().tree(&host).start();
        let file = host.path("proc/loadavg").display().to_string();
        assert_eq!(probe.failure(), format!("{file}: No such file or directory (os error 2)"));
        host.write("proc/loadavg", "idle\n");
        assert_eq!(probe.failure(), format!("{file}: invalid float literal"));
        host.write("proc/loadavg", "0.1 0.2\n");
        assert_eq!(probe.failure(), format!("{file}: fewer than three numbers"));
    }
}
