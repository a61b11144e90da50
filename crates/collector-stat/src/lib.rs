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
        let host = Tree::copy("tests/fixtures");
        let probe = Probe::of::<Stat, _>().tree(&host).start();
        assert!(probe.scrape().family("node_softirqs_total").is_none());
    }

    #[test]
    fn a_line_that_is_broken_is_named() {
        let host = Tree::new();
        host.write(
            "proc/stat",
            "cpu  1 2 3\nintr many 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18\n",
        );
        let why = Probe::of::<Stat, _>().tree(&host).start().failure();
        let expected = "proc/stat: `intr many 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18`: invalid digit found in string";
        assert!(why.ends_with(expected), "{why}");
    }

    #[test]
    fn the_interrupts_of_a_large_machine_are_one_number() {
        let host = Tree::new();
        host.write("proc/stat", format!("intr 18446744073709551615{}\n", " 123".repeat(10_000)));
        let page = Probe::of::<Stat, _>().tree(&host).start().scrape();
        assert_eq!(page.counter("node_intr_total", &[]), 18_446_744_073_709_551_615.0);
    }
}
