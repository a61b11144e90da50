//! Development tasks: `cargo xtask COMMAND`. Depends on no crate of the workspace, and on little else.

#![forbid(unsafe_code)]

mod bench;
mod ci;
mod collector_readme;
mod deny;
mod docs;
mod fuzz;
mod host_text;
mod new_case;
mod new_collector;
mod new_exporter;
mod process;
mod templates;
mod test;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::prelude::*;

/// A command of `cargo xtask`.
struct Task {
    name: &'static str,
    /// What stands behind the name on a command line.
    usage: &'static str,
    /// What it does, in a line.
    about: &'static str,
    /// What `--help` says besides.
    details: &'static str,
    run: fn(&Path, lexopt::Parser) -> Outcome,
}

const TASKS: [Task; 8] = [
    new_collector::TASK,
    new_case::TASK,
    new_exporter::TASK,
    docs::TASK,
    test::TASK,
    ci::TASK,
    fuzz::TASK,
    bench::TASK,
];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What a task ends with; the error is one line for the person at the terminal.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn run() -> Outcome {
    let mut parser = lexopt::Parser::from_env();
    let name = match parser.next()? {
        Some(Value(name)) => name.string()?,
        Some(Long("help") | Short('h')) | None => {
            print!("{}", help());
            return Ok(());
        }
        Some(arg) => return Err(arg.unexpected().into()),
    };
    let task = TASKS.iter().find(|task| task.name == name);
    let task = task.ok_or_else(|| format!("no command `{name}`\n\n{}", help()))?;
    if asks_for_help(std::env::args_os().skip(2)) {
        print!("{}", task.help());
        return Ok(());
    }
    (task.run)(&root(), parser)
}

/// Whether one of these is `--help`. What follows `--` is for another program.
fn asks_for_help(args: impl Iterator<Item = OsString>) -> bool {
    let mut own = args.take_while(|arg| arg != "--");
    own.any(|arg| arg == "--help" || arg == "-h")
}

fn help() -> String {
    let lines = TASKS.iter().map(|task| {
        let command = format!("{} {}", task.name, task.usage);
        format!("  {}\n      {}\n", command.trim_end(), task.about)
    });
    let lines: String = lines.collect();
    format!("Usage: cargo xtask COMMAND\n\nCommands, each with --help:\n{lines}")
}

impl Task {
    fn help(&self) -> String {
        let usage = format!("Usage: cargo xtask {} {}", self.name, self.usage);
        format!("{}.\n\n{}\n{}", self.about, usage.trim_end(), self.details)
    }
}

/// The root of the workspace that this is run for. Cargo says where at run time; what it said when this was built may be
/// another copy with the same target folder.
fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR");
    let xtask = xtask.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

/// Where Cargo puts what it builds of that workspace.
fn target(root: &Path) -> PathBuf {
    // A relative path begins where Cargo is started, which is the root for all that is started here.
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |set| root.join(set))
}

/// For tasks that have no arguments.
fn no_arguments(mut parser: lexopt::Parser) -> Outcome {
    match parser.next()? {
        Some(arg) => Err(arg.unexpected().into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_has_help_that_names_it() {
        let all = help();
        for task in &TASKS {
            let own = task.help();
            assert!(all.contains(&format!("  {}", task.name)) && all.contains(task.about), "{all}");
            assert!(own.contains(&format!("Usage: cargo xtask {}", task.name)), "{own}");
            assert!(task.details.is_empty() || task.details.starts_with('\n'), "{own}");
        }
        let asks = |args: &[&str]| asks_for_help(args.iter().map(OsString::from));
        assert!(asks(&["--quick", "--help"]) && asks(&["-h"]));
        assert!(!asks(&["-p", "xtask", "--", "--help"]));
    }
}
