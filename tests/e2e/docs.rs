//! What is written from the code is what the code says now.

use std::fs;
use std::path::Path;

use exporter_testkit::run;

use crate::EXPORTER;
use crate::collector_readme::collector_readme;

#[test]
fn the_readme_of_every_collector_is_what_it_declares() {
    let list = String::from_utf8(run(EXPORTER, ["list"]).stdout).unwrap();
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    for line in list.lines().skip(1) {
        let name = line.split_whitespace().next().unwrap();
        let folder = crates.join(format!("collector-{}", name.replace('_', "-")));
        let said = run(EXPORTER, ["describe", "--format=markdown", name]);
        let said = String::from_utf8(said.stdout).unwrap();
        let sample = fs::read_to_string(folder.join("sample.yml")).unwrap();
        let source = fs::read_to_string(folder.join("src/lib.rs")).unwrap();
        let expected = collector_readme(&said, &source, &sample);
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        assert!(readme == expected, "the README of {name} is stale; `cargo xtask docs` writes it");
    }
}

#[test]
fn a_collector_that_is_not_there_cannot_be_described() {
    let output = run(EXPORTER, ["describe", "gouge"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("unknown collector `gouge`; did you mean `gauge`?"), "{said}");
}
