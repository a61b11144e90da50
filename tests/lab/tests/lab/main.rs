//! The lab exporter over its real binary: the promises of a scrape, one by one.

mod browser;
mod certificates;
mod collectors;
mod configuration;
mod connections;
mod formats;
mod hostile;
mod isolation;
mod limits;
mod listeners;
mod live;
mod own_series;
mod pages;
mod partial;
mod patience;
mod reload;
mod requests;
mod schedule;
mod stop;
mod stress;
mod web;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

use exporter_testkit::{Exporter, Page};
use tempfile::TempDir;

const LAB: &str = env!("CARGO_BIN_EXE_lab-exporter");
const TWINS: &str = env!("CARGO_BIN_EXE_twins");

/// Held by tests that take the whole machine, and by those that others would make late: one of them runs at a time.
fn alone() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::new(());
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn success(page: &Page, collector: &str) -> Option<f64> {
    page.value("exporter_collector_success", &[("collector", collector)])
}

fn failures(page: &Page, collector: &str, reason: &str) -> Option<f64> {
    let labels = [("collector", collector), ("reason", reason)];
    page.value("exporter_collector_failures_total", &labels)
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A configuration file in a folder of its own, and whatever else a test puts there.
struct Config {
    folder: TempDir,
}

impl Config {
    fn new(text: &str) -> Self {
        let config = Self { folder: TempDir::new().unwrap() };
        config.write(text);
        config
    }

    fn write(&self, text: &str) {
        fs::write(self.file(), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self) -> PathBuf {
        self.path("exporter.yml")
    }

    fn flag(&self) -> String {
        format!("--config.file={}", self.file().display())
    }

    /// Starts the lab exporter with it. `bulk` has ten series and nothing else runs, unless the file says so.
    fn start(&self, args: &[&str]) -> Exporter {
        let mut command = Command::new(LAB);
        command.args([
            "--web.listen-address=127.0.0.1:0",
            "--collector.bulk.series=10",
            &self.flag(),
        ]);
        command.args(args);
        Exporter::spawn(command)
    }
}

/// Whether the page has all that `bulk` emits.
fn has_bulk(page: &Page) -> bool {
    success(page, "bulk") == Some(1.0)
        && (page.samples("my_counter").len(), page.samples("my_gauge").len()) == (5, 5)
}
