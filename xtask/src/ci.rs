//! `cargo xtask ci`: everything that has to pass before a change lands.

use std::fs;
use std::path::Path;

use toml_edit::DocumentMut;

use crate::process::{cargo, check};
use crate::{Outcome, Task, no_arguments};
use crate::{deny, fuzz, test};

pub(crate) const TASK: Task = Task {
    name: "ci",
    usage: "",
    about: "Check everything that has to pass: format, clippy, documentation, features, licenses, tests",
    details: "
It changes nothing but target/, and stops at the first command that fails.
",
    run,
};

fn run(root: &Path, parser: lexopt::Parser) -> Outcome {
    no_arguments(parser)?;
    check(cargo(root).args(["fmt", "--all", "--check"]))?;
    let clippy =
        ["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    check(cargo(root).args(clippy))?;
    let doc = ["doc", "--workspace", "--all-features", "--no-deps", "--document-private-items"];
    check(cargo(root).args(doc).env("RUSTDOCFLAGS", "-D warnings"))?;
    features(root)?;
    fuzz::check_targets(root)?;
    deny::run(root)?;
    test::run_all(root)
}

/// Builds the exporter with no feature, with each alone, and with all. The bridge has to read both data models of the
/// `prometheus` crate, which any other package in a build may switch.
fn features(root: &Path) -> Outcome {
    let manifest: DocumentMut =
        fs::read_to_string(root.join("exporter-bin/Cargo.toml"))?.parse()?;
    let features = manifest["features"].as_table().ok_or("exporter-bin has no [features]")?;
    let check_with = |args: &[&str]| {
        let command = ["check", "--quiet", "--package"];
        check(cargo(root).args(command).args(args).env("RUSTFLAGS", "-D warnings"))
    };
    check_with(&["exporter-bin"])?;
    for (feature, _) in features.iter().filter(|(feature, _)| *feature != "default") {
        check_with(&["exporter-bin", "--features", feature])?;
    }
    check_with(&["exporter-bin", "--all-features"])?;
    check(cargo(root).args([
        "test",
        "--quiet",
        "--package",
        "exporter-prometheus",
        "--features",
        "prometheus/protobuf",
    ]))
}
