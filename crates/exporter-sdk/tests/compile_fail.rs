//! Mistakes that the compiler finds: no file in `compile-fail/` compiles, and what its author gets to read is the text of that
//! name in `tests/mistakes`, which `UPDATE_GOLDEN=1 cargo test` writes.
//!
//! The compiler's own words change from version to version, so only those are compared that it has from us.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Mistakes of which the compiler says all, or Cargo does. The text has what of it must be there, line by line.
const NOT_OURS: [&str; 4] = [
    "config_without_default",
    "label_count_in_type",
    "metric_not_static",
    "two_versions_of_the_sdk",
];

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A package that depends on the SDK, with the given sources as binaries.
fn package(sources: &[PathBuf], manifest: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let manifest = format!(
        "[package]\nname = \"mistakes\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nexporter-sdk = {{ path = \"{}\" }}\nschemars = \"1\"\n\
         serde = {{ version = \"1\", features = [\"derive\"] }}\n\n[workspace]\n\n{manifest}",
        here("").display()
    );
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    // The versions that this workspace is built with.
    fs::copy(here("../../Cargo.lock"), folder.path().join("Cargo.lock")).unwrap();
    let bins = folder.path().join("src/bin");
    fs::create_dir_all(&bins).unwrap();
    for source in sources {
        fs::copy(source, bins.join(source.file_name().unwrap())).unwrap();
    }
    folder
}

fn build(package: &TempDir, bin: &str, rustflags: &str) -> Output {
    Command::new(env!("CARGO"))
        // Constants of generic functions are evaluated when code is generated, so a check would not find all of it.
        .args(["build", "--quiet", "--message-format=json", "--bin", bin])
        .current_dir(package.path())
        .env("CARGO_TARGET_DIR", here("../../target/tests"))
        .env("RUSTFLAGS", rustflags)
        .output()
        .unwrap()
}

/// Builds what must not compile, and compares what is said with the text in `tests/mistakes`.
fn refused(mistake: &str, package: &TempDir, bin: &str) {
    let output = build(package, bin, "");
    assert!(!output.status.success(), "{mistake} compiles");
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let diagnostics: Vec<Value> = said.lines().filter_map(diagnostic).collect();
    let file = here("../../tests/mistakes").join(format!("{mistake}.txt"));
    let expected = fs::read_to_string(&file);
    if NOT_OURS.contains(&mistake) {
        let rendered = diagnostics.iter().filter_map(|message| message["rendered"].as_str());
        let whole = rendered.collect::<String>() + &said;
        for line in expected.unwrap().lines() {
            assert!(whole.contains(line), "{mistake}: `{line}` is missing in:\n{whole}");
        }
        return;
    }
    // One mistake may be several errors, which share their notes.
    let mut seen = BTreeSet::new();
    let ours = diagnostics.iter().flat_map(ours).filter(|line| seen.insert(line.clone()));
    let ours: Vec<String> = ours.collect();
    let ours = ours.iter().map(|line| format!("{line}\n")).collect::<String>();
    assert!(!ours.is_empty(), "{mistake}: nothing of it is ours:\n{said}");
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::write(&file, ours).unwrap();
    } else {
        let expected = expected.unwrap_or_default();
        assert_eq!(ours, expected, "{mistake}; UPDATE_GOLDEN=1 cargo test takes it over");
    }
}

/// The error in a line of Cargo's, if there is one.
fn diagnostic(line: &str) -> Option<Value> {
    let mut line: Value = serde_json::from_str(line).ok()?;
    let message = line.get_mut("message")?.take();
    (message["level"] == "error").then_some(message)
}

/// What of a diagnostic is ours: the text of a failed assertion or of `compile_error!`, and message, label and notes where a
/// trait says what it is to be when it is not implemented.
fn ours(message: &Value) -> Vec<String> {
    let text = message["message"].as_str().unwrap_or_default();
    match message["code"]["code"].as_str() {
        Some("E0277") => {
            let list = |key: &str| message[key].as_array().into_iter().flatten();
            let label = list("spans").find(|span| span["is_primary"] == true);
            let label = label.and_then(|span| span["label"].as_str()).map(str::to_owned);
            let notes = list("children").filter(|note| {
                note["level"] == "note" && note["spans"].as_array().is_some_and(Vec::is_empty)
            });
            let notes = notes.filter_map(|note| note["message"].as_str().map(str::to_owned));
            let notes = notes.filter(|note| !note.starts_with("required for "));
            [text.to_owned()].into_iter().chain(label).chain(notes).collect()
        }
        Some("E0080") => {
            text.split_once("panicked: ").map(|(_, own)| own.to_owned()).into_iter().collect()
        }
        None if !text.starts_with("aborting due to") => vec![text.to_owned()],
        _ => Vec::new(),
    }
}

#[test]
fn mistakes_do_not_compile_and_the_message_names_them_and_what_would_be_right() {
    let entries = fs::read_dir(here("tests/compile-fail")).unwrap();
    let mut sources: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    sources.sort();
    assert!(sources.len() > 20);
    let package = package(&sources, "");
    for source in &sources {
        let name = source.file_stem().unwrap().to_str().unwrap();
        refused(name, &package, name);
    }
}

#[test]
fn aborting_on_panics_is_refused_unless_one_insists() {
    let package = package(&[here("tests/fine.rs")], "[profile.dev]\npanic = \"abort\"\n");
    refused("panic_abort", &package, "fine");
    let output = build(&package, "fine", "--cfg exporter_allow_panic_abort");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn two_versions_of_the_sdk_are_refused_by_cargo() {
    // What a registry would have, with another version.
    let folder = TempDir::new().unwrap();
    let packaged = Command::new(env!("CARGO"))
        .args(["package", "--quiet", "--no-verify", "--allow-dirty", "--target-dir"])
        .arg(folder.path())
        .current_dir(here(""))
        .output()
        .unwrap();
    assert!(packaged.status.success(), "{}", String::from_utf8_lossy(&packaged.stderr));
    let name = concat!("exporter-sdk-", env!("CARGO_PKG_VERSION"));
    let unpacked = Command::new("tar")
        .args(["xzf", &format!("package/{name}.crate")])
        .current_dir(folder.path())
        .status();
    assert!(unpacked.unwrap().success());
    let other = folder.path().join(name);
    let manifest = fs::read_to_string(other.join("Cargo.toml")).unwrap();
    let version = concat!("\nversion = \"", env!("CARGO_PKG_VERSION"), "\"\n");
    let manifest = manifest.replacen(version, "\nversion = \"99.0.0\"\n", 1);
    fs::write(other.join("Cargo.toml"), manifest).unwrap();
    let dependency = format!(
        "[dependencies.other]\npackage = \"exporter-sdk\"\npath = \"{}\"\n",
        other.display()
    );
    let package = package(&[here("tests/fine.rs")], &dependency);
    refused("two_versions_of_the_sdk", &package, "fine");
}
