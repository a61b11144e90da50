//! Running other programs.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, target};

/// `cargo`, the one that runs this, in the root of the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    // Set for this process by `cargo run`. Build scripts that look at them would run again, and all that depends on them, each
    // time that somebody builds without this process, and with it.
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(of_a_package) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether a variable of the environment tells of the package that Cargo runs.
fn of_a_package(name: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix))
}

/// Builds exporter-bin with these features, and returns the binary. It does not take the place of the one that was built
/// by hand: of what is built, only the binary lies in another folder.
pub(crate) fn build_exporter(root: &Path, features: &str) -> Outcome<PathBuf> {
    let target = target(root);
    let own = target.join("xtask");
    let mut build = cargo(root);
    build.args(["build", "--package", "exporter-bin", "--features", features, "--target-dir"]);
    check(build.arg(&own).env("CARGO_BUILD_BUILD_DIR", &target))?;
    Ok(own.join("debug/exporter-bin"))
}

/// Writes a file unless it has this text already, and says so.
pub(crate) fn write_changed(root: &Path, file: &Path, text: &str) -> Outcome {
    if fs::read_to_string(file).is_ok_and(|old| old == text) {
        return Ok(());
    }
    file.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("wrote {}", file.strip_prefix(root).unwrap_or(file).display());
    Ok(())
}

/// Shows a command, runs it, and fails when it fails.
pub(crate) fn check(command: &mut Command) -> Outcome {
    let shown = show(command);
    eprintln!("$ {shown}");
    let status = command.status().map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed: {status}").into()) }
}

/// Runs a command and returns what it prints.
pub(crate) fn output(command: &mut Command) -> Outcome<String> {
    let shown = show(command);
    let output = command.output().map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{shown}` failed: {}\n{stderr}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The path of a program, if the machine has it.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}
