//! Collectors that take the names of others.

use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Origin, Registration, Scrape};

use super::*;
use crate::catalog::CollectorType;
use crate::settings::CollectorSettings;

static TAKEN: Gauge = Gauge::new("taken", "Of the collector that describes it.");
static FREE: Gauge = Gauge::new("free", "Of nobody.");

struct Describes;

impl Collector for Describes {
    const NAME: &'static str = "describes";
    const METRICS: &'static [&'static Desc] = &[TAKEN.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> exporter_sdk::Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape<'_>) -> exporter_sdk::Result {
        scrape.emit(&TAKEN, (), 1);
        Ok(())
    }
}

/// Takes the name of the other at every second run.
struct Unchecked(u32);

impl Collector for Unchecked {
    const NAME: &'static str = "unchecked";
    const UNCHECKED: bool = true;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> exporter_sdk::Result<Self> {
        Ok(Self(0))
    }

    fn collect(&mut self, scrape: &mut Scrape<'_>) -> exporter_sdk::Result {
        self.0 += 1;
        scrape.emit(if self.0.is_multiple_of(2) { &TAKEN } else { &FREE }, (), 2);
        Ok(())
    }
}

/// Tells whose `taken` is, as a library's counters do with a gauge for the time of their creation.
struct Asks;

impl Collector for Asks {
    const NAME: &'static str = "asks";
    const UNCHECKED: bool = true;
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> exporter_sdk::Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape<'_>) -> exporter_sdk::Result {
        let owner = scrape.owner_of(&Family::from(TAKEN.desc()));
        let told = Family::counter("told_total", "").labels(["owner"]).build()?;
        scrape.emit_dynamic(&told, [owner.as_deref().unwrap_or("nobody")], 1);
        scrape.emit_dynamic(&Family::gauge("told_created", "").build()?, [""; 0], 1);
        scrape.emit_dynamic(&Family::gauge("told", "").build()?, [""; 0], 1);
        Ok(())
    }
}

fn kind<C: Collector>() -> CollectorType {
    let origin = Origin { package: "p", version: None, description: "", file: "f.rs", line: 1 };
    CollectorType::from(&Registration::of::<C, _>(origin))
}

fn registry(kinds: Vec<CollectorType>) -> Registry {
    let catalog = Catalog::new(kinds).unwrap();
    let info = BuildInfo::new("test", "0");
    let options = RegistryOptions { exporter_metrics: false, ..RegistryOptions::default() };
    Registry::new(&catalog, &Settings::default(), &info, options).unwrap()
}

#[test]
fn an_unchecked_collector_that_takes_a_name_loses_that_run_and_no_other() {
    let registry = registry(vec![kind::<Unchecked>(), kind::<Describes>()]);
    let families = |page: &Page| -> Vec<String> {
        let names = page.segments().map(|(samples, _)| samples.family().name().to_owned());
        names.filter(|name| !name.starts_with("exporter_")).collect()
    };
    for _ in 0..3 {
        assert_eq!(
            families(&registry.scrape_blocking(&ScrapeRequest::default()).page),
            ["free", "taken"]
        );
        assert_eq!(families(&registry.scrape_blocking(&ScrapeRequest::default()).page), ["taken"]);
    }
}

#[test]
fn a_run_is_told_whose_a_name_is_in_the_configuration_that_is_in_force() {
    let registry = registry(vec![kind::<Asks>(), kind::<Describes>()]);
    let text = || {
        let scraped = registry.scrape_blocking(&ScrapeRequest::default());
        assert_eq!(scraped.missing, []);
        String::from_utf8(scraped.into_text()).unwrap()
    };
    let (owned, free) =
        ("told_total{owner=\"the collector `describes`\"} 1\n", "told_total{owner=\"nobody\"} 1\n");
    assert!(text().contains(owned), "{}", text());
    // The slot of the one that asks stays.
    let mut settings = Settings::default();
    let off = CollectorSettings { enabled: Some(false), ..CollectorSettings::default() };
    settings.collectors.insert("describes".to_owned(), off);
    registry.reload(&settings).unwrap();
    assert!(text().contains(free), "{}", text());
    registry.reload(&Settings::default()).unwrap();
    assert!(text().contains(owned), "{}", text());
}
