//! `cargo xtask docs`: writes the documentation that is made from what the code declares.
//!
//! The README of each collector comes from `exporter-bin describe`, the table of collectors from the manifests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use toml_edit::DocumentMut;

use crate::Outcome;
use crate::collector_readme::collector_readme;
use crate::process::{cargo, output};

/// The table stands between these two lines.
const BEGIN: &str = "<!-- collectors: written by `cargo xtask docs` -->\n";
const END: &str = "<!-- end of collectors -->\n";

pub(crate) fn run(root: &Path) -> Outcome {
    let readme = root.join("README.md");
    let collectors = collectors(root)?;
    fs::write(&readme, with_table(&collectors, &fs::read_to_string(&readme)?)?)?;
    for collector in collectors.keys() {
        write_readme(root, collector, "all,gauge,counter")?;
    }
    Ok(())
}

/// Writes the README of one collector, with a binary of `features`, of which it is one.
pub(crate) fn write_readme(root: &Path, collector: &str, features: &str) -> Outcome {
    let mut describe = cargo(root);
    describe.args(["run", "--quiet", "--package", "exporter-bin", "--features", features]);
    describe.args(["--", "describe", "--format=markdown", collector]);
    let folder = root.join("crates").join(format!("collector-{}", collector.replace('_', "-")));
    let sample = fs::read_to_string(folder.join("sample.yml"))?;
    let source = fs::read_to_string(folder.join("src/lib.rs"))?;
    let text = collector_readme(&output(&mut describe)?, &source, &sample);
    Ok(fs::write(folder.join("README.md"), text)?)
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
