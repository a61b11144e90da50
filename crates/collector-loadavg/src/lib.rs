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
    fn a_file_without_a_number_is_named() {
        let host = Tree::new();
        let probe = Probe::of::<Loadavg, _>().tree(&host).start();
        let file = host.path("proc/loadavg").display().to_string();
        assert_eq!(probe.failure(), format!("{file}: No such file or directory (os error 2)"));
        host.write("proc/loadavg", "idle\n");
        let expected =
            format!("{file}, column 1: found `idle`, expected a decimal number (and 2 more)");
        assert_eq!(probe.failure(), expected);
        host.remove("proc/loadavg").link("proc/loadavg", "/proc/self/clear_refs");
        assert_eq!(probe.failure(), format!("{file}: Invalid argument (os error 22)"));
    }

    #[test]
    fn each_of_the_three_numbers_costs_itself() {
        let host = Tree::new();
        let probe = Probe::of::<Loadavg, _>().tree(&host).start();
        let file = host.path("proc/loadavg").display().to_string();
        let names = ["node_load1", "node_load5", "node_load15"];
        for (text, column, found) in [
            ("x 5 15 1/719 19737\n", 1, "`x`"),
            ("1 5,0 15 1/719 19737\n", 2, "`5,0`"),
            ("1 5\n", 3, "nothing"),
        ] {
            host.write("proc/loadavg", text);
            let page = probe.scrape();
            for (index, (name, value)) in names.into_iter().zip([1.0, 5.0, 15.0]).enumerate() {
                if index + 1 == column {
                    assert!(page.family(name).is_none(), "{text}");
                } else {
                    assert_eq!(page.gauge(name, &[]), value, "{text}");
                }
            }
            let expected =
                format!("{file}, column {column}: found {found}, expected a decimal number");
            assert_eq!(probe.omissions(), [expected]);
        }
    }
}
