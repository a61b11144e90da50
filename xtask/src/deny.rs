//! Licenses, sources and known holes of what is linked, with cargo-deny.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::process::{cargo, check, find};

pub(crate) fn run(root: &Path) -> Outcome {
    let tools = root.join("target/tools");
    let installed = tools.join("bin/cargo-deny");
    let binary = match find("cargo-deny") {
        Some(binary) => binary,
        None if installed.is_file() => installed,
        None => {
            let install = ["install", "cargo-deny", "--version", "^0.20", "--locked", "--root"];
            check(cargo(root).args(install).arg(&tools))?;
            installed
        }
    };
    let deny = |args: &[&str]| {
        let mut command = Command::new(&binary);
        command.current_dir(root).args(args);
        command
    };
    check(&mut deny(&["check", "licenses", "bans", "sources"]))?;
    if check(&mut deny(&["fetch", "db"])).is_err() {
        eprintln!(
            "note: the database of advisories cannot be reached from here; they are not checked"
        );
        return Ok(());
    }
    check(&mut deny(&["check", "--disable-fetch", "advisories"]))
}
