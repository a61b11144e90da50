//! The load averages of the host, as node_exporter's collector of that name exposes them.

#![forbid(unsafe_code)]

use std::fs;
use std::path::PathBuf;

use exporter_sdk::{At as _, Collector, Context, Desc, Gauge, NoConfig, Result, Scrape, register};

static LOAD1: Gauge = Gauge::new("node_load1", "1m load average.");
static LOAD5: Gauge = Gauge::new("node_load5", "5m load average.");
static LOAD15: Gauge = Gauge::new("node_load15", "15m load average.");

struct Loadavg {
    file: PathBuf,
}

impl Collector for Loadavg {
    const NAME: &'static str = "loadavg";
    const NAMESPACE: Option<&'static str> = Some("node");
    const METRICS: &'static [&'static Desc] = &[LOAD1.desc(), LOAD5.desc(), LOAD15.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, context: &Context) -> Result<Self> {
        Ok(Self { file: context.paths().procfs.join("loadavg") })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        // Not with the crate procfs, whose load averages are of single precision.
        let text = fs::read_to_string(&self.file).at(self.file.display())?;
        let numbers = text.split_whitespace().take(3).map(str::parse);
        let loads = numbers.collect::<Result<Vec<f64>, _>>().at(self.file.display())?;
        let [one, five, fifteen] = loads[..] else {
            return Err(format!("{}: fewer than three numbers", self.file.display()).into());
        };
        scrape.emit(&LOAD1, (), one);
        scrape.emit(&LOAD5, (), five);
        scrape.emit(&LOAD15, (), fifteen);
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
