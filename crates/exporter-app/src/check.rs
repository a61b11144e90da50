//! Commands that check or show something and serve nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;

use exporter_http::WebConfigFile;
use exporter_runtime::{
    BuildInfo, Catalog, Reason, Registry, RegistryOptions, ScrapeRequest, configuration_schema,
    effective_configuration, lint, lint_samples, to_yaml,
};
use exporter_sdk::Family;

use crate::app::Exit;
use crate::configuration::Source;
use crate::inspect::print;

/// Checks the configuration as a start would: every collector is built, and no metric name is claimed twice.
pub(crate) fn config(
    catalog: &Catalog,
    source: Source,
    file: Option<PathBuf>,
    info: &BuildInfo,
) -> Result<(), Exit> {
    let source = file.map_or(source, Source::of_file);
    let registry = build(catalog, &source, info)?;
    let collectors = registry.collectors();
    let collectors = if collectors.is_empty() { "none".to_owned() } else { collectors.join(", ") };
    let what =
        source.file.map_or("The configuration".to_owned(), |file| file.display().to_string());
    print(format!("{what} can be used. Collectors that run with it: {collectors}\n"))
}

/// Checks the file with TLS, users and headers, and those that it names.
pub(crate) fn web_config(file: Option<PathBuf>) -> Result<(), Exit> {
    let file =
        file.ok_or_else(|| Exit::usage("name the file to check, or give --web.config.file"))?;
    let config = WebConfigFile::read(Some(&file)).map_err(Exit::failure)?;
    for warning in config.warnings() {
        eprintln!("warning: {warning}");
    }
    let scheme = if config.has_tls() { "HTTPS" } else { "HTTP" };
    print(format!("{} can be used. Connections speak {scheme}\n", file.display()))
}

/// Prints the configuration in force.
pub(crate) fn show(catalog: &Catalog, source: &Source) -> Result<(), Exit> {
    let settings = source.load(catalog).map_err(Exit::failure)?;
    let effective = effective_configuration(catalog, &settings).map_err(Exit::failure)?;
    print(to_yaml(&effective))
}

/// Prints the JSON Schema of the configuration file.
pub(crate) fn schema(catalog: &Catalog) -> Result<(), Exit> {
    print(format!("{:#}\n", configuration_schema(catalog)))
}

/// Checks the metrics that the collectors describe, and those of a scrape, by the rules of promtool.
pub(crate) fn metrics(catalog: &Catalog, source: &Source, info: &BuildInfo) -> Result<(), Exit> {
    let registry = build(catalog, source, info)?;
    let scraped = registry.scrape_blocking(&ScrapeRequest::default().waiting_for_background());
    let (mut metrics, mut findings) = (BTreeSet::new(), BTreeSet::new());
    let mut judge = |family: &Family, found: Vec<String>| {
        findings.extend(found.into_iter().map(|found| format!("{}: {found}", family.name())));
    };
    for (samples, _) in scraped.page.segments() {
        metrics.insert(samples.family().name());
        judge(samples.family(), lint_samples(samples));
    }
    let described = registry.families();
    for family in described.iter().flat_map(|(_, families)| families) {
        // On the page, its samples were looked at as well.
        if metrics.insert(family.name()) {
            judge(family, lint(family));
        }
    }
    let (found, all) = (findings.len(), metrics.len());
    if findings.is_empty() {
        return print(format!("{all} metrics are as they should be\n"));
    }
    print(findings.into_iter().map(|found| found + "\n").collect::<String>())?;
    Err(Exit::Failure(format!(
        "{found} findings in {all} metrics; rename what you can, and declare the rest with `.lint_exception(\"why\")`"
    )))
}

/// Prints one page, whatever is missing on it.
pub(crate) fn scrape(catalog: &Catalog, source: &Source, info: &BuildInfo) -> Result<(), Exit> {
    let registry = build(catalog, source, info)?;
    let scraped = registry.scrape_blocking(&ScrapeRequest::default().waiting_for_background());
    let missing = scraped.missing.clone();
    print(scraped.into_text())?;
    let failed = missing.iter().filter(|missing| missing.failure.reason != Reason::Unavailable);
    let failed: Vec<&str> = failed.map(|missing| missing.collector.as_str()).collect();
    if failed.is_empty() {
        return Ok(());
    }
    Err(Exit::Failure(format!("samples are missing of: {}", failed.join(", "))))
}

fn build(catalog: &Catalog, source: &Source, info: &BuildInfo) -> Result<Registry, Exit> {
    let settings = source.load(catalog).map_err(Exit::failure)?;
    Registry::new(catalog, &settings, info, RegistryOptions::default()).map_err(Exit::failure)
}
