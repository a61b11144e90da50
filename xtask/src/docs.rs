//! `cargo xtask docs`: writes the documentation that is made from what the code declares.
//!
//! The README of each collector comes from `exporter-bin describe`, the table of collectors from the manifests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use toml_edit::DocumentMut;

use crate::collector_readme::collector_readme;
use crate::process::{build_exporter, output, write_changed};
use crate::{Outcome, Task, no_arguments};

/// The table stands between these two lines.
const BEGIN: &str = "<!-- collectors: written by `cargo xtask docs` -->\n";
const END: &str = "<!-- end of collectors -->\n";

pub(crate) const TASK: Task = Task {
    name: "docs",
    usage: "",
    about: "Write the documentation that is made from the code",
    details: "
It builds an exporter with all collectors (in target/xtask, so that target/debug/exporter-bin stays as it is), and writes
the README of each collector and the table of collectors in README.md, where they are not up to date.
",
    run,
};

fn run(root: &Path, parser: lexopt::Parser) -> Outcome {
    no_arguments(parser)?;
    let collectors = collectors(root)?;
    println!("Building an exporter with all collectors, which describes them ...");
    let exporter = build_exporter(root, "all,gauge,counter")?;
    let readme = root.join("README.md");
    write_changed(root, &readme, &with_table(&collectors, &fs::read_to_string(&readme)?)?)?;
    for collector in collectors.keys() {
        write_readme(root, collector, &exporter)?;
    }
    println!("README.md and the READMEs of {} collectors are up to date", collectors.len());
    Ok(())
}

/// Writes the README of one collector, which the exporter has.
pub(crate) fn write_readme(root: &Path, collector: &str, exporter: &Path) -> Outcome {
    let mut describe = Command::new(exporter);
    describe.args(["describe", "--format=markdown", collector]);
    let folder = root.join("crates").join(format!("collector-{}", collector.replace('_', "-")));
    let sample = fs::read_to_string(folder.join("sample.yml"))?;
    let source = fs::read_to_string(folder.join("src/lib.rs"))?;
    let text = collector_readme(&output(&mut describe)?, &source, &sample);
    write_changed(root, &folder.join("README.md"), &text)
}

/// The README with the table of the collectors that are there.
pub(crate) fn with_table(collectors: &BTreeMap<String, String>, readme: &str) -> Outcome<String> {
    let (before, rest) =
        readme.split_once(BEGIN).ok_or("README.md lacks the table's first line")?;
    let (_, after) = rest.split_once(END).ok_or("README.md lacks the table's last line")?;
    let rows = collectors.iter().map(|(collector, description)| {
        let feature = collector.replace('_', "-");
        format!("| [`{feature}`](crates/collector-{feature}/README.md) | {description} |\n")
    });
    let table = format!("| feature | what it reads |\n|---|---|\n{}", rows.collect::<String>());
    Ok(format!("{before}{BEGIN}{table}{END}{after}"))
}

/// The collectors of the workspace, each with the description in its manifest.
pub(crate) fn collectors(root: &Path) -> Outcome<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root.join("crates"))? {
        let folder = entry?.path();
        let name = folder.file_name().unwrap_or_default().to_string_lossy().replace('-', "_");
        let Some(name) = name.strip_prefix("collector_") else { continue };
        let manifest = folder.join("Cargo.toml");
        let text = fs::read_to_string(&manifest)
            .map_err(|error| format!("{}: {error}", manifest.display()))?;
        let manifest: DocumentMut = text.parse()?;
        let description = manifest["package"]["description"].as_str().unwrap_or_default();
        found.insert(name.to_owned(), description.to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_collectors_is_not_stale() {
        let root = crate::root();
        let readme = fs::read_to_string(root.join("README.md")).unwrap();
        assert!(
            with_table(&collectors(&root).unwrap(), &readme).unwrap() == readme,
            "README.md has another table than the manifests make; `cargo xtask docs` writes it"
        );
    }
}
