//! What holds for every collector, as tests: one line in its crate.

use std::collections::BTreeMap;
use std::path::Path;

use exporter_parse::{Family, Kind, Sample};
use exporter_runtime::{Reason, lint};
use exporter_sdk::{Family as Described, Registration};

use crate::case::{Case, SAMPLE};
use crate::keys;
use crate::page::Page;
use crate::probe::{Probed, without_place};
use crate::tree::paths_under;

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
/// counters as well), names are as promtool wants them, runs end within their time-out, and every case gives its page.
///
/// A case is a folder `tests/cases/NAME` of the package:
///
/// | file | what it is |
/// |---|---|
/// | `host.txt` or `host/` | the files of the host that the collector sees, in one text or in a folder, see [`Tree`](crate::Tree). Without them, it sees this machine |
/// | `config.yml` | a whole configuration file. Without it, the collector runs with its defaults |
/// | `page.prom` | what the collector gives. Comments at its end say what the run left out, or why there is no page |
/// | `later.txt` or `later/` | the files of the host that are different a minute later, if any |
/// | `later.prom` | what the same collector gives then |
///
/// `UPDATE_GOLDEN=1 cargo test` writes `page.prom` and `later.prom`. The case `sample`, which every collector has, has the
/// configuration of `sample.yml`; the other tests of the module use it as well. The clock of a case stands at
/// 2023-11-14 22:13:20 UTC.
///
/// What is different about a collector stands behind its type, in this order:
///
/// ```text
/// exporter_testkit::conformance!(
///     Orders,
///     folder: "tests/orders",         // of several collectors in one package: sample.yml and cases/ are there
///     volatile: ["orders_open"],      // differs from run to run: the page in the file has its label names only
///     setup: |case| {                 // before anything else, for every case
///         let server = Server::of(&case.read("orders.json"));     // a file of the case
///         case.replace("http://localhost:8000", &server.url());   // in its configuration
///         case.keep(server);                                      // until the test ends
///     },
/// );
/// ```
///
/// The module is called `conformance`. Where one file has several collectors, each line stands in a module of its own:
/// `mod orders { use super::*; exporter_testkit::conformance!(Orders, folder: "tests/orders"); }`.
#[macro_export]
macro_rules! conformance {
    (
        $collector:ident
        $(, folder: $folder:expr)?
        $(, volatile: $volatile:expr)?
        $(, setup: $setup:expr)?
        $(,)?
    ) => {
        mod conformance {
            use super::*;

            fn case(name: &str) -> $crate::Case {
                let case = $crate::Case::of::<$collector, _>(env!("CARGO_MANIFEST_DIR"));
                $(let case = case.folder($folder);)?
                let case = case.named(name);
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
            }

            #[test]
            fn cases_give_their_pages() {
                $crate::cases_give_their_pages(case);
            }
        }
    };
    (@tests $($test:ident)*) => {
        $(
            #[test]
            fn $test() {
                case("sample").$test();
            }
        )*
    };
}

impl Case {
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
        if let Err(refused) = self.build(&self.sample(), nowhere) {
            panic!(
                "`new` fails where there is nothing to read: {}; it does no I/O: read and connect in `collect`",
                without_place(&refused, self.kind.name())
            );
        }
    }

    /// A collector that runs when nobody mentions it has to run without configuration, or to say that its source is not
    /// there.
    pub fn default_configuration_runs(&self) {
        if self.kind.default_enabled() {
            let probed = self.built(&format!("collectors: {{{}: }}", self.kind.name()));
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
        let probed = self.built(&sample);
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
        let probed = self.sampled();
        let mut before = BTreeMap::new();
        for run in 0..4 {
            if run == 3 {
                self.become_later();
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

    fn sampled(&self) -> Probed {
        self.built(&self.sample())
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

/// Every case of a collector gives the page that it has in a file. `case` makes the case of a name. All that differ are told.
pub fn cases_give_their_pages(case: impl Fn(&str) -> Case) {
    let names = case(SAMPLE).names();
    let compared = names.iter().filter_map(|name| case(name).compare().err());
    let differences: Vec<String> = compared.collect();
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
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
