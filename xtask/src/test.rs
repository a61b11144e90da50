//! `cargo xtask test`: the one test command. It brings what the tests need and the machine lacks.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::process::{cargo, check, find};
use crate::{Outcome, Task};

/// A program that tests drive, or a file of others that they read.
struct Needed {
    /// Its name or path.
    what: &'static str,
    /// The Debian package that has it.
    debian: &'static str,
    /// The packages of the workspace whose tests need it.
    packages: &'static [&'static str],
}

const NEEDED: [Needed; 7] = [
    Needed::of("prometheus", "prometheus", &["exporter-bin", "lab-exporter"]),
    Needed::of("promtool", "prometheus", &["exporter-bin", "lab-exporter"]),
    Needed::of("prometheus-node-exporter", "prometheus-node-exporter", &["exporter-bin"]),
    Needed::of("curl", "curl", &["lab-exporter"]),
    Needed::of("chromium", "chromium", &["lab-exporter"]),
    Needed::of("openssl", "openssl", &["lab-exporter"]),
    Needed::of(
        "/usr/lib/python3/dist-packages/prometheus_client",
        "python3-prometheus-client",
        &["exporter-bin", "exporter-deflate", "exporter-exposition", "lab-exporter"],
    ),
];

pub(crate) const TASK: Task = Task {
    name: "test",
    usage: "[ARGS]",
    about: "Install what the tests need, and run them",
    details: "
ARGS are those of `cargo test`. Without -p, all packages are tested; with it, those only:

  cargo xtask test                                  all tests
  cargo xtask test -p exporter-sdk                  those of one package
  cargo xtask test -p exporter-sdk -p xtask         those of two
  cargo xtask test -p exporter-bin scaffold         those whose name has `scaffold` in it

All features are on. Of the Debian packages with programs that tests drive, it installs those that the packages under test
need and the machine lacks.
",
    run,
};

fn run(root: &Path, mut parser: lexopt::Parser) -> Outcome {
    let args: Vec<OsString> = parser.raw_args()?.collect();
    let packages = packages(&args);
    let needed = NEEDED.iter().filter(|needed| needed.is_for(&packages));
    install(&needed.collect::<Vec<_>>())?;
    let mut test = cargo(root);
    test.arg("test");
    if packages.is_empty() {
        test.arg("--workspace");
    }
    check(test.arg("--all-features").args(args))
}

/// Tests everything.
pub(crate) fn run_all(root: &Path) -> Outcome {
    run(root, lexopt::Parser::from_args([""; 0]))
}

/// The packages that these arguments of `cargo test` name.
fn packages(args: &[OsString]) -> Vec<String> {
    let mut packages = Vec::new();
    let args = args.iter().map(|arg| arg.to_string_lossy()).take_while(|arg| arg != "--");
    let mut args = args.peekable();
    while let Some(arg) = args.next() {
        let short = arg.strip_prefix("-p").filter(|_| !arg.starts_with("--"));
        let long = arg.strip_prefix("--package");
        match short.or(long).map(|value| value.trim_start_matches('=')) {
            Some("") => packages.extend(args.next().map(Cow::into_owned)),
            Some(package) => packages.push(package.to_owned()),
            None => {}
        }
    }
    packages
}

impl Needed {
    const fn of(
        what: &'static str,
        debian: &'static str,
        packages: &'static [&'static str],
    ) -> Self {
        Self { what, debian, packages }
    }

    /// Whether the tests of one of these packages need it. No package means all; what is not just a name may mean any.
    fn is_for(&self, packages: &[String]) -> bool {
        let name = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        packages.is_empty()
            || packages.iter().any(|package| {
                self.packages.contains(&package.as_str()) || !package.chars().all(name)
            })
    }

    fn is_there(&self) -> bool {
        find(self.what).is_some() || Path::new(self.what).is_dir()
    }
}

/// Installs the packages of those that are not there; where it may not, says what to install.
fn install(needed: &[&Needed]) -> Outcome {
    let missing = needed.iter().filter(|needed| !needed.is_there());
    let mut packages: Vec<&str> = missing.map(|needed| needed.debian).collect();
    packages.dedup();
    if packages.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if find("apt-get").is_none() {
        let missing = packages.join(", ");
        return Err(format!("the tests need {missing}; on Debian: {by_hand}").into());
    }
    let installed = apt(&["update"]).and_then(|()| {
        let install = ["install", "--yes", "--no-install-recommends"];
        apt(&[install.as_slice(), &packages].concat())
    });
    installed.map_err(|error| {
        format!("{error}; the tests need these packages, so install them as root: {by_hand}").into()
    })
}

fn apt(args: &[&str]) -> Outcome {
    let mut command = Command::new("apt-get");
    check(command.arg("--quiet").args(args).env("DEBIAN_FRONTEND", "noninteractive"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_named_is_tested_and_what_it_needs_is_installed() {
        let named = |args: &[&str]| packages(&args.iter().map(OsString::from).collect::<Vec<_>>());
        assert_eq!(
            named(&["-p", "a", "name", "--package=b", "-pc", "--package", "d"]),
            ["a", "b", "c", "d"]
        );
        assert!(named(&["name", "--profile", "release", "--", "-p", "a"]).is_empty());
        let needs = |args: &[&str]| -> Vec<&str> {
            let packages = named(args);
            NEEDED
                .iter()
                .filter(|needed| needed.is_for(&packages))
                .map(|needed| needed.what)
                .collect()
        };
        assert!(needs(&["-p", "exporter-sdk", "-p", "xtask"]).is_empty());
        assert!(needs(&["-p", "lab-exporter"]).contains(&"chromium"));
        assert!(!needs(&["-p", "exporter-bin"]).contains(&"chromium"));
        assert_eq!(needs(&["name"]).len(), NEEDED.len());
        assert_eq!(needs(&["-p", "exporter-*"]).len(), NEEDED.len());
    }

    /// What is said of the packages is what their tests do.
    #[test]
    fn the_packages_whose_tests_drive_a_program_are_those_that_are_listed() {
        let signs = [
            ("prometheus", "Prometheus::"),
            ("promtool", "\"promtool\""),
            ("prometheus-node-exporter", "\"prometheus-node-exporter\""),
            ("curl", "\"curl\""),
            ("chromium", "\"chromium\""),
            ("openssl", "\"openssl\""),
            ("/usr/lib/python3/dist-packages/prometheus_client", "\"/usr/bin/python3\""),
        ];
        assert_eq!(signs.map(|(what, _)| what), NEEDED.map(|needed| needed.what));
        let root = crate::root();
        let mut tests = vec![
            ("exporter-bin".to_owned(), root.join("tests/e2e")),
            ("lab-exporter".to_owned(), root.join("tests/lab/tests/lab")),
        ];
        for entry in fs::read_dir(root.join("crates")).unwrap() {
            let folder = entry.unwrap().path();
            let package = folder.file_name().unwrap().to_str().unwrap().to_owned();
            tests.push((package, folder.join("tests")));
        }
        for (package, folder) in tests {
            let files =
                fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
            let files = files.filter(|file| file.extension().is_some_and(|end| end == "rs"));
            let text: String = files.map(|file| fs::read_to_string(file).unwrap()).collect();
            for ((what, sign), needed) in signs.iter().zip(&NEEDED) {
                let listed = needed.packages.contains(&package.as_str());
                assert_eq!(text.contains(sign), listed, "tests of {package} and {what}");
            }
        }
    }
}
