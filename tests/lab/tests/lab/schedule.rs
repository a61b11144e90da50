//! When collectors run: in the background, at most once in an interval, again after a failure; and what of them is kept.

use std::fs;
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, Page, run, wait_until};

use crate::{Config, LAB, success};

fn age(page: &Page, collector: &str) -> Option<f64> {
    page.value("exporter_collector_snapshot_age_seconds", &[("collector", collector)])
}

/// A page, and how long it took.
fn timed(exporter: &Exporter) -> (Page, Duration) {
    let start = Instant::now();
    (exporter.scrape(), start.elapsed())
}

/// No page of these tests waits for a run that takes so long.
const SLOW: Duration = Duration::from_secs(2);

#[test]
fn no_page_waits_for_a_collector_in_the_background() {
    let config = Config::new("");
    let journal = config.path("journal");
    config.write(&format!(
        "collectors: {{slow: {{delay: 4000, journal: {}, scrape: {{refresh: 5s}}}}, bulk: }}",
        journal.display()
    ));
    let exporter = config.start(&[]);
    let runs = || fs::read_to_string(&journal).unwrap_or_default().lines().count();
    wait_until("it runs before anybody scrapes", || runs() == 1);
    let (page, took) = timed(&exporter);
    assert!(took < SLOW, "{took:?}");
    assert_eq!((success(&page, "slow"), success(&page, "bulk")), (Some(0.0), Some(1.0)));
    wait_until("its first run has ended", || {
        let (page, took) = timed(&exporter);
        assert!(took < SLOW, "{took:?}");
        success(&page, "slow") == Some(1.0)
    });
    wait_until("it runs again without a scrape", || runs() == 2);
    let (page, took) = timed(&exporter);
    assert!(took < SLOW, "{took:?}");
    assert_eq!(page.value("lab_slow_runs", &[]), Some(1.0));
    assert!(age(&page, "slow").is_some_and(|age| age < 4.0));
}

#[test]
fn the_scrape_command_waits_for_a_collector_in_the_background() {
    let flags =
        ["--collector.slow", "--collector.slow.delay=500", "--collector.slow.scrape.refresh=1h"];
    let output = run(LAB, flags.into_iter().chain(["scrape"]));
    let page = Page::parse(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(page.value("lab_slow_runs", &[]), Some(1.0));
    assert!(output.status.success());
}

#[test]
fn a_scrape_that_starts_a_run_within_min_interval_is_served_from_the_last_one() {
    let config = Config::new("");
    let quick = config.path("quick");
    fs::write(&quick, "").unwrap();
    config.write(&format!(
        "collectors: {{slow: {{delay: 3000, unless: {}, scrape: {{min_interval: 1s}}}}}}",
        quick.display()
    ));
    let exporter = config.start(&[]);
    assert_eq!(exporter.scrape().value("lab_slow_runs", &[]), Some(1.0));
    fs::remove_file(quick).unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    for _ in 0..3 {
        let (page, took) = timed(&exporter);
        assert!(took < SLOW, "{took:?}");
        assert_eq!(page.value("lab_slow_runs", &[]), Some(1.0));
        assert!(age(&page, "slow").is_some_and(|age| age > 1.0));
    }
    wait_until("the run that it started has ended", || {
        exporter.scrape().value("lab_slow_runs", &[]) == Some(2.0)
    });
}

#[test]
fn a_failed_run_is_not_kept_for_the_interval_and_says_that_the_source_is_down() {
    let config = Config::new("");
    let down = config.path("down");
    fs::write(&down, "").unwrap();
    config.write(&format!(
        "collectors: {{service: {{down: {}, scrape: {{min_interval: 1h}}}}}}",
        down.display()
    ));
    let exporter = config.start(&[]);
    let up = |page: &Page| page.value("lab_service_up", &[]);
    for _ in 0..5 {
        let page = exporter.scrape();
        assert_eq!((up(&page), success(&page, "service")), (Some(0.0), Some(0.0)));
        assert_eq!(page.value("lab_service_runs", &[]), None);
    }
    assert_eq!(exporter.log().matches("the service does not answer").count(), 1);
    fs::remove_file(down).unwrap();
    wait_until("the next run succeeds", || up(&exporter.scrape()) == Some(1.0));
    let page = exporter.scrape();
    assert_eq!(success(&page, "service"), Some(1.0));
    // Retries are a second or more apart, however many scrapes there are.
    let runs = page.value("lab_service_runs", &[]).unwrap();
    assert!((2.0..=4.0).contains(&runs), "{runs}");
}

#[test]
fn a_reload_that_changes_only_how_a_collector_is_run_keeps_its_state() {
    let config = Config::new("collectors: {service: }");
    let exporter = config.start(&["--web.enable-lifecycle"]);
    assert_eq!(exporter.scrape().value("lab_service_runs", &[]), Some(1.0));
    config.write("collectors: {service: {scrape: {timeout: 3s, min_interval: 1h}}}");
    assert_eq!(exporter.post("/-/reload").status, 200);
    assert_eq!(exporter.scrape().value("lab_service_runs", &[]), Some(2.0));
    assert_eq!(
        exporter.scrape().value("lab_service_runs", &[]),
        Some(2.0),
        "the interval is in force"
    );
    config.write("collectors: {service: {down: elsewhere}}");
    assert_eq!(exporter.post("/-/reload").status, 200);
    assert_eq!(exporter.scrape().value("lab_service_runs", &[]), Some(1.0), "it was built anew");
}

#[test]
fn an_asynchronous_collector_that_asks_for_it_survives_its_time_out() {
    let config = Config::new("");
    let down = config.path("down");
    config.write(&format!("collectors: {{session: {{down: {}}}}}", down.display()));
    let exporter = config.start(&[]);
    assert_eq!(exporter.scrape().value("lab_session_attempts", &[]), Some(1.0));
    fs::write(&down, "").unwrap();
    let (page, took) = timed(&exporter);
    assert_eq!(success(&page, "session"), Some(0.0));
    assert!(took < SLOW, "its author says 300 ms: {took:?}");
    fs::remove_file(&down).unwrap();
    let attempts = || exporter.scrape().value("lab_session_attempts", &[]);
    wait_until("it succeeds again", || attempts().is_some_and(|attempts| attempts >= 3.0));
}

#[test]
fn flags_say_how_a_collector_is_run_and_come_before_its_author() {
    let flags = [
        "--collector.session",
        "--collector.session.scrape.timeout=7s",
        "--collector.session.scrape.min-interval=1m",
        "config",
    ];
    let shown = String::from_utf8(run(LAB, flags).stdout).unwrap();
    let session = shown.split("  session:\n").nth(1).unwrap_or_else(|| panic!("{shown}"));
    assert!(session.contains("      timeout: 7s\n"), "{shown}");
    assert!(session.contains("      min_interval: 1m\n"), "{shown}");
    let shown = String::from_utf8(run(LAB, ["--collector.session", "config"]).stdout).unwrap();
    assert!(shown.contains("      timeout: 300ms\n"), "{shown}");
}
