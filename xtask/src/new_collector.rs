//! `cargo xtask new-collector NAME`: a collector crate that compiles, is documented and tested, and is built in.
//!
//! Everything is checked and made in memory first; what is written is taken back when writing fails half-way.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use lexopt::prelude::*;
use toml_edit::{Array, DocumentMut, InlineTable, Value as Toml};

use crate::process::{build_exporter, cargo};
use crate::templates::{self, DESCRIPTION, Shape};
use crate::{Outcome, Task, docs};

/// Words that flags, URLs and the configuration file use for themselves.
const RESERVED: [&str; 6] = ["all", "default", "enabled", "host", "path", "scrape"];

pub(crate) const TASK: Task = Task {
    name: "new-collector",
    usage: "[--async] [--dynamic] NAME",
    about: "Write a new collector crate and build it into exporter-bin",
    details: "
  --async    It waits for its source instead of blocking: for sources behind a network
  --dynamic  Its metrics come from its configuration

It writes crates/collector-NAME, a feature and a `use` line of exporter-bin, and a row of README.md. The exporter that it
builds to describe the collector is in target/xtask; target/debug/exporter-bin stays as it is.
",
    run,
};

fn run(root: &Path, mut parser: lexopt::Parser) -> Outcome {
    let (mut name, mut shape) = (None, Shape::default());
    while let Some(arg) = parser.next()? {
        match arg {
            Long("async") => shape.waits = true,
            Long("dynamic") => shape.dynamic = true,
            Value(value) if name.is_none() => name = Some(value.string()?),
            _ => return Err(arg.unexpected().into()),
        }
    }
    let name =
        name.ok_or("a NAME is missing: cargo xtask new-collector [--async] [--dynamic] NAME")?;
    let names = Names::new(&name)?;
    let change = Change::plan(root, &names, shape)?;
    change.apply()?;
    // How the text has to be wrapped depends on the name. Where there is no rustfmt, nothing will ask for it either.
    let format = cargo(root).args(["fmt", "--package", &names.package]).output();
    if !format.is_ok_and(|output| output.status.success()) {
        eprintln!("note: `cargo fmt` did not run; the new files may need it");
    }
    println!("Building an exporter with it, for its README ...");
    let described = build_exporter(root, &names.feature)
        .and_then(|exporter| docs::write_readme(root, &names.collector, &exporter));
    if let Err(error) = described {
        change.take_back();
        return Err(
            format!("nothing was changed, because the exporter does not build: {error}").into()
        );
    }
    println!(
        "Wrote crates/{0}, and built it into exporter-bin as the feature `{1}`:\n",
        names.package, names.feature
    );
    for (path, _, _) in &change.files {
        println!("  {}", path.strip_prefix(root).unwrap_or(path).display());
    }
    println!();
    println!("  edit it   crates/{}/src/lib.rs", names.package);
    println!("  test it   cargo xtask test -p {}", names.package);
    let config = if shape.runs_by_default() {
        String::new()
    } else {
        format!(" -- --config.file=crates/{}/sample.yml", names.package)
    };
    println!("  run it    cargo run --features {}{config}", names.feature);
    println!("  scrape it curl http://localhost:18081/metrics");
    if !shape.runs_by_default() {
        println!("\nIt needs a configuration to run; crates/{}/sample.yml is one.", names.package);
    }
    Ok(())
}

/// The forms that one name takes.
#[derive(Debug)]
pub(crate) struct Names {
    /// `my_thing`: in flags, configuration and labels.
    pub(crate) collector: String,
    /// `my-thing`.
    pub(crate) feature: String,
    /// `collector-my-thing`.
    package: String,
    /// `MyThing`.
    pub(crate) type_name: String,
}

impl Names {
    pub(crate) fn new(name: &str) -> Outcome<Self> {
        let legal = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !legal {
            let hint = name.to_lowercase().replace(['-', ' ', '.'], "_");
            let hint = if hint == name { String::new() } else { format!(" (perhaps `{hint}`?)") };
            return Err(format!(
                "`{name}` cannot name a collector: it must match [a-z][a-z0-9_]*{hint}"
            )
            .into());
        }
        if name.ends_with('_') || name.contains("__") {
            return Err(format!(
                "`{name}` cannot name a collector: its underscores must stand between words"
            )
            .into());
        }
        if RESERVED.contains(&name) {
            return Err(format!(
                "`{name}` cannot name a collector: it is reserved, as are {}",
                RESERVED.join(", ")
            )
            .into());
        }
        let feature = name.replace('_', "-");
        let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
        Ok(Self {
            collector: name.to_owned(),
            package: format!("collector-{feature}"),
            feature,
            type_name: type_name(name.split('_').map(capital).collect()),
        })
    }
}

/// What the type is called: as the collector, unless its source calls something else so.
fn type_name(name: String) -> String {
    const PRELUDE: [&str; 8] = ["Box", "Err", "None", "Ok", "Option", "Some", "String", "Vec"];
    let taken = PRELUDE.contains(&name.as_str()) || templates::mention(&name);
    if taken { name + "Collector" } else { name }
}

/// The files to write, each with its new text and, where it exists, its old one.
#[derive(Debug)]
struct Change {
    folder: PathBuf,
    files: Vec<(PathBuf, String, Option<String>)>,
}

impl Change {
    fn plan(root: &Path, names: &Names, shape: Shape) -> Outcome<Self> {
        let folder = root.join("crates").join(&names.package);
        if folder.exists() {
            return Err(format!(
                "there is a collector `{}` already: crates/{}",
                names.collector, names.package
            )
            .into());
        }
        let mut change = Self { folder: folder.clone(), files: Vec::new() };
        change.edit(root.join("Cargo.toml"), |text| workspace_manifest(text, names))?;
        change.edit(root.join("exporter-bin/Cargo.toml"), |text| binary_manifest(text, names))?;
        change.edit(root.join("exporter-bin/src/main.rs"), |text| main_rs(text, names))?;
        // The build changes it.
        change.edit(root.join("Cargo.lock"), |text| Ok(text.to_owned()))?;
        change.edit(root.join("README.md"), |text| {
            let mut collectors = docs::collectors(root)?;
            collectors.insert(names.collector.clone(), DESCRIPTION.to_owned());
            docs::with_table(&collectors, text)
        })?;
        let fill = |template: &str| {
            template
                .replace("{package}", &names.package)
                .replace("{collector}", &names.collector)
                .replace("{TypeName}", &names.type_name)
        };
        for (path, template) in shape.files() {
            change.files.push((folder.join(path), fill(template), None));
        }
        Ok(change)
    }

    fn edit(&mut self, path: PathBuf, edit: impl FnOnce(&str) -> Outcome<String>) -> Outcome {
        let old =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let new = edit(&old).map_err(|error| format!("{}: {error}", path.display()))?;
        self.files.push((path, new, Some(old)));
        Ok(())
    }

    fn apply(&self) -> Outcome {
        let written = self.write();
        if let Err(error) = &written {
            self.take_back();
            return Err(format!("nothing was changed: {error}").into());
        }
        Ok(())
    }

    fn write(&self) -> io::Result<()> {
        self.files.iter().try_for_each(|(path, new, _)| {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(path, new)
        })
    }

    fn take_back(&self) {
        for (path, _, old) in &self.files {
            if let Some(old) = old
                && let Err(error) = fs::write(path, old)
            {
                eprintln!("warning: {} could not be restored: {error}", path.display());
            }
        }
        // It may not have been made.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn workspace_manifest(text: &str, names: &Names) -> Outcome<String> {
    let mut manifest: DocumentMut = text.parse()?;
    let version = manifest["workspace"]["package"]["version"].as_value();
    let version = version.ok_or("no version in [workspace.package]")?.clone();
    let dependencies = manifest["workspace"]["dependencies"]
        .as_table_mut()
        .ok_or("no [workspace.dependencies]")?;
    let entry =
        inline(&[("path", format!("crates/{}", names.package).into()), ("version", version)]);
    // Collectors stand first and in order; what is behind them keeps its place and its comments.
    insert_before(dependencies, &names.package, entry, |key| {
        !key.starts_with("collector-") || key > names.package.as_str()
    });
    Ok(manifest.to_string())
}

fn binary_manifest(text: &str, names: &Names) -> Outcome<String> {
    let mut manifest: DocumentMut = text.parse()?;
    let features = manifest["features"].as_table_mut().ok_or("no [features]")?;
    if features.contains_key(&names.feature) {
        return Err(format!("there is a feature `{}` already", names.feature).into());
    }
    let all = features["all"].as_array_mut().ok_or("no list `all` in [features]")?;
    all.push(names.feature.as_str());
    sort(all);
    let entry = Toml::Array(Array::from_iter([format!("dep:{}", names.package)]));
    insert_before(features, &names.feature, entry, |key| {
        !["default", "all"].contains(&key) && key > names.feature.as_str()
    });
    let dependencies = manifest["dependencies"].as_table_mut().ok_or("no [dependencies]")?;
    let entry = inline(&[("workspace", true.into()), ("optional", true.into())]);
    insert_before(dependencies, &names.package, entry, |key| key > names.package.as_str());
    Ok(manifest.to_string())
}

fn inline(pairs: &[(&str, Toml)]) -> Toml {
    Toml::InlineTable(
        pairs.iter().map(|(key, value)| (*key, value.clone())).collect::<InlineTable>(),
    )
}

fn sort(array: &mut Array) {
    let mut words: Vec<String> =
        array.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect();
    words.sort();
    *array = words.into_iter().collect();
}

/// Inserts before the first key for which `behind` holds.
fn insert_before(
    table: &mut toml_edit::Table,
    key: &str,
    value: Toml,
    behind: impl Fn(&str) -> bool,
) {
    let mut last: Vec<(toml_edit::Key, toml_edit::Item)> = Vec::new();
    let names: Vec<String> = table.iter().map(|(name, _)| name.to_owned()).collect();
    let at = names.iter().position(|name| behind(name)).unwrap_or(names.len());
    for name in &names[at..] {
        last.extend(table.remove_entry(name));
    }
    table.insert(key, toml_edit::Item::Value(value));
    for (name, item) in last {
        table.insert_formatted(&name, item);
    }
}

fn main_rs(text: &str, names: &Names) -> Outcome<String> {
    let lines: Vec<&str> = text.lines().collect();
    let uses = |line: &str| line.starts_with("use collector_");
    let line = format!("use {} as _;", names.package.replace('-', "_"));
    let later =
        lines.iter().position(|other| uses(other) && *other > line.as_str()).map(|at| at - 1);
    let at = later
        .or_else(|| lines.iter().rposition(|other| uses(other)).map(|at| at + 1))
        .or_else(|| lines.iter().position(|other| other.starts_with("fn main")))
        .ok_or("no place for the `use` line")?;
    let feature = format!("#[cfg(feature = \"{}\")]", names.feature);
    let new = [&lines[..at], &[&feature, &line], &lines[at..]].concat();
    Ok(new.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> String {
        Names::new(name).unwrap_err().to_string()
    }

    #[test]
    fn a_bad_name_is_refused_with_the_rule_and_a_better_one() {
        assert_eq!(
            refused("My-Thing"),
            "`My-Thing` cannot name a collector: it must match [a-z][a-z0-9_]* (perhaps `my_thing`?)"
        );
        assert!(refused("9lives").contains("must match"));
        assert!(refused("").contains("must match"));
        assert!(refused("a__b").contains("between words"));
        assert!(refused("host").contains("reserved"));
    }

    #[test]
    fn one_name_has_four_forms() {
        let names = Names::new("my_thing2").unwrap();
        assert_eq!(names.feature, "my-thing2");
        assert_eq!(names.package, "collector-my-thing2");
        assert_eq!(names.type_name, "MyThing2");
    }

    #[test]
    fn a_type_is_called_by_no_name_that_its_source_has_already() {
        let type_name = |name| Names::new(name).unwrap().type_name;
        assert_eq!(type_name("spool"), "Spool");
        for name in ["self", "collector", "context", "result", "vec", "path_buf"] {
            assert!(type_name(name).ends_with("Collector"), "{name}");
        }
    }

    #[test]
    fn use_lines_stay_in_order() {
        let text = "//! Doc\n\n#[cfg(feature = \"b\")]\nuse collector_b as _;\n\nfn main() {}\n";
        let with = |name| main_rs(text, &Names::new(name).unwrap()).unwrap();
        let line = |name| format!("#[cfg(feature = \"{name}\")]\nuse collector_{name} as _;\n");
        assert_eq!(with("a"), format!("//! Doc\n\n{}{}\nfn main() {{}}\n", line("a"), line("b")));
        assert_eq!(with("c"), format!("//! Doc\n\n{}{}\nfn main() {{}}\n", line("b"), line("c")));
    }
}
