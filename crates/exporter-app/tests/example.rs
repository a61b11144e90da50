//! The first example of the documentation, run.

use std::path::PathBuf;
use std::process::Command;

use exporter_testkit::Exporter;

/// Builds the example and returns its binary. Cargo builds examples for most ways to run tests, not for all.
fn example() -> PathBuf {
    let build = ["build", "--quiet", "--package", "exporter-app", "--example", "foo_exporter"];
    let status = Command::new(env!("CARGO")).args(build).status().unwrap();
    assert!(status.success());
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(|deps| deps.parent()).unwrap().join("examples/foo_exporter")
}

#[test]
fn an_exporter_in_one_file_is_a_whole_exporter() {
    let binary = example();
    let exporter = Exporter::start(&binary, [""; 0]);
    let page = exporter.scrape();
    assert!(page.value("foo_files", &[("folder", "/tmp")]).is_some());
    assert_eq!(page.family("foo_files"), Some(("gauge", "Files in a folder.")));
    assert_eq!(page.value("exporter_build_info", &[("name", "foo_exporter")]), Some(1.0));
    assert_eq!(exporter.terminate().code(), Some(0));
    let list = exporter_testkit::run(&binary, ["list"]);
    let list = String::from_utf8(list.stdout).unwrap();
    assert!(
        list.contains(
            "foo        yes      foo_exporter (crates/exporter-app/examples/foo_exporter.rs:"
        ),
        "{list}"
    );
    let help = String::from_utf8(exporter_testkit::run(&binary, ["--help"]).stdout).unwrap();
    assert!(help.contains("[default: :9999]"), "{help}");
}
