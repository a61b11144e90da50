//! When a page arrives: at the time-out of its slowest collector, or at the end of its scraper's patience, whichever comes
//! first, and with the samples of all other collectors.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, Page, wait_until};

use crate::isolation::scrape_within;
use crate::{Config, alone, has_bulk, success};

/// A collector that does not end in time: what the test calls it, its name, the keys of an instance, where `FILE` is a file
/// with which it ends at once, and its metric.
struct Late {
    what: &'static str,
    collector: &'static str,
    keys: &'static str,
    metric: &'static str,
    /// Whether a run ends within its time-out, without the part that does not.
    partly: bool,
}

#[rustfmt::skip]
const LATE: [Late; 9] = [
    Late { what: "slow",           collector: "slow",       keys: "delay: 9000, unless: FILE",                   metric: "lab_slow_runs",       partly: false },
    Late { what: "hangs",          collector: "hang",       keys: "until: FILE",                                 metric: "lab_hang_runs",       partly: false },
    Late { what: "async_slow",     collector: "slow_async", keys: "delay: 9000, unless: FILE",                   metric: "lab_slow_async_runs", partly: false },
    Late { what: "async_hangs",    collector: "slow_async", keys: "delay: 90000000, unless: FILE",               metric: "lab_slow_async_runs", partly: false },
    Late { what: "async_blocks",   collector: "hang_async", keys: "until: FILE",                                 metric: "lab_hang_async_runs", partly: false },
    Late { what: "part_slow",      collector: "slow_parts", keys: "delay: 9000, unless: FILE",                   metric: "lab_slow_part",       partly: true },
    Late { what: "part_hangs",     collector: "slow_parts", keys: "delay: 90000000, unless: FILE",               metric: "lab_slow_part",       partly: true },
    Late { what: "parts_slow",     collector: "slow_parts", keys: "delay: 9000, unless: FILE, together: true",     metric: "lab_slow_part",     partly: true },
    Late { what: "parts_hang",     collector: "slow_parts", keys: "delay: 90000000, unless: FILE, together: true", metric: "lab_slow_part",     partly: true },
];

/// What a page has of a collector that does not end in time.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shown {
    /// `exporter_collector_success` 0 and no sample.
    Nothing,
    /// `exporter_collector_success` 1, and the samples of the run before.
    Last,
    /// Nothing, but for a collector one part of which is late: that has the samples of its other part.
    InTime,
}

/// An exporter whose late collectors are scraped, each by pages of its own, at the same time.
struct Case {
    /// The time-outs of the collectors and of the scraper, of which the shorter is 2 s.
    timeout: &'static str,
    patience: &'static str,
    /// Instances of each late collector on one page: one, or more than the pool has threads.
    instances: usize,
    min_interval: bool,
    /// Whether each ends in time once, before the pages that are measured.
    snapshot: bool,
    shown: Shown,
}

#[rustfmt::skip]
const CASES: [Case; 9] = [
    Case { timeout: "2s", patience: "10", instances: 1,  min_interval: false, snapshot: false, shown: Shown::InTime },
    Case { timeout: "2s", patience: "10", instances: 1,  min_interval: false, snapshot: true,  shown: Shown::InTime },
    Case { timeout: "2s", patience: "10", instances: 1,  min_interval: true,  snapshot: false, shown: Shown::InTime },
    Case { timeout: "2s", patience: "10", instances: 12, min_interval: false, snapshot: false, shown: Shown::InTime },
    Case { timeout: "8s", patience: "2",  instances: 1,  min_interval: false, snapshot: false, shown: Shown::Nothing },
    Case { timeout: "8s", patience: "2",  instances: 1,  min_interval: false, snapshot: true,  shown: Shown::Nothing },
    Case { timeout: "8s", patience: "2",  instances: 1,  min_interval: true,  snapshot: false, shown: Shown::Nothing },
    Case { timeout: "8s", patience: "2",  instances: 1,  min_interval: true,  snapshot: true,  shown: Shown::Last },
    Case { timeout: "8s", patience: "2",  instances: 12, min_interval: false, snapshot: false, shown: Shown::Nothing },
];

/// How late a page may be on a machine that is loaded. The run that is late would end after 9 s, or not at all.
const LIMIT: Duration = Duration::from_secs(4);

impl Late {
    fn names(&self, instances: usize) -> impl Iterator<Item = String> {
        (0..instances).map(move |index| format!("{}@{}{index}", self.collector, self.what))
    }

    /// A page of this collector and of two others, of which one is behind all that hang, and when it came.
    fn scrape(&self, exporter: &Exporter, case: &Case) -> (Page, Duration) {
        let names = self.names(case.instances).map(|name| format!("&collect[]={name}"));
        let query =
            format!("collect[]=bulk&collect[]=slow_parts@well{}", names.collect::<String>());
        let header = [("X-Prometheus-Scrape-Timeout-Seconds", case.patience)];
        let start = Instant::now();
        let response = exporter.get_with(&format!("/metrics?{query}"), &header);
        let took = start.elapsed();
        assert_eq!(response.status, 200, "{}: {}", self.what, response.body);
        (Page::parse(&response.body), took)
    }

    /// Asserts that a page has what it should of one instance.
    fn check(&self, page: &Page, name: &str, shown: Shown) {
        let instance = name.split_once('@').map(|(_, instance)| instance);
        let samples = page.samples(self.metric);
        let samples = samples.iter().filter(|it| it.label("collector_instance") == instance);
        let (successful, expected) = match shown {
            Shown::InTime if self.partly => (1.0, 1),
            Shown::Last if self.partly => (1.0, 2),
            Shown::Last => (1.0, 1),
            Shown::InTime | Shown::Nothing => (0.0, 0),
        };
        assert_eq!(success(page, name), Some(successful), "{name}");
        assert_eq!(samples.count(), expected, "{name}");
    }
}

impl Case {
    fn config(&self, file: &str) -> String {
        let min_interval = if self.min_interval { ", min_interval: 1ms" } else { "" };
        let instances = LATE.iter().flat_map(|late| {
            let keys = late.keys.replace("FILE", file);
            late.names(self.instances).map(move |name| format!("  {name}: {{{keys}}}\n"))
        });
        let instances: String = instances.collect();
        let scrape = format!("timeout: {}{min_interval}", self.timeout);
        format!("scrape: {{{scrape}}}\ncollectors:\n{instances}  slow_parts@well:\n")
    }

    fn start(&self) -> (Config, Exporter) {
        let config = Config::new("");
        let file = config.path("at-once");
        config.write(&self.config(&file.display().to_string()));
        fs::write(&file, "").unwrap();
        let exporter = config.start(&[]);
        if self.snapshot {
            let page = scrape_within(&exporter, "60").0;
            for late in &LATE {
                late.names(self.instances).for_each(|name| late.check(&page, &name, Shown::Last));
            }
        }
        fs::remove_file(&file).unwrap();
        (config, exporter)
    }

    /// The first page and later ones, of every late collector.
    fn check(&self, exporter: &Exporter) {
        let described = format!("time-out {}, patience {} s", self.timeout, self.patience);
        thread::scope(|scope| {
            for late in &LATE {
                let described = &described;
                scope.spawn(move || {
                    for number in 1..=2 {
                        let (page, took) = late.scrape(exporter, self);
                        let what = format!("{}: {described}, page {number}", late.what);
                        assert!(took < LIMIT, "{what}: {took:?}");
                        assert!(has_bulk(&page), "{what}");
                        assert_eq!(success(&page, "slow_parts@well"), Some(1.0), "{what}");
                        late.names(self.instances)
                            .for_each(|name| late.check(&page, &name, self.shown));
                    }
                });
            }
        });
        self.check_threads(exporter);
    }

    /// There is a thread for each run that blocks, and for each part that does, and the few that any exporter has.
    fn check_threads(&self, exporter: &Exporter) {
        let blocking = LATE.iter().filter(|late| late.collector != "slow_async");
        let threads = blocking.map(|late| if late.partly { 2 } else { 1 }).sum::<usize>();
        let most = threads * self.instances + 20;
        let tasks = format!("/proc/{}/task", exporter.pid());
        wait_until("there are no more threads than runs and parts that hang", || {
            fs::read_dir(&tasks).unwrap().count() <= most
        });
    }
}

#[test]
fn no_page_is_later_than_the_time_out_of_its_slowest_collector() {
    let _alone = alone();
    // All are started before the first page is measured.
    let started = thread::scope(|scope| {
        let starts = CASES.each_ref().map(|case| scope.spawn(|| case.start()));
        starts.map(|start| start.join().unwrap())
    });
    // Those with many collectors start hundreds of threads, which would delay the pages of the others.
    for many in [false, true] {
        thread::scope(|scope| {
            let cases = CASES.iter().zip(&started).filter(|(case, _)| (case.instances > 1) == many);
            for (case, (_, exporter)) in cases {
                scope.spawn(|| case.check(exporter));
            }
        });
    }
}

#[test]
fn no_page_is_late_however_often_a_slow_collector_is_run_and_the_log_names_the_keys_once() {
    let config = Config::new("");
    let journal = config.path("journal");
    config.write(&format!(
        "scrape: {{timeout: 300ms}}\ncollectors: {{slow: {{delay: 3000, journal: {}}}}}",
        journal.display()
    ));
    let exporter = config.start(&[]);
    let runs = || fs::read_to_string(&journal).unwrap_or_default().lines().count();
    wait_until("the collector was run three times", || {
        let (page, took) = scrape_within(&exporter, "10");
        assert!(took < Duration::from_secs(2), "{took:?}");
        assert!(has_bulk(&page));
        assert_eq!(success(&page, "slow"), Some(0.0));
        runs() == 3
    });
    let log = exporter.log();
    let message = "did not end within its time-out of 300ms; if its source needs longer, raise `scrape.timeout`, and set \
                   `scrape.min_interval`, so that it runs less often";
    assert_eq!(log.matches(message).count(), 1, "{log}");
}

#[test]
fn scrapers_of_one_run_wait_for_it_each_as_long_as_it_may() {
    let config = Config::new("");
    let journal = config.path("journal");
    config.write(&format!(
        "scrape: {{timeout: 2s}}\ncollectors: {{slow: {{delay: 9000, journal: {}}}}}",
        journal.display()
    ));
    let exporter = &config.start(&[]);
    thread::scope(|scope| {
        let scrapers = ["0.5", "10", "0.5", "10"];
        let pages = scrapers.map(|patience| scope.spawn(move || scrape_within(exporter, patience)));
        for (patience, page) in scrapers.iter().zip(pages) {
            let (page, took) = page.join().unwrap();
            assert!(has_bulk(&page), "{patience}");
            assert_eq!(success(&page, "slow"), Some(0.0), "{patience}");
            let expected = if *patience == "10" { 1900..4000 } else { 400..1500 };
            assert!(expected.contains(&took.as_millis()), "{patience}: {took:?}");
        }
    });
    assert_eq!(fs::read_to_string(journal).unwrap(), "run\n");
}
