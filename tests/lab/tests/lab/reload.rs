//! A new configuration while the exporter runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use exporter_testkit::{Exporter, Page, wait_until};
use rustix::process::Signal;

use crate::{Config, failures, has_bulk, success};

fn reloaded(page: &Page) -> Option<f64> {
    page.value("exporter_config_last_reload_successful", &[])
}

fn reloads(exporter: &Exporter) -> usize {
    exporter.log().matches("Reloaded the configuration").count()
}

const LIFECYCLE: &[&str] = &["--web.enable-lifecycle"];

#[test]
fn a_signal_and_a_request_load_the_file_again() {
    let config = Config::new("");
    let exporter = config.start(LIFECYCLE);
    assert_eq!(success(&exporter.scrape(), "slow"), None);
    config.write("collectors: {slow: {}}");
    exporter.signal(Signal::HUP);
    wait_until("the signal is seen", || success(&exporter.scrape(), "slow") == Some(1.0));
    config.write("collectors: {slow@a: {}}");
    let answer = exporter.post("/-/reload");
    assert_eq!((answer.status, answer.body.as_str()), (200, "Reloaded.\n"));
    let page = exporter.scrape();
    assert_eq!((success(&page, "slow"), success(&page, "slow@a")), (None, Some(1.0)));
    let samples = page.all_samples().into_iter();
    assert!(!samples.into_iter().any(|sample| sample.label("collector") == Some("slow")));
    assert!(has_bulk(&page));
}

#[test]
fn without_the_flag_a_request_reloads_nothing() {
    let config = Config::new("");
    let exporter = config.start(&[]);
    let answer = exporter.post("/-/reload");
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("--web.enable-lifecycle"), "{}", answer.body);
    assert_eq!(exporter.get("/-/reload").status, 405);
}

#[test]
fn a_bad_file_changes_nothing_and_is_told_everywhere() {
    let config = Config::new("collectors: {slow: {}}");
    let exporter = config.start(LIFECYCLE);
    let page = exporter.scrape();
    let loaded = "exporter_config_last_reload_success_timestamp_seconds";
    let timestamp = page.value(loaded, &[]).unwrap();
    assert_eq!((reloaded(&page), timestamp > 1.7e9), (Some(1.0), true));

    config.write("collectors: {slow: {delay: long}}");
    let answer = exporter.post("/-/reload");
    assert_eq!(answer.status, 500);
    let problem =
        ":1:28: collectors.slow.delay: invalid type: text, expected an integer, 0 or more";
    assert!(answer.body.contains(problem), "{}", answer.body);
    let page = exporter.scrape();
    assert_eq!((reloaded(&page), page.value(loaded, &[])), (Some(0.0), Some(timestamp)));
    // The same collector goes on, with its state.
    assert_eq!(page.value("lab_slow_runs", &[]), Some(2.0));
    assert!(exporter.log().contains(problem));

    config.write("collectors: {slow: {}}");
    assert_eq!(exporter.post("/-/reload").status, 200);
    let page = exporter.scrape();
    assert_eq!(reloaded(&page), Some(1.0));
    assert!(page.value(loaded, &[]).unwrap() > timestamp);
}

#[test]
fn a_collector_that_panics_while_it_is_built_costs_the_reload_only() {
    let config = Config::new("collectors: {slow: {}}");
    let exporter = config.start(LIFECYCLE);
    exporter.scrape();
    config.write("collectors: {slow: {}, panic: {new: true}}");
    for _ in 0..3 {
        let answer = exporter.post("/-/reload");
        assert_eq!(answer.status, 500);
        for part in [
            "the collector `panic` of lab-exporter",
            "panicked in `new`: the lab panics when it is built (panicked at tests/lab/",
            "that is a defect of the collector, not a mistake in the configuration",
        ] {
            assert!(answer.body.contains(part), "{}", answer.body);
        }
    }
    let page = exporter.scrape();
    assert_eq!((reloaded(&page), page.value("lab_slow_runs", &[])), (Some(0.0), Some(2.0)));
    let output = exporter_testkit::run(crate::LAB, ["--config.check", &config.flag()]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn collectors_for_which_nothing_changed_keep_their_state() {
    let config = Config::new("collectors: {slow: {}, slow@a: {delay: 1}}");
    let exporter = config.start(LIFECYCLE);
    exporter.scrape();
    // The same in other words, and something new for the instance.
    config.write("# A comment\ncollectors:\n  slow:\n  slow@a:\n    delay: 2\n");
    assert_eq!(exporter.post("/-/reload").status, 200);
    let page = exporter.scrape();
    let runs = |instance| {
        let sample = page
            .samples("lab_slow_runs")
            .into_iter()
            .find(|s| s.label("collector_instance") == instance);
        sample.map(|sample| sample.value)
    };
    assert_eq!((runs(None), runs(Some("a"))), (Some(2.0), Some(1.0)));
}

#[test]
fn a_running_scrape_ends_with_the_configuration_that_it_began_with() {
    let config = Config::new("");
    let journal = config.path("journal");
    config.write(&format!("collectors: {{slow: {{delay: 700, journal: {}}}}}", journal.display()));
    let exporter = config.start(LIFECYCLE);
    std::thread::scope(|scope| {
        let before = scope.spawn(|| exporter.scrape());
        wait_until("it runs", || journal.exists());
        config.write("collectors: {bulk: {}}");
        assert_eq!(exporter.post("/-/reload").status, 200);
        let page = before.join().unwrap();
        assert_eq!(success(&page, "slow"), Some(1.0));
        assert_eq!(success(&exporter.scrape(), "slow"), None);
    });
}

#[test]
fn a_run_whose_time_out_ends_while_its_predecessor_hangs_is_not_begun() {
    let config = Config::new("");
    let journal = config.path("journal");
    let write = |delay: u32| {
        let keys = format!("delay: {delay}, journal: {}", journal.display());
        config.write(&format!("scrape: {{timeout: 200ms}}\ncollectors: {{slow: {{{keys}}}}}"));
    };
    write(2500);
    let exporter = config.start(LIFECYCLE);
    assert_eq!(success(&exporter.scrape(), "slow"), Some(0.0));
    write(0);
    assert_eq!(exporter.post("/-/reload").status, 200);
    wait_until("the collector succeeds", || success(&exporter.scrape(), "slow") == Some(1.0));
    // The hanging run and the one that succeeded; the one between them was overdue when it could begin.
    assert_eq!(fs::read_to_string(&journal).unwrap(), "run\nrun\n");
}

#[test]
fn a_changed_secret_builds_its_collector_anew() {
    let config = Config::new("collectors: {secret: {token: {file: token}}}");
    fs::write(config.path("token"), "four").unwrap();
    let exporter = config.start(LIFECYCLE);
    let length = || exporter.scrape().value("lab_secret_bytes", &[("key", "token")]);
    assert_eq!(length(), Some(4.0));
    fs::write(config.path("token"), "sixsix").unwrap();
    assert_eq!(length(), Some(4.0));
    assert_eq!(exporter.post("/-/reload").status, 200);
    assert_eq!(length(), Some(6.0));
}

#[test]
fn files_that_are_swapped_by_a_link_are_noticed() {
    let config = Config::new("");
    // As Kubernetes does it: the file is a link through a folder that is a link to another.
    for (version, text) in [("1", "collectors: {slow: {}}"), ("2", "collectors: {slow@b: {}}")] {
        fs::create_dir(config.path(version)).unwrap();
        fs::write(config.path(version).join("exporter.yml"), text).unwrap();
    }
    fs::remove_file(config.file()).unwrap();
    symlink("1", config.path("data")).unwrap();
    symlink("data/exporter.yml", config.file()).unwrap();
    let exporter =
        config.start(&["--config.enable-auto-reload", "--config.auto-reload-interval=50ms"]);
    assert_eq!(success(&exporter.scrape(), "slow"), Some(1.0));
    symlink("2", config.path("next")).unwrap();
    fs::rename(config.path("next"), config.path("data")).unwrap();
    wait_until("the change is noticed", || success(&exporter.scrape(), "slow@b") == Some(1.0));
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(reloads(&exporter), 1, "{}", exporter.log());
}

#[test]
fn a_thousand_reloads_leave_nothing_behind_even_while_a_collector_hangs() {
    let text = |i: usize| {
        format!(
            "scrape: {{timeout: 200ms}}\ncollectors: {{hang: {{until: /nosuch/{i}}}, slow_async: {{delay: {}}}}}",
            i % 2
        )
    };
    let config = Config::new(&text(0));
    let exporter = config.start(LIFECYCLE);
    let settled = || {
        let page = exporter.scrape();
        let value = |name| page.value(name, &[]).unwrap();
        (
            value("process_threads"),
            value("process_open_fds"),
            value("process_resident_memory_bytes"),
        )
    };
    let reload = |i: usize| {
        config.write(&text(i));
        assert_eq!(exporter.post("/-/reload").status, 200);
        if i.is_multiple_of(10) {
            assert_eq!(success(&exporter.scrape(), "slow_async"), Some(1.0));
        }
    };
    (1..=100).for_each(reload);
    wait_until("the run is overdue", || {
        failures(&exporter.scrape(), "hang", "timeout") >= Some(1.0)
    });
    let (threads, files, memory) = settled();
    (101..=1000).for_each(reload);
    let (threads_after, files_after, memory_after) = settled();
    // Each web worker may have got a thread for reloads only now. A leak would be of hundreds.
    assert!(threads_after <= threads + 2.0, "{threads_after} threads after {threads}");
    assert!(files_after <= files, "{files_after} files after {files}");
    assert!(memory_after <= memory + 5e6, "{memory_after} bytes after {memory}");
}
