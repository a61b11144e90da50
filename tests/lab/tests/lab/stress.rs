//! All at once: many scrapers, and collectors of every bad kind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, Prometheus, wait_until};

use crate::isolation::scrape_within;
use crate::{Config, has_bulk, success};

/// As many as in a minute of a hundred scrapers that come every second, in less time.
const SCRAPERS: usize = 100;
const PAGES: usize = 60;
const EVERY: Duration = Duration::from_secs(1);

/// Ten collectors: one that is well, one that is slow, one that panics, seven that hang.
const BAD: &str = "scrape: {timeout: 2s}\ncollectors:\n  slow: {delay: 100}\n  panic: {run: 1, drop: true}\n  hang@a:\n  \
                   hang@b:\n  hang@c:\n  hang@d:\n  hang@e:\n  hang_async@a:\n  hang_async@b:\n";

fn threads_and_files(exporter: &Exporter) -> (f64, f64) {
    let page = exporter.scrape();
    let value = |name| page.value(name, &[]).unwrap();
    (value("process_threads"), value("process_open_fds"))
}

#[test]
fn a_hundred_scrapers_get_six_thousand_pages_in_time_and_whole() {
    let _alone = crate::alone();
    let exporter = Config::new(BAD).start(&[]);
    wait_until("all that hang are overdue", || {
        scrape_within(&exporter, "10").1 < Duration::from_secs(1)
    });
    let before = threads_and_files(&exporter);
    let (late, slowest) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for scraper in 0..SCRAPERS {
            let (exporter, late, slowest) = (&exporter, &late, &slowest);
            scope.spawn(move || {
                // Spread over the interval, as Prometheus does it.
                thread::sleep(EVERY * u32::try_from(scraper).unwrap() / 100);
                for _ in 0..PAGES {
                    let next = Instant::now() + EVERY;
                    let (page, took) = scrape_within(exporter, "1");
                    assert!(has_bulk(&page));
                    assert_eq!(success(&page, "panic"), Some(0.0));
                    late.fetch_add((took >= Duration::from_secs(1)).into(), Ordering::Relaxed);
                    slowest
                        .fetch_max(usize::try_from(took.as_millis()).unwrap(), Ordering::Relaxed);
                    thread::sleep(next.saturating_duration_since(Instant::now()));
                }
            });
        }
    });
    let slowest = slowest.into_inner();
    assert_eq!(late.into_inner(), 0, "of 6000 pages; the slowest took {slowest} ms");
    wait_until("the connections of the scrapers are closed or idle", || {
        let (threads, files) = threads_and_files(&exporter);
        // The test kit's client keeps some connections for later, at two descriptors each.
        threads <= before.0 && files <= before.1 + 2.0 * 100.0
    });
}

#[test]
fn a_real_prometheus_never_misses_a_page_beside_collectors_that_hang() {
    let _alone = crate::alone();
    // Their time-out is far beyond that of Prometheus, so every page waits as long as it may.
    let exporter = Config::new(&BAD.replace("timeout: 2s", "timeout: 1h")).start(&[]);
    let prometheus = Prometheus::scraping(exporter.address());
    wait_until("Prometheus has scraped six times", || {
        let count = prometheus.query("count_over_time(up[5m])")[0]["value"][1].clone();
        count.as_str().is_some_and(|count| count.parse::<u32>().unwrap() >= 6)
    });
    let value = |query: &str| prometheus.query(query)[0]["value"][1].as_str().unwrap().to_owned();
    assert_eq!(value("min_over_time(up[5m])"), "1", "{}", prometheus.log());
    assert_eq!(value("count(my_gauge)"), "5");
    assert_eq!(value("exporter_collector_success{collector='hang@a'}"), "0");
    assert_eq!(value("exporter_collector_success{collector='bulk'}"), "1");
    let longest: f64 = value("max_over_time(scrape_duration_seconds[5m])").parse().unwrap();
    assert!((0.85..1.0).contains(&longest), "{longest}");
}

#[test]
fn ten_thousand_scrapes_beside_a_collector_that_hangs_cost_no_thread_and_no_memory() {
    let _alone = crate::alone();
    let config = Config::new("scrape: {timeout: 200ms}\ncollectors: {hang: {}}");
    let exporter = config.start(&[]);
    let measure = || {
        let page = exporter.scrape();
        let value = |name| page.value(name, &[]).unwrap();
        (value("process_threads"), value("process_resident_memory_bytes"))
    };
    wait_until("it is overdue", || scrape_within(&exporter, "10").1 < Duration::from_millis(100));
    (0..500).for_each(|_| drop(exporter.scrape()));
    let before = measure();
    (0..10_000).for_each(|_| drop(exporter.get("/metrics")));
    let after = measure();
    assert!(after.0 <= before.0, "{} threads after {}", after.0, before.0);
    assert!(after.1 <= before.1 + 5.0 * 1024.0 * 1024.0, "{} bytes after {}", after.1, before.1);
}
