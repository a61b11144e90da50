//! What the exporters that collectors stand in for tell of themselves, for the panels and alerts that ask for it.

use std::collections::BTreeSet;

use exporter_sdk::{Family, Gauge, Scrape};

use crate::build_info::BuildInfo;
use crate::catalog::{Catalog, CollectorType};
use crate::run::Outcome;

/// Dashboards count hosts with it, so it has node_exporter's labels; those that mean nothing here are empty, which is the
/// same as absent. The others are those of `exporter_build_info` that node_exporter does not have.
pub(crate) static NODE_BUILD_INFO: Gauge<10> = Gauge::new(
    "node_exporter_build_info",
    "What this exporter is, under the name that dashboards made for node_exporter look for.",
)
.labels(&[
    "branch",
    "commit_date",
    "compiler",
    "goarch",
    "goos",
    "goversion",
    "revision",
    "tags",
    "target",
    "version",
]);

/// How the collectors of one namespace fared.
#[derive(Debug)]
pub(crate) struct Namespace {
    prefix: &'static str,
    success: Family,
    duration: Family,
}

impl Namespace {
    /// The namespaces of all collectors of a binary.
    pub(crate) fn all(catalog: &Catalog) -> Vec<Self> {
        let prefixes: BTreeSet<&'static str> =
            catalog.iter().filter_map(CollectorType::namespace).collect();
        let gauge = |prefix: &str, name: &str, help: &'static str| {
            let family = Family::gauge(format!("{prefix}_scrape_collector_{name}"), help);
            family.labels(["collector"]).build()
        };
        let namespaces = prefixes.into_iter().map(|prefix| {
            let success = gauge(prefix, "success", "Whether a collector succeeded.");
            let duration = gauge(prefix, "duration_seconds", "How long a collector scrape took.");
            let legal = "registration has checked the prefix";
            Self { prefix, success: success.expect(legal), duration: duration.expect(legal) }
        });
        namespaces.collect()
    }

    pub(crate) fn families(&self) -> [Family; 2] {
        [self.success.clone(), self.duration.clone()]
    }

    pub(crate) fn emit(
        &self,
        scrape: &mut Scrape<'_>,
        kind: &CollectorType,
        collector: &str,
        outcome: &Outcome,
    ) {
        if kind.namespace() == Some(self.prefix) {
            scrape.emit_dynamic(&self.success, [collector], outcome.result.is_ok());
            scrape.emit_dynamic(&self.duration, [collector], outcome.duration);
        }
    }
}

pub(crate) fn emit_build_info(scrape: &mut Scrape<'_>, build: &BuildInfo) {
    // As Go names them.
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        "powerpc64" => "ppc64",
        other => other,
    };
    let BuildInfo { version, revision, commit_date, compiler, target, .. } = build;
    let labels: [&str; 10] = [
        "",
        commit_date,
        compiler,
        architecture,
        std::env::consts::OS,
        "",
        revision,
        "",
        target,
        version,
    ];
    scrape.emit(&NODE_BUILD_INFO, labels, 1);
}
