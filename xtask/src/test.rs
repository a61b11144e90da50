//! `cargo xtask test`: the one test command. It brings what the tests need and the machine lacks.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::process::{cargo, check, find};

/// The programs that the tests drive, and files of others, each with the Debian package that has it.
const NEEDED: [(&str, &str); 7] = [
    ("prometheus", "prometheus"),
    ("promtool", "prometheus"),
    ("prometheus-node-exporter", "prometheus-node-exporter"),
    ("curl", "curl"),
    ("chromium", "chromium"),
    ("openssl", "openssl"),
    ("/usr/lib/python3/dist-packages/prometheus_client", "python3-prometheus-client"),
];

pub(crate) fn run(root: &Path, args: Vec<OsString>) -> Outcome {
    install(&NEEDED)?;
    check(cargo(root).args(["test", "--workspace", "--all-features"]).args(args))
}

/// Installs the packages of those that are not there; where it may not, says what to install.
fn install(programs: &[(&str, &str)]) -> Outcome {
    let mut packages: Vec<&str> = programs
        .iter()
        .filter(|(needed, _)| find(needed).is_none() && !Path::new(needed).is_dir())
        .map(|(_, package)| *package)
        .collect();
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
