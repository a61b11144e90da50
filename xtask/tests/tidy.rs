//! The invariants of ARCHITECTURE.md that can be read off the source: arrows between crates, the thin `main`, what
//! belongs together.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn metadata() -> Metadata {
    MetadataCommand::new().current_dir(root()).no_deps().exec().unwrap()
}

/// The dependencies that each package is built with, tests aside.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let packages = metadata().packages.into_iter();
    let normal = packages.map(|package| {
        let dependencies = package.dependencies.iter();
        let normal =
            dependencies.filter(|dependency| dependency.kind != DependencyKind::Development);
        (package.name.to_string(), normal.map(|dependency| dependency.name.clone()).collect())
    });
    normal.collect()
}

fn ours(name: &str) -> bool {
    name.starts_with("exporter-") || name.starts_with("collector-") || name == "lab-exporter"
}

/// Who may depend on whom, of our own crates. A crate that is not here may depend on none of them.
const ARROWS: [(&str, &[&str]); 13] = [
    ("exporter-deflate", &[]),
    ("exporter-exposition", &["exporter-deflate", "exporter-sdk"]),
    ("exporter-prometheus", &["exporter-sdk"]),
    ("exporter-config", &[]),
    ("exporter-host", &["exporter-sdk"]),
    (
        "exporter-runtime",
        &["exporter-config", "exporter-exposition", "exporter-prometheus", "exporter-sdk"],
    ),
    (
        "exporter-http",
        &["exporter-config", "exporter-exposition", "exporter-runtime", "exporter-sdk"],
    ),
    ("exporter-app", &["exporter-http", "exporter-runtime", "exporter-sdk"]),
    ("exporter-parse", &[]),
    ("exporter-sdk", &[]),
    ("exporter-testkit", &["exporter-parse", "exporter-runtime", "exporter-sdk"]),
    (
        "exporter-bench",
        &[
            "collector-counter",
            "collector-gauge",
            "exporter-deflate",
            "exporter-exposition",
            "exporter-sdk",
            "exporter-testkit",
        ],
    ),
    ("lab-exporter", &["exporter-app", "exporter-sdk"]),
];

#[test]
fn arrows_between_crates_are_those_of_the_design() {
    let arrows = BTreeMap::from(ARROWS);
    for (package, dependencies) in dependencies() {
        let mut allowed: BTreeSet<&str> =
            arrows.get(package.as_str()).copied().unwrap_or_default().iter().copied().collect();
        if package.starts_with("collector-") {
            allowed.extend([
                "exporter-host",
                "exporter-parse",
                "exporter-prometheus",
                "exporter-sdk",
            ]);
        }
        if package == "exporter-bin" {
            allowed.insert("exporter-app");
            allowed.extend(
                dependencies
                    .iter()
                    .map(String::as_str)
                    .filter(|name| name.starts_with("collector-")),
            );
        }
        let used = dependencies.iter().map(String::as_str).filter(|name| ours(name));
        let surplus: Vec<&str> = used.filter(|name| !allowed.contains(name)).collect();
        assert!(
            surplus.is_empty(),
            "{package} depends on {surplus:?}; it may depend on {allowed:?} (ARCHITECTURE.md, the map). A collector has all it \
             needs in exporter-sdk and the crates for collectors; what several packages share goes into one of those. A new \
             crate stands in ARROWS and in the map"
        );
    }
}

#[test]
fn only_the_web_crate_knows_the_web_server() {
    for (package, dependencies) in dependencies() {
        let actix = dependencies.iter().any(|name| name.starts_with("actix"));
        let allowed = ["exporter-http", "exporter-bench"].contains(&package.as_str());
        assert!(
            allowed || !actix,
            "{package} depends on actix; the web server is exporter-http's alone, so that it can be replaced: serve there, or \
             hand out what is to be served"
        );
    }
}

#[test]
fn the_sdk_does_no_io_and_has_no_async_runtime() {
    let expected = [
        "erased-serde",
        "foldhash",
        "hashbrown",
        "inventory",
        "itoa",
        "memchr",
        "schemars",
        "serde",
    ];
    let found = dependencies().remove("exporter-sdk").unwrap();
    assert_eq!(
        found,
        expected.map(str::to_owned).into(),
        "each dependency of the SDK is one of every collector"
    );
    for file in rust_files(&root().join("crates/exporter-sdk/src")) {
        let text = fs::read_to_string(&file).unwrap();
        let code: String =
            text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        for forbidden in ["std::fs", "std::net", "std::thread", "std::process", "println!"] {
            assert!(
                !code.contains(forbidden),
                "{} uses {forbidden}; the SDK does no I/O: do it in exporter-host, for collectors, or in exporter-runtime",
                file.display()
            );
        }
    }
}

#[test]
fn xtask_depends_on_no_crate_of_the_workspace() {
    let packages = metadata().packages;
    let xtask = packages.iter().find(|package| package.name.as_str() == "xtask").unwrap();
    assert!(xtask.dependencies.iter().all(|dependency| !ours(&dependency.name)));
}

#[test]
fn the_sdk_has_a_links_key_so_that_one_binary_has_one_of_it() {
    let packages = metadata().packages;
    let sdk = packages.iter().find(|package| package.name.as_str() == "exporter-sdk").unwrap();
    assert_eq!(sdk.links.as_deref(), Some("exporter-sdk"));
}

#[test]
fn the_binary_is_use_lines_and_one_call() {
    let main = read("exporter-bin/src/main.rs");
    let code = main.lines().filter(|line| !line.is_empty() && !line.starts_with("//"));
    for line in code {
        let legal = line.starts_with("#[cfg(feature = \"")
            || (line.starts_with("use collector_") && line.ends_with(" as _;"))
            || [
                "#![cfg_attr(not(test), deny(unused_crate_dependencies))]",
                "fn main() -> std::process::ExitCode {",
                "    exporter_app::main()",
                "}",
            ]
            .contains(&line);
        assert!(
            legal,
            "exporter-bin/src/main.rs: `{line}`; it has `use collector_x as _;` lines and one call. What the binary does \
             besides belongs to exporter-app, so that other exporters have it as well"
        );
    }
}

#[test]
fn crate_feature_use_line_and_row_of_the_readme_belong_together() {
    let metadata = metadata();
    let features: BTreeMap<String, Vec<String>> = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "exporter-bin")
        .unwrap()
        .features
        .clone()
        .into_iter()
        .collect();
    let crates: BTreeSet<&str> = metadata
        .packages
        .iter()
        .filter_map(|package| package.name.strip_prefix("collector-"))
        .collect();
    let singles = features
        .keys()
        .map(String::as_str)
        .filter(|name| !["all", "default", "host"].contains(name));
    assert_eq!(crates, singles.collect(), "collector crates and features");
    let main = read("exporter-bin/src/main.rs");
    let all: BTreeSet<&str> =
        features["all"].iter().chain(&features["host"]).map(String::as_str).collect();
    assert!(all.contains("host"));
    for name in crates {
        assert_eq!(features[name], [format!("dep:collector-{name}")], "feature {name}");
        let line = format!(
            "#[cfg(feature = \"{name}\")]\nuse collector_{} as _;\n",
            name.replace('-', "_")
        );
        assert!(main.contains(&line), "main.rs lacks:\n{line}");
        let source = read(&format!("crates/collector-{name}/src/lib.rs"));
        let collector = name.replace('-', "_");
        assert!(
            source.contains(&format!("const NAME: &'static str = \"{collector}\";")),
            "NAME of {name}"
        );
        let example = ["counter", "gauge"].contains(&name);
        assert_eq!(all.contains(name), !example, "{name} in `all`, or in `host`");
    }
    assert!(features["default"].is_empty());
}

#[test]
fn the_readme_shows_the_example_that_is_compiled() {
    let example = read("crates/exporter-app/examples/foo_exporter.rs");
    assert!(
        read("README.md").contains(&format!("```rust\n{example}```")),
        "README.md shows another example"
    );
    assert!(example.lines().filter(|line| !line.is_empty()).count() <= 25);
}

#[test]
fn unsafe_code_is_forbidden_in_every_crate() {
    for package in metadata().packages {
        for target in package.targets.iter().filter(|target| target.is_lib() || target.is_bin()) {
            let text = fs::read_to_string(&target.src_path).unwrap();
            // The binary has nothing but `use` lines, which the test above sees to.
            let thin = package.name.as_str() == "exporter-bin";
            assert!(
                thin || text.contains("#![forbid(unsafe_code)]"),
                "{} lacks the line #![forbid(unsafe_code)]; no crate has unsafe code: call a library that has a safe interface \
                 (rustix for system calls)",
                target.src_path
            );
        }
    }
}

#[test]
fn no_profile_aborts_on_panics() {
    assert!(
        !read("Cargo.toml").contains("panic ="),
        "isolation catches panics, so they must unwind"
    );
}

#[test]
fn every_source_file_says_what_it_is_for() {
    for file in rust_files(&root()) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("//!"),
            "{} does not begin with //!; the first line of a file says what the file is for",
            file.display()
        );
    }
}

/// The code of a file that is not for tests, without comments.
fn code(text: &str) -> Vec<&str> {
    let shipped = text.split("\n#[cfg(test)]\n").next().unwrap_or_default();
    let lines = shipped.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).collect()
}

#[test]
fn a_collector_without_labels_is_sixty_lines_and_needs_the_sdk_and_what_host_collectors_share() {
    let files = rust_files(&root().join("crates/collector-loadavg"));
    let lines = files.iter().map(|file| code(&fs::read_to_string(file).unwrap()).len());
    let lines: usize = lines.sum();
    assert!(
        lines <= 60,
        "collector-loadavg has {lines} lines of code; a collector without labels fits 60: what it lacks belongs to the SDK"
    );
    let needed = dependencies().remove("collector-loadavg").unwrap();
    assert_eq!(needed, ["exporter-host", "exporter-sdk"].map(str::to_owned).into());
}

#[test]
fn no_collector_names_what_runs_it_or_a_lock_or_reads_the_clock_of_the_system() {
    const RUNS_IT: &str = "a collector does not name what runs it, so that any program can: what it may ask is in \
        `exporter_sdk::{Context, Scrape}`";
    const LOCK: &str = "a collector is never run twice at once, so that its state needs no lock: keep it in fields of its type, \
        which `collect(&mut self)` may change; what a thread or task of its own finds reaches it through a channel \
        (`std::sync::mpsc`), and what is computed once is computed in `new`";
    const CLOCK: &str = "a test cannot set the clock of the system: read `scrape.now()`, or keep a clone of `context.clock()`";
    const FORBIDDEN: [(&str, &str); 12] = [
        ("actix", RUNS_IT),
        ("exporter_app", RUNS_IT),
        ("exporter_http", RUNS_IT),
        ("exporter_runtime", RUNS_IT),
        ("parking_lot", LOCK),
        ("Condvar", LOCK),
        ("LazyLock", LOCK),
        ("Mutex", LOCK),
        ("OnceCell", LOCK),
        ("OnceLock", LOCK),
        ("RwLock", LOCK),
        ("SystemTime::now", CLOCK),
    ];
    let crates = fs::read_dir(root().join("crates")).unwrap().map(|entry| entry.unwrap().path());
    let collectors = crates.filter(|path| path.to_string_lossy().contains("/collector-"));
    let mut files: Vec<PathBuf> =
        collectors.flat_map(|collector| rust_files(&collector.join("src"))).collect();
    let templates = fs::read_dir(root().join("xtask/templates")).unwrap();
    let templates = templates.map(|entry| entry.unwrap().path());
    // Those of collectors, not that of an exporter.
    let exporter = |path: &Path| path.to_string_lossy().contains("/exporter_");
    files.extend(
        templates.filter(|path| path.to_string_lossy().ends_with(".rs.txt") && !exporter(path)),
    );
    let tests = |path: &Path| path.components().any(|part| part.as_os_str() == "tests");
    files.retain(|path| !tests(path) && !path.ends_with("tests.rs"));
    assert!(files.len() > 30, "{}", files.len());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for line in code(&text) {
            if let Some((name, rule)) = FORBIDDEN.iter().find(|(name, _)| line.contains(name)) {
                panic!("{}: `{line}` has `{name}`; {rule}", file.display());
            }
        }
    }
}

#[test]
fn every_mistake_of_the_catalogue_is_explained_and_made_by_a_test() {
    let folder = root().join("tests/mistakes");
    let index = read("tests/mistakes/README.md");
    let compiled = root().join("crates/exporter-sdk/tests/compile-fail");
    let others = [
        rust_files(&root().join("crates/exporter-testkit/tests")),
        rust_files(&root().join("tests/e2e")),
        vec![root().join("crates/exporter-sdk/tests/compile_fail.rs")],
    ];
    let others: String =
        others.concat().iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(!fs::read_to_string(&file).unwrap().trim().is_empty(), "{name} says nothing");
        let tested = compiled.join(format!("{name}.rs")).is_file()
            || others.contains(&format!("\"{name}\""))
            || others.contains(&format!("/{name}.txt"));
        assert!(tested, "no test makes the mistake {name}; remove its text");
        let row = format!("| [`{name}`]({name}.txt) | ");
        assert!(index.contains(&row), "tests/mistakes/README.md lacks a row:\n{row}");
        names.insert(name);
    }
    assert!(names.len() >= 20, "{names:?}");
    assert_eq!(index.matches("| [`").count(), names.len(), "README.md has rows without a text");
    for file in rust_files(&compiled) {
        let name = file.file_stem().unwrap().to_str().unwrap();
        assert!(names.contains(name), "{name} has no text in tests/mistakes");
    }
}

#[test]
fn the_licences_and_the_lock_file_are_there() {
    for file in [
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "Cargo.lock",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "ARCHITECTURE.md",
    ] {
        assert!(!read(file).is_empty());
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.ends_with("target") && !path.ends_with(".git") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    assert!(!files.is_empty());
    files
}
