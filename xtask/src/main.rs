//! Development tasks: `cargo xtask COMMAND`. Depends on no crate of the workspace, and on little else.

#![forbid(unsafe_code)]

mod bench;
mod ci;
mod new_collector;
mod process;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::prelude::*;

const HELP: &str = "\
Usage: cargo xtask COMMAND

Commands:
  new-collector NAME   Write a new collector crate and build it in
  test [ARGS]          Install what the tests need, and run them all; ARGS go to `cargo test`
  ci                   Everything that has to pass: format, clippy, documentation, features, tests
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
            Some("new-collector") => new_collector::run(&root(), &only_value(&mut parser)?),
            Some("test") => test::run(&root(), parser.raw_args()?.collect()),
            Some("ci") => ci::run(&root()),
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

fn only_value(parser: &mut lexopt::Parser) -> Outcome<String> {
    let value = match parser.next()? {
        Some(Value(value)) => value.string()?,
        Some(arg) => return Err(arg.unexpected().into()),
        None => return Err("a NAME is missing: cargo xtask new-collector NAME".into()),
    };
    match parser.next()? {
        Some(arg) => Err(arg.unexpected().into()),
        None => Ok(value),
    }
}

/// The root of the workspace that this was built from.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}
