//! What the kernel counts as a whole, as node_exporter's collector of that name exposes it.

#![forbid(unsafe_code)]

use exporter_host::{KernelFile, Text, parse_number};
use exporter_sdk::{Collector, Context, Counter, Desc, Gauge, Result, Scrape, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static INTERRUPTS: Counter = Counter::new("node_intr_total", "Interrupts that were serviced.");
static CONTEXT_SWITCHES: Counter = Counter::new("node_context_switches_total", "Context switches.");
static FORKS: Counter =
    Counter::new("node_forks_total", "Processes and threads that were started.");
static BOOT_TIME: Gauge =
    Gauge::new("node_boot_time_seconds", "When the host was booted, in Unix time.");
static RUNNING: Gauge = Gauge::new("node_procs_running", "Processes that run or could run.");
static BLOCKED: Gauge =
    Gauge::new("node_procs_blocked", "Processes that wait for I/O to complete.");
static SOFTIRQS: Counter<1> =
    Counter::new("node_softirqs_total", "Soft interrupts that were serviced, by vector.")
        .labels(&["vector"]);

/// The vectors in the kernel's order.
const VECTORS: [&str; 10] = [
    "hi",
    "timer",
    "net_tx",
    "net_rx",
    "block",
    "block_iopoll",
    "tasklet",
    "sched",
    "hrtimer",
    "rcu",
];

/// Keys of the collector.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct StatConfig {
    /// Whether to expose soft interrupts by vector.
    softirq: bool,
}

struct Stat {
    file: KernelFile,
    softirq: bool,
}

impl Collector for Stat {
    const NAME: &'static str = "stat";
    const NAMESPACE: Option<&'static str> = Some("node");
    const METRICS: &'static [&'static Desc] = &[
        INTERRUPTS.desc(),
        CONTEXT_SWITCHES.desc(),
        FORKS.desc(),
        BOOT_TIME.desc(),
        RUNNING.desc(),
        BLOCKED.desc(),
        SOFTIRQS.desc(),
    ];
    type Config = StatConfig;

    fn new(config: &StatConfig, context: &Context) -> Result<Self> {
        Ok(Self {
            file: KernelFile::new(context.paths().procfs.join("stat")).kept_open(),
            softirq: config.softirq,
        })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        self.file.each_line(scrape, |scrape, line| emit(line, self.softirq, scrape));
        Ok(())
    }
}

fn emit(line: &Text<'_>, softirq: bool, scrape: &mut Scrape) -> Result {
    let (name, rest) = line.as_str().split_once(' ').unwrap_or((line.as_str(), ""));
    // Behind its sum, the line of interrupts has a number for each of thousands.
    let mut words = rest.split(' ');
    let mut first = || parse_number::<u64>(words.next().unwrap_or_default());
    match name {
        "intr" => scrape.emit(&INTERRUPTS, (), first()?),
        "ctxt" => scrape.emit(&CONTEXT_SWITCHES, (), first()?),
        "processes" => scrape.emit(&FORKS, (), first()?),
        "btime" => scrape.emit(&BOOT_TIME, (), first()?),
        "procs_running" => scrape.emit(&RUNNING, (), first()?),
        "procs_blocked" => scrape.emit(&BLOCKED, (), first()?),
        "softirq" if softirq => {
            // The first is the sum of the others, which is not exposed.
            for (vector, word) in VECTORS.into_iter().zip(words.skip(1)) {
                if let Some(count) = line.number::<u64>(scrape, vector, word) {
                    scrape.emit(&SOFTIRQS, [vector], count);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

register!(Stat);

#[cfg(test)]
exporter_testkit::conformance!(Stat);

#[cfg(test)]
mod tests {
    use exporter_testkit::{Probe, Tree};

    use super::*;

    #[test]
    fn soft_interrupts_are_left_out_unless_asked_for() {
        let host = Tree::copy("tests/cases/sample/host.txt");
        let probe = Probe::of::<Stat, _>().tree(&host).start();
        assert!(probe.scrape().family("node_softirqs_total").is_none());
    }

    #[test]
    fn a_number_that_is_none_costs_its_metric_only() {
        let host = Tree::new();
        host.write(
            "proc/stat",
            "cpu  1 2\nintr 10\nctxt\nbtime 17\nprocesses -2049562273\nprocs_running 2\nprocs_blocked 0\nsoftirq x 1 y 3\n",
        );
        let probe = Probe::of::<Stat, _>().config("softirq: true").tree(&host).start();
        let page = probe.scrape();
        assert_eq!(page.all_samples().len(), 6);
        assert_eq!(page.counter("node_intr_total", &[]), 10.0);
        assert_eq!(page.gauge("node_boot_time_seconds", &[]), 17.0);
        assert_eq!(page.gauge("node_procs_running", &[]), 2.0);
        assert_eq!(page.gauge("node_procs_blocked", &[]), 0.0);
        assert_eq!(page.counter("node_softirqs_total", &[("vector", "hi")]), 1.0);
        assert_eq!(page.counter("node_softirqs_total", &[("vector", "net_tx")]), 3.0);
        let place = host.path("proc/stat").display().to_string();
        let expected = "expected a whole number from 0 to 18446744073709551615";
        assert_eq!(
            probe.omissions(),
            [
                format!("{place}:3: `ctxt`: found nothing, {expected}"),
                format!("{place}:5: `processes -2049562273`: found `-2049562273`, {expected}"),
                format!("{place}:8, timer: found `y`, {expected}"),
            ]
        );
        host.write("proc/stat", "intr 10\nprocesses 3\n");
        assert_eq!(probe.scrape().counter("node_forks_total", &[]), 3.0);
        assert_eq!(probe.omissions(), [""; 0]);
    }

    #[test]
    fn a_file_that_cannot_be_read_or_has_nothing_right_fails_the_run() {
        let host = Tree::new();
        let probe = Probe::of::<Stat, _>().tree(&host).start();
        let place = host.path("proc/stat").display().to_string();
        assert_eq!(probe.failure(), format!("{place}: No such file or directory (os error 2)"));
        host.write("proc/stat", "cpu  1 2\nintr many 1 2 3\n");
        let why = probe.failure();
        assert!(why.starts_with(&format!("{place}:2: `intr many 1 2 3`: found `many`")), "{why}");
        host.remove("proc/stat").link("proc/stat", "/proc/self/mem");
        assert_eq!(probe.failure(), format!("{place}: Input/output error (os error 5)"));
    }

    #[test]
    fn the_interrupts_of_a_large_machine_are_one_number() {
        let host = Tree::new();
        host.write("proc/stat", format!("intr 18446744073709551615{}\n", " 123".repeat(10_000)));
        let page = Probe::of::<Stat, _>().tree(&host).start().scrape();
        assert_eq!(page.counter("node_intr_total", &[]), 18_446_744_073_709_551_615.0);
    }
}
