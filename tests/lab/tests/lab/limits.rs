//! Too much, too often, twice: limits, intervals, duplicates, and what a failure does to the page.

use std::fs;
use std::time::{Duration, Instant};

use exporter_testkit::wait_until;

use crate::{Config, failures, has_bulk, success};

#[test]
fn an_endless_loop_of_samples_is_ended_at_its_limit() {
    for (limit, message) in [
        ("sample_limit: 1000", "more than 1000 samples; raise `scrape.sample_limit`"),
        ("byte_limit: 1MiB", "its samples take more than 1048576 bytes; raise `scrape.byte_limit`"),
    ] {
        let config =
            Config::new(&format!("collectors: {{flood: {{enabled: true, scrape: {{{limit}}}}}}}"));
        let exporter = config.start(&[]);
        let start = Instant::now();
        let page = exporter.scrape();
        assert!(start.elapsed() < Duration::from_secs(5));
        assert!(has_bulk(&page));
        assert_eq!(success(&page, "flood"), Some(0.0));
        assert!(page.family("lab_flood").is_none());
        assert_eq!(failures(&exporter.scrape(), "flood", "limit"), Some(2.0));
        let log = exporter.log();
        assert!(log.contains(message) && !log.contains("Panicked"), "{log}");
    }
}

#[test]
fn an_endless_loop_of_samples_is_ended_at_its_time_out_and_gives_its_memory_back() {
    let config = Config::new(
        "collectors: {flood: {enabled: true, scrape: {timeout: 200ms, byte_limit: 4GiB}}}",
    );
    let exporter = config.start(&[]);
    let threads = exporter.scrape().value("process_threads", &[]);
    wait_until("it is ended", || exporter.scrape().value("process_threads", &[]) <= threads);
    assert!(failures(&exporter.scrape(), "flood", "timeout") >= Some(1.0));
}

#[test]
fn a_limit_is_the_number_that_is_still_right() {
    let config = Config::new("collectors: {bulk: {scrape: {sample_limit: 10}}}");
    assert!(has_bulk(&config.start(&[]).scrape()));
    let config = Config::new("scrape: {sample_limit: 9}");
    let page = config.start(&[]).scrape();
    assert_eq!((success(&page, "bulk"), page.samples("my_gauge").len()), (Some(0.0), 0));
}

#[test]
fn of_samples_that_are_one_series_the_first_is_kept() {
    let config = Config::new("collectors: {duplicate: {enabled: true}}");
    let exporter = config.start(&[]);
    for round in 1..=2 {
        let page = exporter.scrape();
        assert_eq!(success(&page, "duplicate"), Some(1.0));
        let samples: Vec<_> = page
            .samples("lab_duplicate")
            .iter()
            .map(|s| (s.label("i").unwrap(), s.value))
            .collect();
        assert_eq!(samples, [("a", 0.0), ("b", 1.0), ("c", 3.0)]);
        let dropped = "exporter_collector_duplicate_samples_total";
        let dropped = page.value(dropped, &[("collector", "duplicate")]);
        assert_eq!(dropped, Some(f64::from(2 * round)));
    }
    let log = exporter.log();
    assert_eq!(log.matches("emitted a series more than once").count(), 1, "{log}");
    assert!(log.contains("dropped=2") && log.contains(r#"lab_duplicate{i=\"a\"}"#), "{log}");
}

#[test]
fn duplicates_can_be_a_failure() {
    let config =
        Config::new("collectors: {duplicate: {enabled: true, scrape: {duplicates: fail}}}");
    let exporter = config.start(&[]);
    let page = exporter.scrape();
    assert!(has_bulk(&page) && page.family("lab_duplicate").is_none());
    assert_eq!(success(&page, "duplicate"), Some(0.0));
    assert_eq!(failures(&page, "duplicate", "duplicate"), Some(1.0));
}

#[test]
fn a_failure_can_cost_the_page() {
    let config =
        Config::new("scrape: {failure_policy: fail}\ncollectors: {error: {enabled: true}}");
    let exporter = config.start(&[]);
    let answer = exporter.get("/metrics");
    assert_eq!(answer.status, 500);
    assert!(
        answer.body.contains("\nerror: error: the lab's source is on fire\n"),
        "{}",
        answer.body
    );
    // Not where it was not asked for.
    assert_eq!(exporter.get("/metrics?collect[]=bulk").status, 200);

    let config = Config::new(
        "scrape: {failure_policy: fail}\n\
         collectors: {error: {enabled: true, scrape: {failure_policy: partial}}, unavailable: {enabled: true}}",
    );
    assert!(has_bulk(&config.start(&[]).scrape()));
}

#[test]
fn between_runs_the_last_good_samples_are_served_with_their_age() {
    let config = Config::new("");
    let journal = config.path("journal");
    config.write(&format!(
        "collectors: {{slow: {{enabled: true, journal: {}, scrape: {{min_interval: 1s}}}}}}",
        journal.display()
    ));
    let exporter = config.start(&[]);
    let start = Instant::now();
    let (mut pages, mut oldest) = (0, 0.0_f64);
    while start.elapsed() < Duration::from_secs(3) {
        let page = exporter.scrape();
        assert_eq!(success(&page, "slow"), Some(1.0));
        assert!(page.value("lab_slow_runs", &[]).is_some());
        let age = page.value("exporter_collector_snapshot_age_seconds", &[("collector", "slow")]);
        oldest = oldest.max(age.unwrap());
        assert_eq!(page.samples("exporter_collector_snapshot_age_seconds").len(), 1);
        pages += 1;
    }
    let runs = fs::read_to_string(journal).unwrap().lines().count();
    assert!((3..=4).contains(&runs) && pages > 2 * runs, "{runs} runs for {pages} pages");
    assert!((0.2..1.5).contains(&oldest), "{oldest}");
}

#[test]
fn a_source_that_takes_longer_than_any_scraper_waits_is_served_from_its_last_run() {
    let config = Config::new(
        "collectors: {slow: {enabled: true, delay: 1000, scrape: {timeout: 5s, min_interval: 100ms}}}",
    );
    let exporter = config.start(&[]);
    let header = [("X-Prometheus-Scrape-Timeout-Seconds", "0.3")];
    let scrape = || exporter_testkit::Page::parse(&exporter.get_with("/metrics", &header).body);
    assert_eq!(success(&scrape(), "slow"), Some(0.0));
    wait_until("there is a first run", || success(&scrape(), "slow") == Some(1.0));
    for _ in 0..10 {
        let page = scrape();
        assert!(has_bulk(&page));
        assert_eq!(success(&page, "slow"), Some(1.0));
    }
}
