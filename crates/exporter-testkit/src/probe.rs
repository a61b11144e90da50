//! One collector, run the way an exporter runs it.

use std::collections::BTreeSet;
use std::panic::Location;
use std::path::Path;
use std::time::Duration;

use exporter_runtime::{
    BuildInfo, Catalog, CollectorType, DuplicatePolicy, Failure, Node, Reason, Registry,
    RegistryOptions, ScrapeRequest, Scraped, Settings, lint, lint_samples, read_settings,
};
use exporter_sdk::{Clock, Family, Origin, Paths, Register, Registration};

use crate::page::Page;
use crate::tree::Tree;

/// What stands for the name of the configuration file in messages.
pub(crate) const CONFIGURATION: &str = "configuration";

/// A collector to be tried: its configuration, and the host that it is to see.
///
/// ```
/// # use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Result, Scrape};
/// # static LOAD: Gauge = Gauge::new("node_load1", "1m load average.");
/// # struct Loadavg(std::path::PathBuf);
/// # impl Collector for Loadavg {
/// #     const NAME: &'static str = "loadavg";
/// #     const METRICS: &'static [&'static Desc] = &[LOAD.desc()];
/// #     type Config = NoConfig;
/// #     fn new(_: &NoConfig, context: &Context) -> Result<Self> { Ok(Self(context.paths().procfs.join("loadavg"))) }
/// #     fn collect(&mut self, scrape: &mut Scrape) -> Result {
/// #         let text = std::fs::read_to_string(&self.0)?;
/// #         scrape.emit(&LOAD, (), text.split(' ').next().unwrap_or_default().parse::<f64>()?);
/// #         Ok(())
/// #     }
/// # }
/// use exporter_testkit::{Probe, Tree};
///
/// let host = Tree::new();
/// host.write("proc/loadavg", "0.21 0.37 0.39 1/719 19737\n");
/// let probe = Probe::of::<Loadavg, _>().tree(&host).start();
/// assert_eq!(probe.scrape().gauge("node_load1", &[]), 0.21);
/// host.write("proc/loadavg", "much\n");
/// assert_eq!(probe.failure(), "invalid float literal");
/// ```
#[derive(Debug)]
pub struct Probe {
    kind: CollectorType,
    config: String,
    paths: Paths,
    timeout: Duration,
    clock: Clock,
}

impl Probe {
    /// Tries a collector of this type, with its defaults, on this host.
    #[track_caller]
    pub fn of<C: Register<Way>, Way>() -> Self {
        Self::of_kind(kind_of::<C, Way>())
    }

    pub(crate) fn of_kind(kind: CollectorType) -> Self {
        let timeout = Duration::from_secs(10);
        Self {
            kind,
            config: String::new(),
            paths: Paths::default(),
            timeout,
            clock: Clock::system(),
        }
    }

    /// With these keys, in YAML, as they stand under the collector's name in a configuration file.
    pub fn config(mut self, yaml: &str) -> Self {
        yaml.clone_into(&mut self.config);
        self
    }

    /// On the host that a tree stands for.
    pub fn tree(self, tree: &Tree) -> Self {
        self.paths(tree.paths())
    }

    /// On the host whose file systems are there.
    pub fn paths(mut self, paths: Paths) -> Self {
        self.paths = paths;
        self
    }

    /// With a time-out for each run, instead of ten seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// With this clock, of which the test keeps a clone to advance it, instead of that of the system.
    pub fn clock(mut self, clock: &Clock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Builds the collector.
    #[track_caller]
    pub fn start(self) -> Probed {
        self.try_start().unwrap_or_else(|error| panic!("it cannot be built: {error}"))
    }

    /// Why the collector cannot be built, which it must not, without the place in the configuration: `url: expected a URL`.
    #[track_caller]
    pub fn refused(self) -> String {
        let name = self.kind.name().to_owned();
        without_place(&self.refused_at(), &name).to_owned()
    }

    /// The same, with the place: `configuration:3:5: collectors.orders.url: expected a URL`.
    #[track_caller]
    pub fn refused_at(self) -> String {
        match self.try_start() {
            Ok(_) => panic!("it was built"),
            Err(error) => error,
        }
    }

    fn try_start(self) -> Result<Probed, String> {
        let name = self.kind.name();
        let mut file = format!("collectors:\n  {name}:\n");
        for line in self.config.lines() {
            file.extend(["    ", line, "\n"]);
        }
        Probed::of_file(&file, self.kind.clone(), self.paths, self.timeout, self.clock)
    }
}

/// The type as it is registered, at the place of whoever tries it.
#[track_caller]
pub(crate) fn kind_of<C: Register<Way>, Way>() -> CollectorType {
    let place = Location::caller();
    let origin = Origin {
        package: "the package under test",
        version: None,
        description: "",
        file: place.file(),
        line: place.line(),
    };
    CollectorType::from(&Registration::of::<C, Way>(origin))
}

/// A collector that was built, and keeps its state from run to run.
#[derive(Debug)]
pub struct Probed(Registry);

impl Probed {
    /// Builds what a whole configuration file enables of one type.
    pub(crate) fn of_file(
        text: &str,
        kind: CollectorType,
        paths: Paths,
        timeout: Duration,
        clock: Clock,
    ) -> Result<Self, String> {
        let catalog = Catalog::new(vec![kind]).map_err(|error| error.to_string())?;
        let node = Node::parse(CONFIGURATION, text).map_err(|error| error.to_string())?;
        let mut settings: Settings =
            read_settings(node, Path::new(""), &catalog).map_err(|error| error.to_string())?;
        settings.paths = paths;
        settings.clock = clock;
        settings.scrape.timeout = timeout;
        // A series that comes twice is a mistake of its collector.
        settings.scrape.duplicates = DuplicatePolicy::Fail;
        let all = settings.scrape.clone();
        for collector in settings.collectors.values_mut() {
            // Each scrape is a run, whatever the author's defaults are.
            let scrape = collector.scrape.get_or_insert_with(|| all.clone());
            (scrape.min_interval, scrape.refresh) = (Duration::ZERO, Duration::ZERO);
        }
        let build = BuildInfo::new("probe", "0");
        let options = RegistryOptions { exporter_metrics: false, ..RegistryOptions::default() };
        let registry = Registry::new(&catalog, &settings, &build, options);
        registry.map(Self).map_err(|error| error.to_string())
    }

    /// Runs the collector, which must succeed, and returns its samples.
    #[track_caller]
    pub fn scrape(&self) -> Page {
        Page::parse(&self.text())
    }

    /// Runs the collector, which must succeed, and returns its part of a page.
    #[track_caller]
    pub fn text(&self) -> String {
        self.attempt().unwrap_or_else(|failure| panic!("it failed: {failure}"))
    }

    /// Runs the collector, which must fail, and returns why.
    #[track_caller]
    pub fn failure(&self) -> String {
        match self.attempt() {
            Ok(_) => panic!("it succeeded"),
            Err(failure) => failure,
        }
    }

    /// Runs the collector, and returns its part of a page, or why there is none.
    ///
    /// # Errors
    ///
    /// What the collector said was wrong, or the exporter of the run.
    pub fn attempt(&self) -> Result<String, String> {
        self.outcome().map_err(|failure| failure.message)
    }

    /// The part of a page, or the failure.
    fn outcome(&self) -> Result<String, Failure> {
        let mut scraped = self.run();
        if let Some(missing) = scraped.missing.pop() {
            return Err(missing.failure);
        }
        let text = String::from_utf8(scraped.into_text()).expect("pages are UTF-8");
        Ok(text.split_inclusive('\n').filter(|line| !is_evidence(line)).collect())
    }

    /// Runs the collector, and returns its part of a page, with what the run left out as comments at its end; or why there
    /// is none, as a comment.
    pub(crate) fn report(&self) -> String {
        match self.outcome() {
            Ok(mut text) => {
                text.extend(
                    self.left_out().iter().map(|omission| format!("# left out: {omission}\n")),
                );
                text
            }
            Err(failure) if failure.reason == Reason::Unavailable => {
                format!("# unavailable: {}\n", failure.message)
            }
            Err(failure) => format!("# failed: {}\n", failure.message),
        }
    }

    /// Runs the collector, which must succeed, and returns what it left out, in the order in which it found it: each with
    /// its place and what is wrong, as they stand in the log.
    #[track_caller]
    pub fn omissions(&self) -> Vec<String> {
        self.text();
        self.left_out()
    }

    /// What the last run left out.
    fn left_out(&self) -> Vec<String> {
        let status = self.0.status();
        let last = status.iter().filter_map(|collector| collector.last.as_ref());
        last.flat_map(|last| &last.omissions).map(ToString::to_string).collect()
    }

    /// Runs the collector, and returns why there are no samples if there are none.
    pub(crate) fn missing(&self) -> Option<Failure> {
        self.run().missing.pop().map(|missing| missing.failure)
    }

    /// What lint says of the samples of a run, and of the families that have none.
    pub(crate) fn findings(&self) -> BTreeSet<String> {
        let scraped = self.run();
        let (mut seen, mut findings) = (BTreeSet::new(), BTreeSet::new());
        let mut judge = |family: &Family, found: Vec<String>| {
            findings.extend(found.into_iter().map(|found| format!("{}: {found}", family.name())));
        };
        for (samples, _) in scraped.page.segments() {
            let family = samples.family();
            if !is_evidence(family.name()) {
                seen.insert(family.name());
                judge(family, lint_samples(samples));
            }
        }
        let described = self.0.families();
        for family in described.iter().flat_map(|(_, families)| families) {
            if !seen.contains(family.name()) {
                judge(family, lint(family));
            }
        }
        findings
    }

    fn run(&self) -> Scraped {
        self.0.scrape_blocking(&ScrapeRequest::default())
    }

    /// The families that the collector described, and those of a run.
    #[track_caller]
    pub(crate) fn families(&self) -> Vec<Family> {
        let mut families: Vec<Family> =
            self.0.families().into_iter().flat_map(|(_, families)| families).collect();
        let scraped = self.run();
        let on_page = scraped.page.segments().map(|(samples, _)| samples.family());
        families.extend(on_page.filter(|family| !is_evidence(family.name())).cloned());
        families
    }
}

/// A message about the configuration of a collector, without where it stands: `configuration:3:5: collectors.orders.`, with
/// or without a key.
pub(crate) fn without_place<'a>(message: &'a str, collector: &str) -> &'a str {
    let place = || {
        let rest = message.strip_prefix(CONFIGURATION)?.strip_prefix(':')?;
        let (line, rest) = rest.split_once(':')?;
        let (column, rest) = rest.split_once(": ")?;
        (line.parse::<u32>().is_ok() && column.parse::<u32>().is_ok()).then_some(())?;
        let rest = rest.strip_prefix("collectors.")?;
        let rest = rest.strip_prefix(collector)?;
        rest.strip_prefix('.').or_else(|| rest.strip_prefix(": "))
    };
    place().unwrap_or(message)
}

/// Whether a line of a page tells how runs went instead of what they found.
fn is_evidence(line: &str) -> bool {
    let line =
        line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE ")).unwrap_or(line);
    let name = line.split(['{', ' ']).next().unwrap_or_default();
    [
        "_collector_success",
        "_collector_partial",
        "_collector_unavailable",
        "_collector_duration_seconds",
    ]
    .iter()
    .any(|end| {
        name.strip_suffix(end)
            .is_some_and(|namespace| namespace == "exporter" || namespace.ends_with("_scrape"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_without_the_place_that_the_test_made_up() {
        let check = |message, expected| assert_eq!(without_place(message, "spool"), expected);
        check("configuration:3:5: collectors.spool.most: expected 1", "most: expected 1");
        check("configuration:3:5: collectors.spool: no folder", "no folder");
        check(
            "configuration:3:5: collectors.spooler: no folder",
            "configuration:3:5: collectors.spooler: no folder",
        );
        check("two collectors expose `a`", "two collectors expose `a`");
    }
}
