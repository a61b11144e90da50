//! The web configuration in force: read again when its files change, and kept as it was where they cannot be used.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use std::{io, thread};

use exporter_config::Problem;
use exporter_runtime::WebMetrics;

use crate::web_config::{Stamp, WebConfig, stamp};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// `--web.config.file` as it is in force.
#[derive(Debug, Default)]
pub struct WebConfigFile {
    file: Option<PathBuf>,
    current: RwLock<Arc<WebConfig>>,
    /// What the files were like when they were read last.
    seen: Mutex<Vec<(PathBuf, Stamp)>>,
}

impl WebConfigFile {
    /// Reads `file`, and those that it names. It says nothing where `None`: plain HTTP for everyone.
    ///
    /// # Errors
    ///
    /// For the first mistake, with its place.
    pub fn read(file: Option<&Path>) -> Result<Self, Problem> {
        let Some(file) = file else { return Ok(Self::default()) };
        let config = WebConfig::read(file)?;
        let seen = Mutex::new(stamps(&config.files));
        let current = RwLock::new(Arc::new(config));
        Ok(Self { file: Some(file.to_owned()), current, seen })
    }

    /// What it has that this exporter does not do.
    pub fn warnings(&self) -> Vec<String> {
        self.current().warnings.clone()
    }

    /// Whether connections are encrypted.
    pub fn has_tls(&self) -> bool {
        self.current().tls.is_some()
    }

    pub(crate) fn current(&self) -> Arc<WebConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads it again if one of its files has changed.
    fn refresh(&self, metrics: &WebMetrics) {
        let Some(file) = &self.file else { return };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let paths: Vec<PathBuf> = seen.iter().map(|(path, _)| path.clone()).collect();
        let now = stamps(&paths);
        if now == *seen {
            return;
        }
        match WebConfig::read(file) {
            Ok(config) => {
                config.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                *seen = stamps(&config.files);
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                tracing::info!(file = %file.display(), "Read the web configuration again");
                metrics.config_read(true);
            }
            Err(problem) => {
                *seen = now;
                let error = problem.to_string();
                tracing::error!(error, "The web configuration cannot be used and stays as it was");
                metrics.config_read(false);
            }
        }
    }

    /// Looks at the files from now on, for as long as somebody else has this.
    pub(crate) fn watch(self: &Arc<Self>, metrics: WebMetrics) -> io::Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        let watched = Arc::downgrade(self);
        thread::Builder::new().name("web-config".to_owned()).spawn(move || {
            loop {
                thread::sleep(INTERVAL);
                let Some(config) = watched.upgrade() else { return };
                config.refresh(&metrics);
            }
        })?;
        Ok(())
    }
}

fn stamps(files: &[PathBuf]) -> Vec<(PathBuf, Stamp)> {
    files.iter().map(|file| (file.clone(), stamp(file))).collect()
}
