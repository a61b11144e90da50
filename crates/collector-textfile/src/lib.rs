//! Metrics that other programs write to files, as node_exporter's collector of that name exposes them.
//!
//! Every `*.prom` file of the folders is read at every run, in text format or, where its last line is `# EOF`, OpenMetrics.
//! A program writes its file under another name and renames it, so that no half of it is read:
//! `make-metrics > x.prom.$$ && mv x.prom.$$ x.prom`.
//!
//! Files may share a family, which is one on the page. The help text that comes first counts; samples under another one are
//! left out, and so are those of a series that an earlier file has. A file with a metric that belongs to another collector,
//! or contradicts an earlier file in its type, is left out whole. Each is told in the log, once, and makes
//! `node_textfile_scrape_error` 1.

#![forbid(unsafe_code)]

mod file;
mod item;
mod merge;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use exporter_sdk::{ByteSize, Collector, Context, Desc, Gauge, Result, Scrape, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::merge::Merged;

static MTIME: Gauge<1> = Gauge::new(
    "node_textfile_mtime_seconds",
    "When a file that was read was last changed, in Unix time in whole seconds.",
)
.labels(&["file"]);
static SCRAPE_ERROR: Gauge = Gauge::new(
    "node_textfile_scrape_error",
    "Whether a file or folder could not be read, or said something wrong: 1 if so, 0 if not.",
);

/// The families of the collector itself, which no file may have.
const OWN: [&str; 2] = ["node_textfile_mtime_seconds", "node_textfile_scrape_error"];

/// Keys of the collector.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct TextfileConfig {
    /// Folders whose `*.prom` files are read; patterns such as `/srv/*/metrics`, too. Nothing is read without one.
    directory: Vec<String>,
    /// How large a file may be.
    max_file_size: ByteSize,
}

impl Default for TextfileConfig {
    fn default() -> Self {
        Self { directory: Vec::new(), max_file_size: ByteSize(64 * 1024 * 1024) }
    }
}

struct Textfile {
    folders: Vec<String>,
    limit: u64,
    /// What was told of each place that has a problem, so that it is told once.
    told: BTreeMap<PathBuf, String>,
}

impl Collector for Textfile {
    const NAME: &'static str = "textfile";
    const NAMESPACE: Option<&'static str> = Some("node");
    const METRICS: &'static [&'static Desc] = &[MTIME.desc(), SCRAPE_ERROR.desc()];
    const UNCHECKED: bool = true;
    type Config = TextfileConfig;

    fn new(config: &TextfileConfig, _: &Context) -> Result<Self> {
        let limit = config.max_file_size.0;
        Ok(Self { folders: config.directory.clone(), limit, told: BTreeMap::new() })
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let mut problems = BTreeMap::new();
        let mut merged = Merged::default();
        for path in self.files(&mut problems) {
            let read = file::read(&path, self.limit);
            let read = read.and_then(|file| {
                let told = merged.add(&path, &file.families, scrape)?;
                Ok((file.mtime, told))
            });
            match read {
                Ok((mtime, told)) => {
                    scrape.emit(&MTIME, [path.display().to_string()], mtime);
                    problems.extend(told.map(|problem| (path, problem)));
                }
                // It went away after the folder was listed, as files do that are renamed.
                Err(problem) if problem.is_unavailable() => {}
                Err(problem) => drop(problems.insert(path, problem.to_string())),
            }
        }
        merged.emit(scrape);
        scrape.emit(&SCRAPE_ERROR, (), !problems.is_empty());
        self.tell(problems);
        Ok(())
    }
}

impl Textfile {
    /// The files: folder by folder in the order of the configuration, and in each in the order of their names.
    fn files(&self, problems: &mut BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
        let (mut files, mut seen) = (Vec::new(), HashSet::new());
        // A flag without a value names no folder.
        for pattern in self.folders.iter().filter(|pattern| !pattern.is_empty()) {
            let found = glob::glob(pattern).map(|paths| paths.flatten().collect::<Vec<_>>());
            let found = found.unwrap_or_default();
            // What matches nothing, or is no pattern, is looked for under its own name, and may be an error.
            let folders = if found.is_empty() { vec![PathBuf::from(pattern)] } else { found };
            for folder in folders {
                match prom_files(&folder) {
                    Ok(found) => {
                        let new = found.into_iter().filter(|file| seen.insert(file.clone()));
                        files.extend(new);
                    }
                    Err(error) => drop(problems.insert(folder, error.to_string())),
                }
            }
        }
        files
    }

    /// Logs problems that are new, and the end of those that were there.
    fn tell(&mut self, problems: BTreeMap<PathBuf, String>) {
        for (path, problem) in &problems {
            if self.told.get(path) != Some(problem) {
                tracing::error!(file = %path.display(), problem, "Text file, or a part of it, is left out");
            }
        }
        for path in self.told.keys().filter(|path| !problems.contains_key(*path)) {
            tracing::info!(file = %path.display(), "Text file has no problem any more");
        }
        self.told = problems;
    }
}

fn prom_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().ends_with(b".prom") {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

register!(Textfile);

#[cfg(test)]
mod tests;

#[cfg(test)]
exporter_testkit::conformance!(
    Textfile,
    setup: |case| {
        let folder = "/var/lib/node_exporter/textfile_collector";
        let there = case.host().path(&folder[1..]).display().to_string();
        case.replace(folder, &there);
    },
);
