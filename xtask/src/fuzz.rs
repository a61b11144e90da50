//! `cargo xtask fuzz TARGET [--seconds N]`: builds the fuzz targets for libFuzzer, and runs one of them.

use std::fs;
use std::path::Path;

use lexopt::prelude::*;

use crate::process::{cargo, check};
use crate::{Outcome, Task};

/// What makes the compiler tell libFuzzer which branches were taken, and finds arithmetic that overflows. They are those of
/// cargo-fuzz, but for the sanitizers, which find nothing in safe code and need a nightly compiler.
const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions";

pub(crate) const TASK: Task = Task {
    name: "fuzz",
    usage: "TARGET [--seconds N]",
    about: "Try to break a parser or the compressor for so long (60 s), with libFuzzer",
    details: "
The targets are the files of tests/fuzz/src/bin. What it found stays in target/fuzz/corpus; an input that breaks the
target is written to target/fuzz/TARGET-crash-*.
",
    run,
};

fn run(root: &Path, mut parser: lexopt::Parser) -> Outcome {
    let (mut target, mut seconds) = (None, 60_u32);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("seconds") => seconds = parser.value()?.parse()?,
            Value(name) if target.is_none() => target = Some(name.string()?),
            _ => return Err(arg.unexpected().into()),
        }
    }
    let folder = root.join("tests/fuzz");
    let targets = targets(&folder)?;
    let target = target.filter(|target| targets.contains(target));
    let target =
        target.ok_or_else(|| format!("name one of the targets: {}", targets.join(", ")))?;
    let built = root.join("target/fuzz");
    // With `--target`, the flags are not for build scripts, which do not link libFuzzer.
    let host = host(root)?;
    let mut compile = cargo(&folder);
    compile.args(["build", "--release", "--target", &host, "--bin", &target]);
    check(compile.env("RUSTFLAGS", FLAGS).env("CARGO_TARGET_DIR", &built))?;
    let corpus = built.join("corpus").join(&target);
    fs::create_dir_all(&corpus)?;
    let mut fuzz = std::process::Command::new(built.join(&host).join("release").join(&target));
    fuzz.arg(&corpus).arg(format!("-max_total_time={seconds}"));
    check(
        fuzz.arg(format!("-artifact_prefix={}/{target}-", built.display())).arg("-max_len=100000"),
    )
}

/// Compiles all targets, which are a workspace of their own.
pub(crate) fn check_targets(root: &Path) -> Outcome {
    let built = root.join("target/fuzz");
    let mut clippy = cargo(&root.join("tests/fuzz"));
    clippy.args(["clippy", "--quiet", "--", "-D", "warnings"]);
    check(clippy.env("CARGO_TARGET_DIR", &built))
}

fn targets(folder: &Path) -> Outcome<Vec<String>> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(folder.join("src/bin"))? {
        let name = entry?.path().file_stem().unwrap_or_default().to_string_lossy().into_owned();
        targets.push(name);
    }
    targets.sort();
    Ok(targets)
}

/// What the compiler calls this machine.
fn host(root: &Path) -> Outcome<String> {
    let mut rustc = std::process::Command::new("rustc");
    let said = crate::process::output(rustc.arg("-vV").current_dir(root))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not tell its host")?.to_owned())
}
