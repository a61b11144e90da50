//! `cargo xtask new-case COLLECTOR NAME`: a report of a user as a case that is tested from then on.

use std::fs;
use std::path::{Path, PathBuf};

use lexopt::prelude::*;

use crate::host_text::pack;
use crate::process::{cargo, check, write_changed};
use crate::{Outcome, Task};

pub(crate) const TASK: Task = Task {
    name: "new-case",
    usage: "COLLECTOR NAME [--config FILE] [--root DIR] [PATH...]",
    about: "Make a case of a collector: files of a host, a configuration, and the page that it gives",
    details: "
  --config FILE  The configuration file of the case; without it, the collector runs with its defaults
  --root DIR     The folder that stands for the root of the host; without it, this machine's
  PATH...        Files and folders of the host, from its root; without any, all below the root, where --root is given

It writes crates/collector-COLLECTOR/tests/cases/NAME, and runs the collector for the page. For example:

  cargo xtask new-case stat one-bad-line --root ~/report        a host that somebody sent as a folder
  cargo xtask new-case meminfo my-laptop proc/meminfo           the files of this machine
",
    run,
};

fn run(root: &Path, mut parser: lexopt::Parser) -> Outcome {
    let (mut config, mut host, mut words) = (None, None, Vec::new());
    while let Some(arg) = parser.next()? {
        match arg {
            Long("config") => config = Some(PathBuf::from(parser.value()?)),
            Long("root") => host = Some(PathBuf::from(parser.value()?)),
            Value(word) => words.push(word.string()?),
            _ => return Err(arg.unexpected().into()),
        }
    }
    let mut words = words.into_iter();
    let (Some(collector), Some(name)) = (words.next(), words.next()) else {
        return Err(
            format!("COLLECTOR and NAME are missing: cargo xtask new-case {}", TASK.usage).into()
        );
    };
    let package = format!("collector-{}", collector.replace('_', "-"));
    let crate_folder = root.join("crates").join(&package);
    if !crate_folder.is_dir() {
        return Err(
            format!("there is no collector `{collector}`: no folder crates/{package}").into()
        );
    }
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(legal) {
        return Err(format!("`{name}` cannot name a case: it must match [a-z0-9-]+").into());
    }
    let folder = crate_folder.join("tests/cases").join(&name);
    if folder.exists() {
        return Err(format!("there is a case `{name}` already: {}", folder.display()).into());
    }
    // All is read before anything is written.
    let config = config.map(|file| {
        fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
    });
    let (config, files) = (config.transpose()?, host_files(host, words.collect())?);
    if let Some(config) = config {
        write_changed(root, &folder.join("config.yml"), &config)?;
    }
    if let Some(files) = files {
        write_changed(root, &folder.join("host.txt"), &files)?;
    }
    write_page(root, &package, &folder)
}

/// The text with the files of the host, if it is to have any.
fn host_files(host: Option<PathBuf>, paths: Vec<String>) -> Outcome<Option<String>> {
    let (host, paths) = match (host, paths.is_empty()) {
        (None, true) => return Ok(None),
        (Some(host), true) => (host, vec![String::new()]),
        (host, false) => (host.unwrap_or_else(|| "/".into()), paths),
    };
    let text = pack(&host, &paths, &mut |note| eprintln!("note: {note}"))?;
    if text.is_empty() {
        return Err(format!("{}: there are no files", host.display()).into());
    }
    Ok(Some(text))
}

fn write_page(root: &Path, package: &str, folder: &Path) -> Outcome {
    // Without a folder, there is no case.
    fs::create_dir_all(folder)?;
    let mut test = cargo(root);
    test.args(["test", "--quiet", "--package", package, "cases_give_their_pages"]);
    check(test.env("UPDATE_GOLDEN", "1"))?;
    let page = folder.join("page.prom");
    let written = fs::read_to_string(&page).map_err(|error| {
        format!(
            "{}: {error}; does the crate have the line `exporter_testkit::conformance!(TYPE);`?",
            page.display()
        )
    })?;
    let shown = page.strip_prefix(root).unwrap_or(&page).display();
    println!(
        "wrote {shown}:\n\n{written}\nChange what is not as it should be, and mend the collector until its tests pass:\n"
    );
    println!("  cargo xtask test -p {package}");
    Ok(())
}
