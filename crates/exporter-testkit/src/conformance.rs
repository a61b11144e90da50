//! What holds for every collector, as tests: one line in its crate.

use std::any::Any;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use exporter_runtime::{CollectorType, lint};
use exporter_sdk::{Family, Paths, Register, Registration};

use crate::golden;
use crate::page::{Page, Sample};
use crate::probe::{Probed, kind_of};
use crate::tree::paths_under;

/// Tests what holds for every collector. Put it at the bottom of the file that has the collector:
///
/// ```text
/// #[cfg(test)]
/// exporter_testkit::conformance!(Loadavg);
/// ```
///
/// It makes a module of tests: the collector is registered, its default configuration builds it, its sample configuration
/// (the file `sample.yml` of the package, a whole configuration file) is read and runs, a key that it does not have is
/// refused, every key and metric is documented, it emits only what it described, no series comes twice, no counter falls,
/// names are as promtool wants them, two runs end within their time-out, and its page is that of `tests/golden.prom`, which
/// `UPDATE_GOLDEN=1 cargo test` writes.
///
/// Where the package has a folder `tests/fixtures`, the collector sees the host that is there (`proc`, `sys`,
/// `run/udev/data`; the folder itself is the root).
///
/// What is different about a collector stands behind its type, in this order:
///
/// ```text
/// exporter_testkit::conformance!(
///     Orders,
///     volatile: ["orders_open"],      // differs from run to run: the golden has its label names only
///     exceptions: [("orders_count", "non-histogram and non-summary metrics should not have \"_count\" suffix", "why")],
///     setup: |case| {                 // before anything else
///         let server = serve_orders();
///         case.replace("http://localhost:8000", &server.url());   // in the sample configuration
///         case.keep(server);                                      // until the test ends
///     },
/// );
/// ```
#[macro_export]
macro_rules! conformance {
    (
        $collector:ident
        $(, volatile: $volatile:expr)?
        $(, exceptions: $exceptions:expr)?
        $(, setup: $setup:expr)?
        $(,)?
    ) => {
        mod conformance {
            use super::*;

            fn case() -> $crate::Case {
                let case = $crate::Case::of::<$collector, _>(env!("CARGO_MANIFEST_DIR"));
                $(let case = case.volatile(&$volatile);)?
                $(let case = case.exceptions(&$exceptions);)?
                $(let case = case.setup($setup);)?
                case
            }

            $crate::conformance! {
                @tests
                is_registered
                default_configuration_builds_it
                sample_configuration_runs
                unknown_keys_are_refused
                keys_and_metrics_are_documented
                counters_do_not_fall
                names_are_as_promtool_wants_them
                page_is_the_golden_one
            }
        }
    };
    (@tests $($test:ident)*) => {
        $(
            #[test]
            fn $test() {
                case().$test();
            }
        )*
    };
}

/// A metric, or the beginning of the names of several and `*`; what lint says of it; and why that has to be so.
pub type Exception = (&'static str, &'static str, &'static str);

/// A collector, and what its conformance is tested with. Made by [`conformance!`].
#[derive(Debug)]
pub struct Case {
    kind: CollectorType,
    folder: PathBuf,
    replacements: Vec<(String, String)>,
    volatile: Vec<&'static str>,
    exceptions: Vec<Exception>,
    kept: Vec<Box<dyn Any>>,
}

impl Case {
    /// The collector of this type, of the package in this folder.
    #[track_caller]
    pub fn of<C: Register<Way>, Way>(folder: &str) -> Self {
        Self {
            kind: kind_of::<C, Way>(),
            folder: folder.into(),
            replacements: Vec::new(),
            volatile: Vec::new(),
            exceptions: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Families of which the golden has the label names only.
    pub fn volatile(mut self, families: &[&'static str]) -> Self {
        self.volatile = families.to_vec();
        self
    }

    /// What lint may say, all of which it must.
    pub fn exceptions(mut self, exceptions: &[Exception]) -> Self {
        self.exceptions = exceptions.to_vec();
        self
    }

    /// Prepares what the sample configuration speaks of.
    pub fn setup(mut self, setup: impl FnOnce(&mut Self)) -> Self {
        setup(&mut self);
        self
    }

    /// Replaces text of the sample configuration, in which it must be.
    pub fn replace(&mut self, from: &str, to: &str) {
        self.replacements.push((from.to_owned(), to.to_owned()));
    }

    /// Keeps something until the test ends, such as a server.
    pub fn keep(&mut self, guard: impl Any) {
        self.kept.push(Box::new(guard));
    }

    /// An exporter that links the package has the collector.
    pub fn is_registered(&self) {
        let name = self.kind.name();
        let registered = Registration::linked().any(|linked| linked.name == name);
        assert!(
            registered,
            "no exporter will find `{name}`: its crate lacks the line `register!(TYPE);`"
        );
    }

    /// A collector that runs when nobody mentions it has to run without configuration.
    pub fn default_configuration_builds_it(&self) {
        if self.kind.default_enabled() {
            self.start(&format!("collectors: {{{}: }}", self.kind.name()));
        }
    }

    /// The sample configuration is one, and the collector runs with it, twice and in time.
    pub fn sample_configuration_runs(&self) {
        let sample = self.sample();
        assert!(
            sample.contains(&format!("\n  {}", self.kind.name())),
            "sample.yml does not configure `{}`; it is a whole configuration file:\ncollectors:\n  {0}:",
            self.kind.name()
        );
        let probed = self.start(&sample);
        for run in ["first", "second"] {
            let page = probed.scrape();
            assert!(!page.samples.is_empty(), "the {run} run with sample.yml found nothing");
        }
    }

    /// Not by the exporter alone, which knows the schema: the type of the configuration does not take them either.
    pub fn unknown_keys_are_refused(&self) {
        let key = "no_such_key";
        let text = format!("{{\"{key}\": 1}}");
        let mut json = serde_json::Deserializer::from_str(&text);
        let read = self.kind.effective(&mut <dyn erased_serde::Deserializer>::erase(&mut json));
        assert!(
            read.is_err(),
            "an unknown key is taken in silence; derive the configuration with #[serde(default, deny_unknown_fields)]"
        );
    }

    /// Every key has a doc comment, every metric a help text.
    pub fn keys_and_metrics_are_documented(&self) {
        let schema = self.kind.schema();
        let keys = schema.get("properties").and_then(serde_json::Value::as_object);
        for (key, property) in keys.into_iter().flatten() {
            let described = property.get("description").is_some() || property.get("$ref").is_some();
            assert!(
                described,
                "the key `{key}` has no doc comment; it is what --help and the README say of it"
            );
        }
        for family in self.families(&self.sampled()) {
            assert!(!family.help().is_empty(), "{} has no help text", family.name());
        }
    }

    /// No counter is less than it was a run before.
    pub fn counters_do_not_fall(&self) {
        let probed = self.sampled();
        let counters = |page: Page| -> BTreeMap<String, f64> {
            let of_counter = |sample: &&Sample| {
                page.family(&sample.name).is_some_and(|(kind, _)| kind == "counter")
            };
            let samples = page.samples.iter().filter(of_counter);
            samples.map(|sample| (sample.to_string(), sample.value)).collect()
        };
        let (before, after) = (counters(probed.scrape()), counters(probed.scrape()));
        for (series, now) in after {
            if let Some(then) = before.get(&series) {
                assert!(now >= *then, "the counter {series} fell from {then} to {now}");
            }
        }
    }

    /// All rules of `promtool check metrics`, but for those that the package takes exception to.
    pub fn names_are_as_promtool_wants_them(&self) {
        let mut used = vec![false; self.exceptions.len()];
        let mut findings = Vec::new();
        for family in self.families(&self.sampled()) {
            for found in lint(&family) {
                let known = |(metric, rule, _): &Exception| {
                    let prefix = metric.strip_suffix('*');
                    *rule == found
                        && prefix.map_or(*metric == family.name(), |p| family.name().starts_with(p))
                };
                match self.exceptions.iter().position(known) {
                    Some(index) => used[index] = true,
                    None => findings.push(format!("{}: {found}", family.name())),
                }
            }
        }
        assert!(
            findings.is_empty(),
            "rename these, or except each with its reason (`exceptions: [(metric, rule, why)]`):\n{}",
            findings.join("\n")
        );
        let unused: Vec<_> =
            self.exceptions.iter().zip(used).filter(|(_, used)| !used).map(|(e, _)| e).collect();
        assert!(unused.is_empty(), "these exceptions are to nothing: {unused:?}");
    }

    /// The page is `tests/golden.prom`.
    pub fn page_is_the_golden_one(&self) {
        let text = golden::mask(&self.sampled().text(), &self.volatile);
        let text = text.replace(&*self.fixtures().to_string_lossy(), "FIXTURES");
        let text = self.replacements.iter().fold(text, |text, (from, to)| text.replace(to, from));
        golden::check(&self.folder.join("tests/golden.prom"), &text);
    }

    fn sample(&self) -> String {
        let file = self.folder.join("sample.yml");
        let mut text = fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; it is the configuration that the documentation shows",
                file.display()
            )
        });
        for (from, to) in &self.replacements {
            assert!(
                text.contains(from),
                "sample.yml does not have `{from}`, which was to be replaced"
            );
            text = text.replace(from, to);
        }
        text
    }

    fn fixtures(&self) -> PathBuf {
        self.folder.join("tests/fixtures")
    }

    fn sampled(&self) -> Probed {
        self.start(&self.sample())
    }

    fn start(&self, file: &str) -> Probed {
        let fixtures = self.fixtures();
        let paths = if fixtures.is_dir() { paths_under(&fixtures) } else { Paths::default() };
        let probed = Probed::of_file(file, self.kind.clone(), paths, Duration::from_secs(10));
        probed.unwrap_or_else(|error| panic!("it cannot be built: {error}"))
    }

    /// What was described, and what a run added where it may.
    fn families(&self, probed: &Probed) -> Vec<Family> {
        let mut families = self.kind.metrics().to_vec();
        families.extend(probed.families());
        families.sort_by(|a, b| a.name().cmp(b.name()));
        families.dedup_by(|a, b| a.name() == b.name());
        families
    }
}
