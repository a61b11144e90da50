//! Development tasks: `cargo xtask COMMAND`. Depends on no crate of the workspace, and on little else.

#![forbid(unsafe_code)]

mod bench;
mod ci;
mod collector_readme;
mod deny;
mod docs;
mod fuzz;
mod new_collector;
mod new_exporter;
mod process;
mod templates;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::prelude::*;

const HELP: &str = "\
Usage: cargo xtask COMMAND

Commands:
  new-collector [--async] [--dynamic] NAME
                       Write a new collector crate and build it in: one that waits for its source instead of
                       blocking, one whose metrics come from its configuration
  new-exporter DIR     Write an exporter of your own outside this repository
  docs                 Write the documentation that is made from the code
  test [ARGS]          Install what the tests need, and run them all; ARGS go to `cargo test`
  ci                   Everything that has to pass: format, clippy, documentation, features, tests
  fuzz TARGET [--seconds N]
                       Try to break a parser or the compressor for so long (60 s), with libFuzzer
  bench [--quick]      Measure the exporter and its peers side by side
";

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
    match parser.next()? {
        Some(Value(command)) => match command.to_str() {
            Some("new-collector") => new_collector::run(&root(), parser),
            Some("new-exporter") => new_exporter::run(&root(), parser),
            Some("docs") => docs::run(&root()),
            Some("test") => test::run(&root(), parser.raw_args()?.collect()),
            Some("ci") => ci::run(&root()),
            Some("fuzz") => fuzz::run(&root(), parser),
            Some("bench") => bench::run(&root(), parser),
            _ => Err(format!("no command `{}`\n\n{HELP}", command.display()).into()),
        },
        Some(Long("help") | Short('h')) | None => {
            print!("{HELP}");
            Ok(())
        }
        Some(arg) => Err(arg.unexpected().into()),
    }
}

/// The root of the workspace that this is run for. Cargo says where at run time; what it said when this was built may be
/// another copy with the same target folder.
fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR");
    let xtask = xtask.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map_or_else(PathBuf::new, Path::to_path_buf)
}
