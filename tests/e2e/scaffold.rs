//! `cargo xtask new-collector` in a copy of the workspace: what it writes builds, runs and is scraped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use exporter_testkit::{Exporter, Tree, Unreadable};
use tempfile::TempDir;

use crate::local_registry::LocalRegistry;
use crate::shipped::build;

/// A copy of the workspace, without what is built. Its files are as old as the original ones, so that Cargo does not build anew
/// what another test has built of them.
fn copy() -> TempDir {
    let root = root();
    let copy = TempDir::new().unwrap();
    let listed = Command::new("git")
        .args(["ls-files", "-co", "--exclude-standard"])
        .current_dir(&root)
        .output();
    for file in String::from_utf8(listed.unwrap().stdout).unwrap().lines() {
        let (from, to) = (root.join(file), copy.path().join(file));
        if from.is_file() {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(&from, &to).unwrap();
            let changed = fs::metadata(from).unwrap().modified().unwrap();
            fs::File::options().append(true).open(to).unwrap().set_modified(changed).unwrap();
        }
    }
    copy
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Runs Cargo in the copy. What it builds of other people's crates is shared with the other tests that build.
pub(crate) fn cargo(copy: &Path, args: &[&str]) -> Output {
    let target = root().join("target/tests");
    let mut command = Command::new(env!("CARGO"));
    command.args(args).current_dir(copy).env("CARGO_TARGET_DIR", target);
    // Set by the Cargo that runs this test.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(name);
        }
    }
    command.output().unwrap()
}

pub(crate) fn succeed(copy: &Path, args: &[&str]) -> String {
    let output = cargo(copy, args);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "cargo {}: {said}", args.join(" "));
    said
}

/// Every file of a folder with its text.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let text = fs::read(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn new_collectors_of_every_shape_are_built_in_tested_and_scraped() {
    let copy = copy();
    let shapes: [(&str, &[&str]); 4] = [
        ("water_level", &[]),
        ("tide", &["--async"]),
        ("gauge_board", &["--dynamic"]),
        ("buoy", &["--async", "--dynamic"]),
    ];
    for (name, flags) in shapes {
        let said = succeed(copy.path(), &[&["xtask", "new-collector", name], flags].concat());
        let feature = name.replace('_', "-");
        assert!(said.contains(&format!("cargo run --features {feature}")), "{said}");
        assert_eq!(said.contains("It needs a configuration"), !flags.is_empty(), "{said}");
    }
    succeed(copy.path(), &["fmt", "--all", "--check"]);
    let packages =
        ["collector-water-level", "collector-tide", "collector-gauge-board", "collector-buoy"];
    let packages: Vec<&str> = packages.iter().flat_map(|name| ["--package", name]).collect();
    succeed(
        copy.path(),
        &[["test", "--quiet", "--package", "xtask"].as_slice(), &packages].concat(),
    );
    let clippy =
        [["clippy", "--quiet", "--all-targets"].as_slice(), &packages, &["--", "-Dwarnings"]];
    succeed(copy.path(), &clippy.concat());
    a_report_becomes_a_case(copy.path());
    let binary = build(copy.path(), "dev", "water-level,tide,gauge-board,buoy");
    let exporter = Exporter::start(&binary, [""; 0]);
    let page = exporter.scrape();
    assert!(page.gauge("water_level_seconds", &[("state", "up")]) > 0.0);
    assert_eq!(
        page.value("exporter_collector_success", &[("collector", "water_level")]),
        Some(1.0)
    );
    assert!(page.family("my_gauge").is_none());
    let sample = copy.path().join("crates/collector-gauge-board/sample.yml");
    let exporter = Exporter::start(&binary, [format!("--config.file={}", sample.display())]);
    assert!(exporter.scrape().gauge("gauge_board_threads_max", &[]) > 0.0);
    // A crate that no `use` line names would not be linked.
    let main = copy.path().join("exporter-bin/src/main.rs");
    let text = fs::read_to_string(&main).unwrap();
    fs::write(&main, text.replace("#[cfg(feature = \"tide\")]\nuse collector_tide as _;\n", ""))
        .unwrap();
    let output = cargo(copy.path(), &["build", "--quiet", "--features", "tide"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    let expected = include_str!("../mistakes/use_line_unused.txt").trim();
    assert!(said.contains(expected), "{said}");
    // What the manifest says is in the README and in the binary.
    let readme = fs::read_to_string(copy.path().join("crates/collector-tide/README.md")).unwrap();
    assert!(readme.contains("| `request` | text | `hello` | The line to send. |"), "{readme}");
}

/// Files that somebody sent, some of which cannot be read, and the page that the collector gives for them.
fn a_report_becomes_a_case(copy: &Path) {
    let report = Tree::new();
    report.write("proc/uptime", "12.5 \\6\0").link("sys/link", "../proc/uptime");
    report.unreadable("proc/stat", Unreadable::InputOutput).folder("sys/empty");
    let (root, config) = (report.path(""), copy.join("crates/collector-water-level/sample.yml"));
    let (root, config) = (root.to_str().unwrap(), config.to_str().unwrap());
    let case = ["xtask", "new-case", "water_level", "broken", "--root", root, "--config", config];
    let said = succeed(copy, &case);
    assert!(said.contains("# failed: /proc/uptime: invalid float literal"), "{said}");
    let case = copy.join("crates/collector-water-level/tests/cases/broken");
    assert_eq!(fs::read(case.join("config.yml")).unwrap(), fs::read(config).unwrap());
    // The text has what was sent, byte by byte.
    let host = Tree::copy(case.join("host.txt"));
    assert_eq!(fs::read(host.path("proc/uptime")).unwrap(), b"12.5 \\6\0");
    assert_eq!(fs::read_link(host.path("sys/link")).unwrap(), Path::new("../proc/uptime"));
    assert_eq!(fs::read(host.path("proc/stat")).unwrap_err().raw_os_error(), Some(5));
    assert!(host.path("sys/empty").is_dir());
    succeed(copy, &["test", "--quiet", "--package", "collector-water-level", "cases_give"]);
}

#[test]
fn a_new_exporter_outside_is_built_tested_and_scraped() {
    let outside = TempDir::new().unwrap();
    let project = outside.path().join("water-works");
    let path = project.to_str().unwrap();
    let said = succeed(&root(), &["xtask", "new-exporter", path]);
    assert!(said.contains("with the collectors `water_works` and `loadavg`"), "{said}");
    // The versions of other people's crates that this workspace was tested with.
    fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    succeed(&project, &["test", "--quiet"]);
    succeed(&project, &["fmt", "--check"]);
    let read = |file: &str| fs::read_to_string(project.join(file)).unwrap();
    assert!(read("Cargo.toml").contains("[profile.release]"));
    assert_eq!(read(".gitignore"), "/target\n");
    // What the README and the container speak of is there.
    let readme = read("README.md");
    let files = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let files: Vec<&str> = files.collect();
    assert_eq!(files.len(), 5, "{readme}");
    for file in files {
        assert!(project.join(file).exists(), "{file}");
    }
    assert!(read("Containerfile").contains("COPY target/release/water-works /usr/local/bin/"));
    assert!(read(".dockerignore").contains("!target/release/water-works\n"));
    let again = cargo(&root(), &["xtask", "new-exporter", path]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("water-works exists already"));
}

#[test]
fn a_new_exporter_is_built_tested_and_scraped_from_packages_as_they_would_be_published() {
    let outside = TempDir::new().unwrap();
    let project = outside.path().join("water-works");
    succeed(&root(), &["xtask", "new-exporter", project.to_str().unwrap()]);
    let registry = LocalRegistry::new();
    assert!(registry.published > 20, "{}", registry.published);
    registry.replace(outside.path());
    let manifest = project.join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let by_version = text.lines().map(|line| match line.split_once(" = { path = ") {
        Some((name, _)) => format!("{name} = \"0.1.0\"\n"),
        None => format!("{line}\n"),
    });
    fs::write(&manifest, by_version.collect::<String>()).unwrap();
    fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock")).unwrap();
    // Its own test starts it and scrapes it.
    registry.cargo(&project, &["test", "--quiet", "--offline"]);
    registry.cargo(&project, &["build", "--quiet", "--offline"]);
    let exporter = Exporter::start(registry.target().join("debug/water-works"), [""; 0]);
    let page = exporter.scrape();
    assert!(page.gauge("water_works_seconds", &[("state", "up")]) > 0.0);
    assert!(page.gauge("node_load1", &[]) >= 0.0);
    // What was built is what the registry has, by its checksum.
    let lock = fs::read_to_string(project.join("Cargo.lock")).unwrap();
    let sdk = lock.split("[[package]]\n").find(|package| package.contains("\"exporter-sdk\"\n"));
    assert!(sdk.unwrap().contains("checksum = \""), "{lock}");
}

#[test]
fn a_bad_or_taken_name_is_refused_and_nothing_is_changed() {
    let copy = copy();
    let lock = cargo(copy.path(), &["xtask", "help"]);
    assert!(!lock.status.success());
    let before = files(copy.path());
    for (name, reason) in [
        ("gauge", "error: there is a collector `gauge` already: crates/collector-gauge"),
        (
            "Water",
            "error: `Water` cannot name a collector: it must match [a-z][a-z0-9_]* (perhaps `water`?)",
        ),
        ("scrape", "error: `scrape` cannot name a collector: it is reserved"),
    ] {
        let output = cargo(copy.path(), &["xtask", "new-collector", name]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.starts_with(reason), "{name}: {said}");
        assert!(files(copy.path()) == before, "{name}: something was changed");
    }
}
