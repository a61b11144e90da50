//! The configuration file of the exporter itself: the documented example says what is true.

use std::fs;
use std::path::Path;

use exporter_testkit::{Exporter, run};
use serde_json::Value;

use crate::EXPORTER;

fn example() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.join("exporter.example.yml").display().to_string()
}

fn stdout(args: &[&str]) -> String {
    let output = run(EXPORTER, args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_example_is_the_default_key_by_key() {
    let flag = format!("--config.file={}", example());
    assert_eq!(stdout(&["config", &flag]), stdout(&["config"]));
    let collectors = "counter, cpu, diskstats, filesystem, gauge, loadavg, meminfo, netdev, stat, textfile, time, uname";
    let said = stdout(&["check", "config", &example()]);
    assert!(said.ends_with(&format!("run with it: {collectors}\n")), "{said}");
}

#[test]
fn the_example_names_every_key_that_there_is() {
    let text = fs::read_to_string(example()).unwrap();
    let schema: Value = serde_json::from_str(&stdout(&["config", "--schema"])).unwrap();
    let mut keys = Vec::new();
    for section in ["_scrape", "_paths"] {
        keys.extend(schema["$defs"][section]["properties"].as_object().unwrap().keys());
    }
    keys.extend(schema["properties"].as_object().unwrap().keys());
    // Every collector, and every key of one.
    let config = stdout(&["config"]);
    let of_collectors = config.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(':'));
    let of_collectors: Vec<String> = of_collectors
        .map(|(key, _)| key.trim().to_owned())
        .filter(|key| key != "enabled")
        .collect();
    keys.extend(&of_collectors);
    assert!(keys.len() > 40, "{keys:?}");
    for key in keys {
        let there = text
            .lines()
            .any(|line| line.trim_start_matches(['#', ' ']).starts_with(&format!("{key}:")));
        assert!(there, "{key} is missing in exporter.example.yml");
    }
}

#[test]
fn it_runs_with_the_example() {
    let exporter = Exporter::start(EXPORTER, [format!("--config.file={}", example())]);
    let page = exporter.scrape();
    assert_eq!((page.samples("my_gauge").len(), page.samples("my_counter").len()), (1, 1));
    assert_eq!(exporter.terminate().code(), Some(0));
}
