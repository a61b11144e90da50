//! Collectors that hang, take long, panic or block where they should await.

use std::fs;
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, Page, wait_until};

use crate::{Config, failures, has_bulk, success};

/// Scrapes with a time-out, as Prometheus does, and returns the page and how long it took.
pub(crate) fn scrape_within(exporter: &Exporter, timeout: &str) -> (Page, Duration) {
    let start = Instant::now();
    let header = [("X-Prometheus-Scrape-Timeout-Seconds", timeout)];
    let response = exporter.get_with("/metrics", &header);
    assert_eq!(response.status, 200, "{}", response.body);
    (Page::parse(&response.body), start.elapsed())
}

const SHORT: &str = "scrape: {timeout: 300ms}\n";

#[test]
fn a_hanging_collector_costs_its_own_samples_and_is_not_waited_for_once_it_is_overdue() {
    let config = Config::new("");
    let release = config.path("release");
    config.write(&format!(
        "{SHORT}collectors: {{hang: {{enabled: true, until: {}}}}}",
        release.display()
    ));
    let exporter = config.start(&[]);
    let page = exporter.scrape();
    assert!(has_bulk(&page));
    assert_eq!(success(&page, "hang"), Some(0.0));
    wait_until("the run is overdue", || {
        failures(&exporter.scrape(), "hang", "timeout") == Some(1.0)
    });

    let start = Instant::now();
    for _ in 0..50 {
        let page = exporter.scrape();
        assert!(has_bulk(&page));
        assert_eq!(success(&page, "hang"), Some(0.0));
        let duration = page.value("exporter_collector_duration_seconds", &[("collector", "hang")]);
        assert!(duration.unwrap() > 0.3, "{duration:?}");
    }
    assert!(start.elapsed() < Duration::from_secs(10), "50 pages that wait take 15 s");
    // Not started again, so not counted again.
    assert_eq!(failures(&exporter.scrape(), "hang", "timeout"), Some(1.0));
    assert_eq!(exporter.log().matches("did not end within its time-out of 300ms").count(), 1);

    fs::write(release, "").unwrap();
    wait_until("it comes back", || success(&exporter.scrape(), "hang") == Some(1.0));
    // What came late was thrown away: this is the second run.
    assert_eq!(exporter.scrape().value("lab_hang_runs", &[]).map(|runs| runs >= 2.0), Some(true));
    assert!(exporter.log().contains("Collector succeeds again"), "{}", exporter.log());
}

#[test]
fn behind_a_hundred_collectors_that_hang_another_is_asked_in_time() {
    let instances: String = (0..100).map(|i| format!("  hang@i{i}:\n")).collect();
    let config = Config::new(&format!("collectors:\n{instances}  slow:\n"));
    let exporter = config.start(&[]);
    for _ in 0..3 {
        let (page, took) = scrape_within(&exporter, "1");
        assert!(has_bulk(&page) && took < Duration::from_secs(1), "{took:?}");
        assert_eq!(success(&page, "slow"), Some(1.0));
        assert_eq!(success(&page, "hang@i99"), Some(0.0));
    }
    let threads = exporter.scrape().value("process_threads", &[]).unwrap();
    assert!(threads < 100.0 + 15.0, "{threads} threads");
}

#[test]
fn a_page_is_sent_before_its_scraper_gives_up_and_cancels_nothing_for_others() {
    let config = Config::new("collectors: {slow: {enabled: true, delay: 1500}}");
    let exporter = config.start(&[]);
    std::thread::scope(|scope| {
        let patient = scope.spawn(|| scrape_within(&exporter, "10"));
        let (page, took) = scrape_within(&exporter, "0.5");
        assert!(has_bulk(&page));
        assert_eq!(success(&page, "slow"), Some(0.0));
        assert!(
            (Duration::from_millis(400)..Duration::from_millis(500)).contains(&took),
            "{took:?}"
        );
        let (page, took) = patient.join().unwrap();
        assert_eq!(page.value("lab_slow_runs", &[]), Some(1.0));
        assert!(took < Duration::from_secs(9), "{took:?}");
        // It did not fail: one page could not wait for it.
        assert_eq!(page.samples("exporter_collector_failures_total").len(), 0);
    });
}

#[test]
fn absurd_time_outs_get_what_is_ready_and_take_nothing_from_others() {
    let config = Config::new("scrape: {timeout: 800ms}\ncollectors: {hang: {enabled: true}}");
    let exporter = config.start(&[]);
    for timeout in ["-1", "1e300", "NaN", "soon", "", "0", "0.001", "inf", "-inf", "1,5"] {
        let (page, took) = scrape_within(&exporter, timeout);
        assert_eq!(success(&page, "hang"), Some(0.0), "{timeout}");
        assert!(took < Duration::from_secs(5), "{timeout}: {took:?}");
    }
    assert!(has_bulk(&scrape_within(&exporter, "10").0));
}

#[test]
fn an_asynchronous_collector_is_dropped_at_its_time_out_and_built_anew() {
    let config = Config::new("");
    let journal = config.path("journal");
    config.write(&format!(
        "{SHORT}collectors: {{slow_async: {{enabled: true, delay: 60000, journal: {}}}}}",
        journal.display()
    ));
    let exporter = config.start(&[]);
    for run in 1..=3 {
        let page = exporter.scrape();
        assert!(has_bulk(&page));
        assert_eq!(success(&page, "slow_async"), Some(0.0));
        let expected = "run\ndrop\n".repeat(run);
        wait_until("it is dropped", || fs::read_to_string(&journal).unwrap() == expected);
        wait_until("the time-out is counted", || {
            exporter.scrape();
            let journal = fs::read_to_string(&journal).unwrap();
            failures(&exporter.scrape(), "slow_async", "timeout") >= Some(1.0)
                && !journal.is_empty()
        });
        fs::write(&journal, "run\ndrop\n".repeat(run)).unwrap();
        wait_until("no run goes on", || {
            let before = fs::read_to_string(&journal).unwrap();
            std::thread::sleep(Duration::from_millis(400));
            before == fs::read_to_string(&journal).unwrap()
        });
        fs::write(&journal, "run\ndrop\n".repeat(run)).unwrap();
    }
}

#[test]
fn asynchronous_collectors_that_take_their_time_do_so_at_once() {
    let instances: String =
        (0..20).map(|i| format!("  slow_async@i{i}: {{delay: 500}}\n")).collect();
    let config = Config::new(&format!("collectors:\n{instances}"));
    let exporter = config.start(&[]);
    let (page, took) = scrape_within(&exporter, "10");
    assert_eq!(page.samples("lab_slow_async_runs").len(), 20);
    assert!(
        took < Duration::from_secs(5),
        "twenty times half a second, one after another: {took:?}"
    );
}

#[test]
fn an_asynchronous_collector_that_blocks_harms_no_other() {
    let config = Config::new(
        "scrape: {timeout: 300ms}\ncollectors:\n  hang_async@a:\n  hang_async@b:\n  hang_async@c:\n  hang_async@d:\n  \
         slow_async: {enabled: true, delay: 50}\n",
    );
    let exporter = config.start(&[]);
    for _ in 0..10 {
        let page = exporter.scrape();
        assert!(has_bulk(&page));
        assert_eq!(success(&page, "slow_async"), Some(1.0));
        assert_eq!(success(&page, "hang_async@a"), Some(0.0));
    }
}

#[test]
fn a_collector_that_panics_when_it_is_dropped_is_built_anew_all_the_same() {
    let config = Config::new("collectors: {panic: {enabled: true, run: 2, drop: true}}");
    let exporter = config.start(&[]);
    for round in 1..=3 {
        assert_eq!(success(&exporter.scrape(), "panic"), Some(1.0));
        let page = exporter.scrape();
        assert!(has_bulk(&page));
        assert_eq!(success(&page, "panic"), Some(0.0));
        assert_eq!(failures(&page, "panic", "panic"), Some(f64::from(round)));
    }
}

#[test]
fn a_panic_is_told_once_with_its_place() {
    let exporter = Config::new("collectors: {panic: {run: 1}}").start(&[]);
    (0..10).for_each(|_| assert_eq!(success(&exporter.scrape(), "panic"), Some(0.0)));
    let log = exporter.log();
    assert_eq!(log.matches("the lab panics on purpose").count(), 1, "{log}");
    assert!(log.contains("on purpose (panicked at tests/lab/src/misbehave.rs:"), "{log}");
    assert_eq!(failures(&exporter.scrape(), "panic", "panic"), Some(11.0));
}

#[test]
fn a_collector_that_spins_does_not_hold_up_the_page() {
    let config = Config::new("scrape: {timeout: 300ms}\ncollectors: {spin: {enabled: true}}");
    let exporter = config.start(&[]);
    for _ in 0..5 {
        let page = exporter.scrape();
        assert!(has_bulk(&page));
        assert_eq!(success(&page, "spin"), Some(0.0));
    }
}

#[test]
fn a_part_that_hangs_costs_itself_and_is_not_started_twice() {
    let config = Config::new("");
    let release = config.path("release");
    config
        .write(&format!("collectors: {{parts: {{enabled: true, until: {}}}}}", release.display()));
    let exporter = config.start(&[]);
    let parts = |page: &Page| {
        let parts =
            page.samples("lab_part").into_iter().map(|part| part.label("part").unwrap().to_owned());
        parts.collect::<Vec<_>>()
    };
    for _ in 0..3 {
        let page = exporter.scrape();
        assert_eq!(parts(&page), ["one", "two"]);
        assert_eq!(success(&page, "parts"), Some(1.0));
    }
    let threads = exporter.scrape().value("process_threads", &[]).unwrap();
    for _ in 0..20 {
        exporter.scrape();
    }
    // A worker that is away for a moment has another in its place.
    wait_until("there are no more threads than before", || {
        exporter.scrape().value("process_threads", &[]).unwrap() <= threads
    });
    let log = exporter.log();
    assert!(log.contains("`hanging` did not answer within 100ms"), "{log}");
    assert!(log.contains("`hanging` still hangs from an earlier run"), "{log}");
    assert!(
        log.contains(
            "`panicking`: a part of the lab panics (panicked at tests/lab/src/misbehave.rs:"
        ),
        "{log}"
    );
    fs::write(release, "").unwrap();
    wait_until("the part comes back", || parts(&exporter.scrape()) == ["one", "hanging", "two"]);
}

#[test]
fn overlapping_scrapes_share_one_run_filtered_or_not() {
    let config = Config::new("");
    let journal = config.path("journal");
    config.write(&format!(
        "collectors: {{slow: {{enabled: true, delay: 500, journal: {}}}}}",
        journal.display()
    ));
    let exporter = config.start(&[]);
    let pages = ["/metrics", "/metrics?collect[]=slow", "/metrics/slow", "/metrics?exclude[]=bulk"];
    std::thread::scope(|scope| {
        for path in pages.iter().cycle().take(20) {
            let exporter = &exporter;
            scope.spawn(move || {
                let page = Page::parse(&exporter.get(path).body);
                assert_eq!(page.value("lab_slow_runs", &[]), Some(1.0), "{path}");
                assert_eq!(page.samples("my_gauge").is_empty(), *path != "/metrics", "{path}");
            });
        }
    });
    assert_eq!(fs::read_to_string(journal).unwrap(), "run\n");
}
