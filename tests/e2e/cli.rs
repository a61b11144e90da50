//! The command line: what is understood, what is refused and how it reads, how it ends.

use std::process::Output;

use exporter_testkit::{Exporter, run, wait_until};
use rustix::process::Signal;
use serde_json::Value;

use crate::EXPORTER;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn succeed(args: &[&str]) -> String {
    let Output { status, stdout, stderr } = run(EXPORTER, args);
    assert_eq!(status.code(), Some(0), "{args:?}: {}", text(&stderr));
    text(&stdout)
}

/// Checks that a command line is refused in one line, with this exit code.
fn refused(args: &[&str], code: i32, expected: &str) {
    let Output { status, stdout, stderr } = run(EXPORTER, args);
    let stderr = text(&stderr);
    assert_eq!(stderr, format!("error: {expected}\n"), "{args:?}");
    assert_eq!(status.code(), Some(code), "{args:?}: {stderr}");
    assert!(stdout.is_empty(), "{}", text(&stdout));
}

#[test]
fn list_names_every_linked_collector_with_its_origin_on_every_run() {
    let list = succeed(&["list"]);
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["COLLECTOR", "ENABLED", "ORIGIN"]);
    // The features of this build, which `cargo xtask test` switches on, all of them.
    let manifest = include_str!("../../exporter-bin/Cargo.toml");
    let features = manifest.lines().filter(|line| line.contains("[\"dep:collector-"));
    let mut expected: Vec<String> =
        features.map(|line| line.split(' ').next().unwrap().replace('-', "_")).collect();
    expected.sort();
    let names: Vec<&str> = rows[1..].iter().map(|row| row[0]).collect();
    assert_eq!(names, expected, "run the tests with --all-features");
    for row in &rows[1..] {
        // The one that needs configuration.
        let enabled = if row[0] == "json" { "no" } else { "yes" };
        assert_eq!(row[1..3], [enabled, &format!("collector-{}", row[0].replace('_', "-"))]);
        assert!(row[4].contains("src/lib.rs:"), "{row:?}");
    }
    for _ in 0..5 {
        assert_eq!(succeed(&["list"]), list);
    }
}

#[test]
fn list_shows_what_flags_would_run() {
    let list = succeed(&["list", "--collector.disable-defaults", "--collector.gauge"]);
    let enabled = |name: &str| {
        let line = list.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.split_whitespace().nth(1) == Some("yes")
    };
    assert!(enabled("gauge") && !enabled("counter") && !enabled("cpu"), "{list}");
}

#[test]
fn describe_prints_every_metric_as_table_and_as_json() {
    let table = succeed(&["describe"]);
    let gauge = "gauge my_gauge gauge - l1,l2,static_example=\"I am static value\" gauge_help_tag";
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(table.lines().any(|line| words(line) == gauge), "{table}");
    let key = "textfile directory list of text - ";
    assert!(table.lines().any(|line| words(line).starts_with(key)), "{table}");
    let json = |name| -> Value {
        let described = succeed(&["describe", "--format", "json", name]);
        serde_json::from_str::<Value>(&described).unwrap()[0].take()
    };
    let expected = serde_json::json!({
        "collector": "counter",
        "description": "Example collector: one counter with random labels",
        "default_enabled": true,
        "configuration": [],
        "metrics": [{
            "metric": "my_counter", "kind": "counter", "unit": "", "labels": ["l3", "l4"],
            "const_labels": {}, "help": "counter_help_tag",
            "lint_exception": "the name is that of the reference exporter",
        }],
    });
    assert_eq!(json("counter"), expected);
    let expected = serde_json::json!({
        "key": "max_redirects", "type": "integer", "default": 10, "required": false,
        "meaning": "How many redirects are followed. None of headers, body and credentials goes to another origin than that of `url`.",
    });
    let keys = json("json")["configuration"].take();
    assert!(keys.as_array().unwrap().contains(&expected), "{keys}");
    assert_eq!(succeed(&["describe"]), table);
}

#[test]
fn no_metric_breaks_a_rule_without_saying_why() {
    let said = succeed(&["check", "metrics"]);
    assert!(said.ends_with(" metrics are as they should be\n"), "{said}");
}

#[test]
fn version_and_help_are_for_people() {
    let version = concat!("exporter-bin ", env!("CARGO_PKG_VERSION"), "\n");
    let long = succeed(&["--version"]);
    assert!(long.starts_with(version), "{long}");
    for line in ["\n  compiler     rustc 1.", "\n  target       "] {
        assert!(long.contains(line), "{long}");
    }
    assert_eq!(succeed(&["-V"]), version);
    let help = succeed(&["--help"]);
    for flag in [
        "--web.listen-address <ADDRESS>",
        "--web.telemetry-path <PATH>",
        "--web.disable-exporter-metrics",
        "--log.level <LEVEL>",
        "--log.format <FORMAT>",
        "--collector.disable-defaults",
        "--collector.gauge",
        "Exit codes: 0 ",
    ] {
        assert!(help.contains(flag), "{flag} is missing in:\n{help}");
    }
}

#[test]
fn what_is_not_understood_is_one_line_and_code_2() {
    refused(&["--foo"], 2, "unexpected argument '--foo' found; try --help");
    refused(
        &["--web.listen-adress=:1"],
        2,
        "unexpected argument '--web.listen-adress' found (did you mean --web.listen-address?); try --help",
    );
    refused(
        &["--collector.nosuch"],
        2,
        "no collector `nosuch` in this binary; it has: counter, cpu, diskstats, filesystem, gauge, json, loadavg, \
         meminfo, netdev, stat, textfile, time, uname (collectors are chosen at build time: `cargo build --features NAME`, or `use collector_NAME as _;` in a main.rs of your own); \
         try --help",
    );
    refused(
        &["--web.listen-address=18081"],
        2,
        "invalid value '18081' for '--web.listen-address <ADDRESS>': expected `:PORT`, `HOST:PORT`, \
         `[IPV6]:PORT` or `unix:PATH`, such as `:18081` or `127.0.0.1:18081`; try --help",
    );
    refused(
        &["--log.level=loud"],
        2,
        "invalid value 'loud' for '--log.level <LEVEL>' [possible values: debug, info, warn, error]; try --help",
    );
    refused(
        &["--web.telemetry-path=/-/healthy"],
        2,
        "invalid value '/-/healthy' for '--web.telemetry-path <PATH>': there is another page at `/-`; \
         take a path such as `/metrics`; try --help",
    );
    refused(&["lst"], 2, "unrecognized subcommand 'lst' (did you mean list?); try --help");
}

#[test]
fn an_address_in_use_is_one_line_and_code_1() {
    let exporter = Exporter::start(EXPORTER, [""; 0]);
    let address = exporter.address();
    let flag = format!("--web.listen-address={address}");
    refused(
        &[&flag],
        1,
        &format!("cannot listen on {address}: Address already in use (os error 98)"),
    );
}

#[test]
fn collectors_are_switched_by_flags_and_the_last_one_counts() {
    let names = |args: &[&str]| {
        let page = Exporter::start(EXPORTER, args).scrape();
        let names = page.names().into_iter().filter(|name| name.starts_with("my_"));
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(names(&["--no-collector.gauge"]), ["my_counter"]);
    assert_eq!(names(&["--collector.disable-defaults", "--collector.gauge"]), ["my_gauge"]);
    assert_eq!(names(&["--no-collector.gauge", "--collector.gauge"]), ["my_counter", "my_gauge"]);
    assert!(names(&["--collector.disable-defaults"]).is_empty());
}

#[test]
fn switching_off_a_collector_that_is_not_there_is_noted_and_no_error() {
    let exporter = Exporter::start(EXPORTER, ["--no-collector.nosuch"]);
    assert!(exporter.log().contains("--no-collector.nosuch has no effect"), "{}", exporter.log());
    exporter.scrape();
}

#[test]
fn it_listens_on_every_address_and_says_which() {
    let exporter = Exporter::start(EXPORTER, ["--web.listen-address=127.0.0.1:0"]);
    wait_until("both addresses are logged", || exporter.addresses().len() == 2);
    for address in exporter.addresses() {
        assert!(!address.ends_with(":0"), "{address}");
        let page = ureq::get(format!("http://{address}/metrics")).call().unwrap();
        assert_eq!(page.status(), 200);
    }
}

#[test]
fn logs_are_logfmt_or_json_and_have_levels() {
    let exporter = Exporter::start(EXPORTER, [""; 0]);
    let line = exporter.log().lines().last().unwrap().to_owned();
    assert!(line.starts_with("ts=") && line.contains(" level=info msg=\"Listening on\""), "{line}");
    let exporter = Exporter::start(EXPORTER, ["--log.format=json"]);
    for line in exporter.log().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["level"], "INFO");
    }
    // Nothing is wrong, so there is nothing to say; the test kit would wait for the address in vain.
    let mut quiet = std::process::Command::new(EXPORTER)
        .args(["--web.listen-address=127.0.0.1:0", "--log.level=error"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    quiet.kill().unwrap();
    assert_eq!(text(&quiet.wait_with_output().unwrap().stderr), "");
}

#[test]
fn signals_end_it_cleanly_with_and_without_connections() {
    for signal in [Signal::TERM, Signal::INT] {
        let exporter = Exporter::start(EXPORTER, [""; 0]);
        // The test kit keeps its connection open, as a scraper does.
        exporter.scrape();
        assert_eq!(exporter.end(signal).code(), Some(0));
    }
    let idle = Exporter::start(EXPORTER, [""; 0]);
    assert_eq!(idle.terminate().code(), Some(0));
}

#[test]
fn flags_of_node_exporter_without_an_effect_here_are_accepted_with_a_note() {
    for value in [&["--runtime.gomaxprocs=4"][..], &["--runtime.gomaxprocs", "4"]] {
        let log = Exporter::start(EXPORTER, value).log();
        assert!(log.contains("--runtime.gomaxprocs has no effect: "), "{log}");
    }
    assert!(!Exporter::start(EXPORTER, [""; 0]).log().contains("gomaxprocs"));
    refused(
        &["--runtime.gomaxprocs=many"],
        2,
        "invalid value 'many' for '--runtime.gomaxprocs <N>': invalid digit found in string; try --help",
    );
}

#[test]
fn switches_of_node_exporter_have_a_negative_form_and_the_last_one_counts() {
    let flags = ["--web.disable-exporter-metrics", "--no-web.disable-exporter-metrics"];
    let has_own = |flags: &[&str]| {
        let page = Exporter::start(EXPORTER, flags).scrape();
        page.family("exporter_build_info").is_some()
    };
    assert!(has_own(&flags) && !has_own(&[flags[1], flags[0]]));
    let flags = ["--collector.disable-defaults", "--no-collector.disable-defaults"];
    assert!(succeed(&[flags[1], "list"]).contains(" yes "));
    assert!(succeed(&[flags[0], flags[1], "list"]).contains(" yes "));
    assert!(!succeed(&[flags[1], flags[0], "list"]).contains(" yes "));
    assert_eq!(Exporter::start(EXPORTER, ["--no-web.systemd-socket"]).get("/metrics").status, 200);
}
