//! The web configuration in force: read again when its files change, and kept as it was where they cannot be used, or
//! where less would protect the exporter than before: a file that was cut off is one of those.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use std::{io, thread};

use exporter_config::Problem;
use exporter_runtime::WebMetrics;

use crate::web_config::{Seen, WebConfig};

/// How often the files are looked at.
const INTERVAL: Duration = Duration::from_secs(1);

/// `--web.config.file` as it is in force.
#[derive(Debug, Default)]
pub struct WebConfigFile {
    file: Option<PathBuf>,
    current: RwLock<Arc<WebConfig>>,
    watched: Mutex<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    /// What the files were like when they were read last.
    read: Seen,
    /// What they are like since: they may be half written still, until they are the same twice.
    changing: Option<Seen>,
}

impl WebConfigFile {
    /// Reads `file`, and those that it names. It says nothing where `None`: plain HTTP for everyone.
    ///
    /// # Errors
    ///
    /// For the first mistake, with its place.
    pub fn read(file: Option<&Path>) -> Result<Self, Problem> {
        let Some(file) = file else { return Ok(Self::default()) };
        let mut watched = Watched::default();
        let current = RwLock::new(Arc::new(WebConfig::read(file, &mut watched.read)?));
        Ok(Self { file: Some(file.to_owned()), current, watched: Mutex::new(watched) })
    }

    /// What it has that this exporter does not do, or that its author may not have meant; with its place.
    pub fn warnings(&self) -> Vec<String> {
        self.current().warnings.clone()
    }

    /// Whether connections are encrypted.
    pub fn has_tls(&self) -> bool {
        self.current().tls.is_some()
    }

    /// Whether it asks for passwords.
    pub fn has_users(&self) -> bool {
        !self.current().users.is_empty()
    }

    pub(crate) fn current(&self) -> Arc<WebConfig> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether clients get in for a certificate that they have to show, and for nothing else that this file asks for.
    pub fn asks_for_certificates_only(&self) -> bool {
        let current = self.current();
        current.clients.mandatory && current.users.is_empty()
    }

    /// Reads it again if one of its files has changed.
    fn refresh(&self, metrics: &WebMetrics) {
        let Some(file) = &self.file else { return };
        let mut watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner);
        if !watched.is_to_be_read() {
            return;
        }
        watched.read = Seen::default();
        let config = WebConfig::read(file, &mut watched.read)
            .and_then(|config| config.may_follow(&self.current(), file).map(|()| config));
        metrics.config_read(config.is_ok());
        match config {
            Ok(config) => {
                config.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                tracing::info!(file = %file.display(), "Read the web configuration again");
            }
            Err(problem) => {
                let error = problem.to_string();
                tracing::error!(error, "The web configuration cannot be used and stays as it was");
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

impl Watched {
    fn is_to_be_read(&mut self) -> bool {
        let now = self.read.now();
        if now == self.read {
            self.changing = None;
            return false;
        }
        if self.changing.as_ref() != Some(&now) {
            self.changing = Some(now);
            return false;
        }
        self.changing = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn files_are_read_when_they_have_not_changed_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("web.yml");
        fs::write(&file, "").unwrap();
        let mut watched = Watched::default();
        WebConfig::read(&file, &mut watched.read).unwrap();
        let mut write = |text: &str| {
            fs::write(&file, text).unwrap();
            watched.is_to_be_read()
        };
        assert_eq!(["rate_", "rate_limit: {", "rate_limit: {}"].map(&mut write), [false; 3]);
        assert!(watched.is_to_be_read());
        // Until it is read, it has changed.
        assert_eq!([(); 2].map(|()| watched.is_to_be_read()), [false, true]);
        watched.read = watched.read.now();
        assert!(!watched.is_to_be_read());
    }
}
