//! What holds for every collector, as tests: one line in its crate.

use std::any::Any;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use exporter_parse::{Family, Kind, Sample};
use exporter_runtime::{CollectorType, Reason, lint};
use exporter_sdk::{Family as Described, Paths, Register, Registration};

use crate::page::Page;
use crate::probe::{Probed, kind_of};
use crate::tree::{Tree, paths_under};
use crate::{golden, keys};

/// Tests what holds for every collector. Put it at the bottom of the file that has the collector:
///
/// ```text
/// #[cfg(test)]
/// exporter_testkit::conformance!(Loadavg);
/// ```
///
/// It makes a module of tests: the collector is registered, is built on a host where there is nothing to read, and runs with
/// its default configuration unless it needs to be switched on; its sample configuration (the file `sample.yml` of the
/// package, a whole configuration file) is read and runs, a key that it does not have is refused, every key and metric is
/// documented, it emits only what it described, no series comes twice, no counter falls (buckets, counts and sums are
/// counters as well), names are as promtool wants them, runs end within their time-out, and its page is that of
/// `tests/golden.prom`, which `UPDATE_GOLDEN=1 cargo test` writes.
///
/// Where the package has a folder `tests/fixtures`, the collector sees the host that is there (`proc`, `sys`,
/// `run/udev/data`; the folder itself is the root). The files of a folder `tests/fixtures-later` take the place of those
/// before the last of the runs that look at counters: what the host says later.
///
/// What is different about a collector stands behind its type, in this order:
///
/// ```text
/// exporter_testkit::conformance!(
///     Orders,
///     volatile: ["orders_open"],      // differs from run to run: the golden has its label names only
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
        $(, setup: $setup:expr)?
        $(,)?
    ) => {
        mod conformance {
            use super::*;

            fn case() -> $crate::Case {
                let case = $crate::Case::of::<$collector, _>(env!("CARGO_MANIFEST_DIR"));
                $(let case = case.volatile(&$volatile);)?
                $(let case = case.setup($setup);)?
                case
            }

            $crate::conformance! {
                @tests
                is_registered
                it_is_built_without_its_source
                default_configuration_runs
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

/// A collector, and what its conformance is tested with. Made by [`conformance!`].
#[derive(Debug)]
pub struct Case {
    kind: CollectorType,
    folder: PathBuf,
    replacements: Vec<(String, String)>,
    volatile: Vec<&'static str>,
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
            kept: Vec::new(),
        }
    }

    /// Families of which the golden has the label names only.
    pub fn volatile(mut self, families: &[&'static str]) -> Self {
        self.volatile = families.to_vec();
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

    /// Making it reads nothing, so that a configuration can be checked on another machine, and a source that is away for a
    /// moment does not keep the exporter from starting.
    pub fn it_is_built_without_its_source(&self) {
        let nowhere = paths_under(Path::new("/nonexistent"));
        let built = self.build(&self.sample(), nowhere);
        assert!(
            built.is_ok(),
            "`new` fails where there is nothing to read: {}; it does no I/O: read and connect in `collect`",
            built.unwrap_err()
        );
    }

    /// A collector that runs when nobody mentions it has to run without configuration, or to say that its source is not
    /// there.
    pub fn default_configuration_runs(&self) {
        if self.kind.default_enabled() {
            let probed = self.start(&format!("collectors: {{{}: }}", self.kind.name()));
            if let Some(failure) = probed.missing() {
                assert!(
                    failure.reason == Reason::Unavailable,
                    "it fails with its default configuration: {}; change the defaults, say `Error::unavailable` where the \
                     source is not there, or set `DEFAULT_ENABLED` to false",
                    failure.message
                );
            }
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
            assert!(!page.families.is_empty(), "the {run} run with sample.yml found nothing");
        }
    }

    /// Not by the exporter alone, which knows the schema: the type of the configuration does not take them either.
    pub fn unknown_keys_are_refused(&self) {
        let mut json = serde_json::Deserializer::from_str("{\"no_such_key\": 1}");
        let read = self.kind.effective(&mut <dyn erased_serde::Deserializer>::erase(&mut json));
        assert!(
            read.is_err(),
            "an unknown key is taken in silence; derive the configuration with #[serde(default, deny_unknown_fields)]"
        );
        let lax = keys::lax(self.kind.schema().as_value());
        assert!(
            lax.is_empty(),
            "an unknown key is taken in silence by {}; derive it with #[serde(deny_unknown_fields)]",
            lax.join(" and by ")
        );
    }

    /// Every key has a doc comment, every metric a help text.
    pub fn keys_and_metrics_are_documented(&self) {
        let undocumented = keys::undocumented(self.kind.schema().as_value());
        assert!(
            undocumented.is_empty(),
            "these keys have no doc comment, which is what --help and the README say of them; write `/// ...` above each: {}",
            undocumented.join(", ")
        );
        for family in self.families(&self.sampled()) {
            assert!(
                !family.help().is_empty(),
                "{} has no help text; say in the second argument of `new` what its value means",
                family.name()
            );
        }
    }

    /// No counter is less than it was a run before.
    pub fn counters_do_not_fall(&self) {
        let (fixtures, later) = (self.fixtures(), self.folder.join("tests/fixtures-later"));
        let host = later.is_dir().then(|| Tree::copy(&fixtures));
        let paths = host.as_ref().map_or_else(|| self.paths(), Tree::paths);
        let probed = self.built(&self.sample(), paths);
        let mut before = BTreeMap::new();
        for run in 0..4 {
            if let (Some(host), 3) = (&host, run) {
                host.overlay(&later);
            }
            let now = growing(&probed.scrape());
            for (series, value) in &now {
                let then = before.get(series).copied().unwrap_or(f64::NEG_INFINITY);
                assert!(
                    *value >= then,
                    "the counter {series} fell from {then} to {value}; emit what its source has counted in all, or make \
                     it a `Gauge`"
                );
            }
            before = now;
        }
    }

    /// All rules of `promtool check metrics`, but for metrics that are declared to be exceptions.
    pub fn names_are_as_promtool_wants_them(&self) {
        let mut findings = self.sampled().findings();
        for family in self.kind.metrics() {
            findings.extend(
                lint(family).into_iter().map(|found| format!("{}: {found}", family.name())),
            );
        }
        let findings: Vec<String> = findings.into_iter().collect();
        assert!(
            findings.is_empty(),
            "rename these, or say with `.lint_exception(\"why\")` where they are declared why they cannot be:\n{}",
            findings.join("\n")
        );
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
                "{}: {error}; write one, `collectors: {{{}: }}` at least: it is what the documentation shows",
                file.display(),
                self.kind.name()
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
        self.built(file, self.paths())
    }

    fn paths(&self) -> Paths {
        let fixtures = self.fixtures();
        if fixtures.is_dir() { paths_under(&fixtures) } else { Paths::default() }
    }

    fn built(&self, file: &str, paths: Paths) -> Probed {
        let built = self.build(file, paths);
        built.unwrap_or_else(|error| panic!("it cannot be built: {error}"))
    }

    fn build(&self, file: &str, paths: Paths) -> Result<Probed, String> {
        Probed::of_file(file, self.kind.clone(), paths, Duration::from_secs(10))
    }

    /// What was described, and what a run added where it may.
    fn families(&self, probed: &Probed) -> Vec<Described> {
        let mut families = self.kind.metrics().to_vec();
        families.extend(probed.families());
        families.sort_by(|a, b| a.name().cmp(b.name()));
        families.dedup_by(|a, b| a.name() == b.name());
        families
    }
}

/// The samples of a page that do not fall while their source runs.
fn growing(page: &Page) -> BTreeMap<String, f64> {
    let grows = |family: &Family, sample: &Sample| {
        let part = sample.name.strip_prefix(family.name.as_str()).unwrap_or_default();
        match family.kind {
            Kind::Counter => true,
            Kind::Histogram => part != "_sum" || !has_negative_bound(family),
            // The sum falls where observations are negative, which nothing here tells.
            Kind::Summary => part == "_count",
            _ => false,
        }
    };
    let families = page.families.iter();
    let samples = families.flat_map(|family| family.samples.iter().map(move |s| (family, s)));
    let growing = samples.filter(|(family, sample)| grows(family, sample));
    growing.map(|(_, sample)| (sample.to_string(), sample.value)).collect()
}

/// Whether observations may be negative, whose sum may fall.
fn has_negative_bound(family: &Family) -> bool {
    family
        .samples
        .iter()
        .filter_map(|sample| sample.label("le"))
        .any(|bound| bound.starts_with('-'))
}
