//! Collectors that take the names of others.

use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Registration, Scrape};

use super::*;
use crate::catalog::CollectorType;

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

#[test]
fn an_unchecked_collector_that_takes_a_name_loses_that_run_and_no_other() {
    fn kind<C: Collector>() -> CollectorType {
        let origin = Origin { package: "p", version: None, description: "", file: "f.rs", line: 1 };
        CollectorType::from(&Registration::of::<C, _>(origin))
    }
    let catalog = Catalog::new(vec![kind::<Unchecked>(), kind::<Describes>()]).unwrap();
    let info = BuildInfo { name: "test".into(), version: "0".into() };
    let options = RegistryOptions { exporter_metrics: false, ..RegistryOptions::default() };
    let registry = Registry::new(&catalog, &Settings::default(), &info, options).unwrap();
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
