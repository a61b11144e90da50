//! A registry in a folder, as Cargo's documentation of source replacement describes it: an index, and the packages as they
//! would be uploaded, whose checksums Cargo verifies. It has what publishing this workspace would put into a registry, and
//! what others have there already.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::scaffold::{cargo, root, succeed};

/// Packages that are not published.
const OURS_ALONE: [&str; 3] = ["exporter-bench", "lab-exporter", "xtask"];

/// A registry, and what Cargo makes of its packages.
pub(crate) struct LocalRegistry {
    folder: PathBuf,
    /// How many packages of this workspace it has.
    pub(crate) published: usize,
}

impl LocalRegistry {
    /// Makes one. Its place is always the same, so that the packages of others are built only once.
    pub(crate) fn new() -> Self {
        let folder = root().join("target/tests/published");
        let _ = fs::remove_dir_all(folder.join("registry"));
        fs::create_dir_all(folder.join("registry/index")).unwrap();
        let mut registry = Self { folder, published: 0 };
        registry.forget_ours();
        registry.fill();
        registry
    }

    /// Cargo takes for granted that a version of a package never changes. Ours does, with every edit.
    fn forget_ours(&self) {
        let sources = self.folder.join("home/registry/src");
        let sources =
            fs::read_dir(sources).into_iter().flatten().map(|entry| entry.unwrap().path());
        let fingerprints = self.target().join("debug/.fingerprint");
        for folder in sources.chain([fingerprints]) {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                if name.starts_with("exporter-") || name.starts_with("collector-") {
                    fs::remove_dir_all(entry.path()).unwrap();
                }
            }
        }
    }

    fn fill(&mut self) {
        let registry = self.folder.join("registry");
        let packaged = package(&self.folder.join("packages"));
        let cached = cached();
        let metadata = cargo(&root(), &["metadata", "--locked", "--format-version=1"]).stdout;
        let metadata: Value = serde_json::from_slice(&metadata).unwrap();
        for package in metadata["packages"].as_array().unwrap() {
            let name = package["name"].as_str().unwrap();
            if OURS_ALONE.contains(&name) {
                continue;
            }
            let file = format!("{name}-{}.crate", package["version"].as_str().unwrap());
            let ours = package["source"].is_null();
            let found = if ours { packaged.join(&file) } else { cached[&file].clone() };
            fs::copy(&found, registry.join(&file)).unwrap();
            add_to_index(&registry, name, &entry(package, &sha256(&found)));
            self.published += usize::from(ours);
        }
    }

    /// Has Cargo use it below `folder`, instead of the one on the network.
    pub(crate) fn replace(&self, folder: &Path) {
        let config = format!(
            "[source.crates-io]\nreplace-with = \"here\"\n[source.here]\nlocal-registry = \"{}\"\n",
            self.folder.join("registry").display()
        );
        fs::create_dir(folder.join(".cargo")).unwrap();
        fs::write(folder.join(".cargo/config.toml"), config).unwrap();
    }

    /// Runs Cargo in `folder` with a home of its own, where sources are unpacked.
    pub(crate) fn cargo(&self, folder: &Path, args: &[&str]) {
        let mut command = Command::new(env!("CARGO"));
        command.args(args).current_dir(folder).env_remove("CARGO_MANIFEST_DIR");
        command.env("CARGO_HOME", self.folder.join("home")).env("CARGO_TARGET_DIR", self.target());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "cargo {}: {said}", args.join(" "));
    }

    pub(crate) fn target(&self) -> PathBuf {
        self.folder.join("target")
    }
}

/// Packages this workspace, and returns where the packages are. They are not built one by one: whoever uses the registry
/// builds them.
fn package(target: &Path) -> PathBuf {
    let exclude = OURS_ALONE.map(|name| ["--exclude", name]);
    let package = ["package", "--workspace", "--no-verify", "--allow-dirty", "--quiet"];
    let target_dir = ["--target-dir", target.to_str().unwrap()];
    succeed(&root(), &[package.as_slice(), &target_dir, exclude.as_flattened()].concat());
    target.join("package")
}

/// The packages of others that Cargo has downloaded, by the names of their files.
fn cached() -> HashMap<String, PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cargo"),
        PathBuf::from,
    );
    let registries = fs::read_dir(home.join("registry/cache")).unwrap();
    let files = registries.flat_map(|registry| fs::read_dir(registry.unwrap().path()).unwrap());
    let files = files.map(|file| file.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), file.path())).collect()
}

fn sha256(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

/// A version of a package, as a line of the index has it.
fn entry(package: &Value, checksum: &str) -> Value {
    // Those for tests as well: a feature may name one.
    let dependencies = package["dependencies"].as_array().unwrap().iter();
    json!({
        "name": package["name"],
        "vers": package["version"],
        "deps": dependencies.map(dependency).collect::<Vec<_>>(),
        "cksum": checksum,
        "features": {},
        // Where `dep:NAME` and `NAME?/FEATURE` may stand.
        "features2": package["features"],
        "yanked": false,
        "links": package["links"],
        "v": 2,
    })
}

fn dependency(of: &Value) -> Value {
    let kind = of["kind"].as_str().unwrap_or("normal");
    let mut dependency = Map::from_iter(
        [
            ("name", of["name"].clone()),
            ("req", of["req"].clone()),
            ("features", of["features"].clone()),
            ("optional", of["optional"].clone()),
            ("default_features", of["uses_default_features"].clone()),
            ("target", of["target"].clone()),
            ("kind", kind.into()),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    if let Some(name) = of["rename"].as_str() {
        dependency.insert("package".to_owned(), of["name"].clone());
        dependency.insert("name".to_owned(), name.into());
    }
    Value::Object(dependency)
}

/// Appends a line to the file of a package, which lies in folders by the beginning of its name.
fn add_to_index(registry: &Path, name: &str, entry: &Value) {
    let name = name.to_lowercase();
    let folder = match name.len() {
        1 => "1".to_owned(),
        2 => "2".to_owned(),
        3 => format!("3/{}", &name[..1]),
        _ => format!("{}/{}", &name[..2], &name[2..4]),
    };
    let file = registry.join("index").join(folder).join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let before = fs::read_to_string(&file).unwrap_or_default();
    fs::write(file, format!("{before}{entry}\n")).unwrap();
}
