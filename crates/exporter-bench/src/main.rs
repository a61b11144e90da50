//! Measures this exporter and its peers side by side, in one run on one machine.
//!
//! `exporter-bench` drives: it starts each server, scrapes them in turn, round by round, and prints medians and ratios.
//! `exporter-bench serve KIND` is one of the servers that it starts: fixed bytes, and libraries for metrics, behind the web
//! server and the settings that the exporter itself has. `cargo xtask bench` builds everything and calls it.

#![forbid(unsafe_code)]

mod client;
mod compressed;
mod host;
mod inline;
mod library;
mod peers;
mod picture;
mod report;
mod secured;
mod server;
mod shapes;

use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;

/// The binaries that are measured besides this one.
#[derive(Debug, Default)]
struct Binaries {
    exporter: PathBuf,
    lab: PathBuf,
    /// This binary again, built with the feature `protobuf`.
    protobuf: Option<PathBuf>,
    go: Option<PathBuf>,
    /// The exporter with the host collectors, and the original that they are like.
    host: Option<PathBuf>,
    node_exporter: Option<PathBuf>,
    /// Where a picture of the costs is written.
    picture: Option<PathBuf>,
}

fn main() -> ExitCode {
    match parse_and_run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse_and_run() -> Result<(), Box<dyn std::error::Error>> {
    let mut parser = lexopt::Parser::from_env();
    let mut binaries = Binaries::default();
    let mut serve = None;
    let mut series = Vec::new();
    let mut rounds = 9;
    while let Some(arg) = parser.next()? {
        match arg {
            Value(word) if word == "serve" => serve = Some(parser.value()?.string()?),
            Long("exporter") => binaries.exporter = parser.value()?.into(),
            Long("lab") => binaries.lab = parser.value()?.into(),
            Long("protobuf") => binaries.protobuf = Some(parser.value()?.into()),
            Long("go") => binaries.go = Some(parser.value()?.into()),
            Long("host") => binaries.host = Some(parser.value()?.into()),
            Long("node-exporter") => binaries.node_exporter = Some(parser.value()?.into()),
            Long("picture") => binaries.picture = Some(parser.value()?.into()),
            Long("series") => series.push(parser.value()?.parse()?),
            Long("rounds") => rounds = parser.value()?.parse()?,
            _ => return Err(arg.unexpected().into()),
        }
    }
    match serve {
        Some(kind) => server::serve(&kind, series.first().copied().unwrap_or(0)),
        None => report::run(&binaries, &series, rounds),
    }
}
