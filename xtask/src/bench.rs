//! `cargo xtask bench`: builds the exporter and its peers and measures them side by side.

use std::path::{Path, PathBuf};
use std::process::Command;

use lexopt::prelude::*;

use crate::process::{cargo, check, find};
use crate::{Outcome, Task};

/// Where Debian's packages of Go libraries put their sources.
const GOPATH: &str = "/usr/share/gocode";

pub(crate) const TASK: Task = Task {
    name: "bench",
    usage: "[--quick]",
    about: "Measure the exporter and its peers side by side",
    details: "
With --quick, it measures 1,000 series in 3 rounds; without, up to 1,000,000 series in 15 rounds, and writes
crates/exporter-bench/scrape.svg. It builds in target/release and target/bench.
",
    run,
};

fn run(root: &Path, mut parser: lexopt::Parser) -> Outcome {
    let mut quick = false;
    while let Some(arg) = parser.next()? {
        match arg {
            Long("quick") => quick = true,
            _ => return Err(arg.unexpected().into()),
        }
    }
    let target = root.join("target");
    let build = |args: &[&str]| check(cargo(root).args(["build", "--release"]).args(args));
    // Each alone: built together, they would share the features of their dependencies.
    build(&["--package", "exporter-bin", "--features", "gauge,counter"])?;
    build(&["--package", "lab-exporter"])?;
    build(&["--package", "exporter-bench"])?;
    let protobuf = target.join("bench/protobuf");
    build(&[
        "--package",
        "exporter-bench",
        "--features",
        "protobuf",
        "--target-dir",
        &protobuf.to_string_lossy(),
    ])?;
    let host = target.join("bench/host");
    build(&[
        "--package",
        "exporter-bin",
        "--features",
        "host",
        "--target-dir",
        &host.to_string_lossy(),
    ])?;
    let release = target.join("release");
    let mut bench = Command::new(release.join("exporter-bench"));
    bench.arg("--exporter").arg(release.join("exporter-bin"));
    bench.arg("--lab").arg(release.join("lab-exporter"));
    bench.arg("--protobuf").arg(protobuf.join("release/exporter-bench"));
    bench.arg("--host").arg(host.join("release/exporter-bin"));
    match find("prometheus-node-exporter") {
        Some(binary) => drop(bench.arg("--node-exporter").arg(binary)),
        None => eprintln!("note: without node_exporter; apt-get install prometheus-node-exporter"),
    }
    if let Some(go) = build_go(root, &target)? {
        bench.arg("--go").arg(go);
    }
    let (series, rounds): (&[u32], _) =
        if quick { (&[1000], 3) } else { (&[1000, 10_000, 100_000, 1_000_000], 15) };
    if !quick {
        bench.arg("--picture").arg(root.join("crates/exporter-bench/scrape.svg"));
    }
    bench.args(series.iter().map(|series| format!("--series={series}")));
    check(bench.arg(format!("--rounds={rounds}")))
}

/// Builds the Go peer, where Debian's packages of Go, client_golang and exporter-toolkit are installed.
fn build_go(root: &Path, target: &Path) -> Outcome<Option<PathBuf>> {
    let libraries = Path::new(GOPATH).join("src/github.com/prometheus");
    let missing = |library| !libraries.join(library).is_dir();
    if find("go").is_none() || missing("client_golang") || missing("exporter-toolkit") {
        eprintln!(
            "note: without a Go peer; for one: \
             apt-get install golang-go golang-github-prometheus-client-golang-dev \
             golang-github-prometheus-exporter-toolkit-dev"
        );
        return Ok(None);
    }
    let binary = target.join("bench/go-exporter");
    let source = root.join("crates/exporter-bench/go/main.go");
    let mut command = Command::new("go");
    command.args(["build", "-o"]).arg(&binary).arg(source);
    check(command.env("GO111MODULE", "off").env("GOPATH", GOPATH).env("GOFLAGS", ""))?;
    Ok(Some(binary))
}
