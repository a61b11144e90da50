//! Licenses, sources and known holes of what is linked, with cargo-deny.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::process::{cargo, check, find, output};

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
    // What git says is looked at, in English.
    match output(deny(&["fetch", "db"]).env("LC_ALL", "C")) {
        Ok(_) => check(&mut deny(&["check", "--disable-fetch", "advisories"])),
        Err(error) if is_unreachable(&error.to_string()) => {
            eprintln!(
                "note: the database of advisories cannot be reached from here; they are not checked\n{error}"
            );
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Whether it failed because there is no way to the other end, rather than for what is there or is asked of it. Only then
/// is it nobody's mistake.
fn is_unreachable(said: &str) -> bool {
    const NO_WAY: [&str; 8] = [
        "Could not resolve host",
        "Could not resolve proxy",
        "Failed to connect",
        "Couldn't connect to server",
        "Connection refused",
        "Connection timed out",
        "Network is unreachable",
        "CONNECT tunnel failed",
    ];
    NO_WAY.iter().any(|sign| said.contains(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_missing_way_excuses_that_advisories_are_not_checked() {
        for said in [
            "fatal: unable to access 'https://example.org/db/': Could not resolve host: example.org",
            "fatal: unable to access 'https://example.org/db/': Failed to connect to example.org port 443 after 3 ms",
            "fatal: unable to access 'https://example.org/db/': CONNECT tunnel failed, response 403",
        ] {
            assert!(is_unreachable(said), "{said}");
        }
        for said in [
            "error[unexpected-keys]: found 1 unexpected keys",
            "fatal: unable to access 'https://example.org/db/': The requested URL returned error: 404",
            "fatal: unable to access 'https://example.org/db/': SSL certificate problem: certificate has expired",
            "failed to create directory: Permission denied",
        ] {
            assert!(!is_unreachable(said), "{said}");
        }
    }
}
