//! Mistakes that the compiler finds: every file in `compile-fail/` must not compile, and what the compiler says must
//! contain the text behind `// error:` in its first line, which names the mistake.
//!
//! The compiler's own words around it change from version to version, so they are not compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A package that depends on the SDK, with the given sources as binaries.
fn package(sources: &[PathBuf], manifest: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let manifest = format!(
        "[package]\nname = \"mistakes\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nexporter-sdk = {{ path = \"{}\" }}\n\n[workspace]\n\n{manifest}",
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
        .args(["build", "--quiet", "--color=never", "--bin", bin])
        .current_dir(package.path())
        .env("CARGO_TARGET_DIR", here("../../target/tests"))
        .env("RUSTFLAGS", rustflags)
        .output()
        .unwrap()
}

#[test]
fn mistakes_do_not_compile_and_the_message_names_them() {
    let entries = fs::read_dir(here("tests/compile-fail")).unwrap();
    let mut sources: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    sources.sort();
    assert!(sources.len() > 10);
    let package = package(&sources, "");
    for source in &sources {
        let text = fs::read_to_string(source).unwrap();
        let expected = text.lines().next().unwrap().strip_prefix("// error: ").unwrap();
        let name = source.file_stem().unwrap().to_str().unwrap();
        let output = build(&package, name, "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{name} compiles");
        assert!(said.contains(expected), "{name}: `{expected}` is missing in:\n{said}");
        assert!(said.contains(&format!("src/bin/{name}.rs:")), "{name}: no place in:\n{said}");
    }
}

#[test]
fn aborting_on_panics_is_refused_unless_one_insists() {
    let source = here("tests/fine.rs");
    let package = package(&[source], "[profile.dev]\npanic = \"abort\"\n");
    let output = build(&package, "fine", "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    for part in ["exporter-sdk needs `panic = \"unwind\"`", "Remove `panic = \"abort\"`"] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
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
    let output = build(&package, "fine", "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    for part in [
        "package `exporter-sdk` links to the native library `exporter-sdk`, but it conflicts",
        "Try to adjust your dependencies so that only one package uses the `links",
    ] {
        assert!(said.contains(part), "{part} is missing in:\n{said}");
    }
}
