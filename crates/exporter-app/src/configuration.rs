//! The configuration: read from its file with the flags laid over it, and read again when somebody asks for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use exporter_http::WebConfigFile;
use exporter_runtime::{Catalog, ConfigOrigin, Node, Problem, Registry, Settings, read_settings};

use crate::flags::Overlay;
use crate::systemd;

/// Where the configuration comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    /// `--config.file`.
    pub(crate) file: Option<PathBuf>,
    /// What flags say; they win over the file.
    pub(crate) overlays: Vec<Overlay>,
    /// `--collector.disable-defaults`.
    pub(crate) disable_defaults: bool,
}

impl Source {
    /// Reads all of it.
    pub(crate) fn load(&self, catalog: &Catalog) -> Result<Settings, Problem> {
        let mut tree = match &self.file {
            Some(file) => Node::read(file)?,
            None => Node::empty(ConfigOrigin::Flag("command line".into())),
        };
        for Overlay { path, value, flag } in &self.overlays {
            tree.lay(path, value.clone(), ConfigOrigin::Flag(flag.as_str().into()));
        }
        let folder = self.file.as_deref().and_then(Path::parent).unwrap_or(Path::new("."));
        let mut settings = read_settings(tree, folder, catalog)?;
        settings.disable_defaults = self.disable_defaults;
        Ok(settings)
    }

    /// What the configuration file says by itself, whatever the flags are.
    pub(crate) fn of_file(file: PathBuf) -> Self {
        Self { file: Some(file), ..Self::default() }
    }
}

/// Loads the configuration again while the exporter runs.
#[derive(Debug)]
pub(crate) struct Reloader {
    source: Source,
    registry: Arc<Registry>,
    web: Arc<WebConfigFile>,
    /// One reload at a time.
    reloading: Mutex<()>,
}

impl Reloader {
    pub(crate) fn new(
        source: Source,
        registry: Arc<Registry>,
        web: Arc<WebConfigFile>,
    ) -> Arc<Self> {
        Arc::new(Self { source, registry, web, reloading: Mutex::default() })
    }

    /// Loads the configuration again. Where that cannot be done, everything stays as it was, and the log and the metrics
    /// tell.
    pub(crate) fn reload(&self) -> Result<(), String> {
        let _alone = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        systemd::reloading();
        let (start, catalog) = (Instant::now(), self.registry.catalog());
        let settings = self.source.load(catalog).map_err(|problem| problem.to_string());
        let result = settings.and_then(|settings| {
            self.check_tokens(&settings)?;
            self.registry.reload(&settings).map_err(|error| error.to_string())
        });
        match &result {
            Ok(()) => {
                let duration_seconds = start.elapsed().as_secs_f64();
                let collectors = self.registry.collectors().join(",");
                tracing::info!(duration_seconds, collectors, "Reloaded the configuration");
            }
            Err(error) => {
                self.registry.reload_failed();
                tracing::error!(error, "The configuration cannot be reloaded and stays as it was");
            }
        }
        systemd::ready();
        result
    }

    /// Refuses to open what tokens alone have closed: a file that was cut off looks like one that asks for less.
    fn check_tokens(&self, settings: &Settings) -> Result<(), String> {
        let had = !self.registry.web_settings().bearer_tokens.is_empty();
        if had && settings.web.bearer_tokens.is_empty() && !self.web.has_users() {
            return Err("web.bearer_tokens: no token is left, so everybody would get in; if that is meant, start the \
                        exporter again"
                .to_owned());
        }
        Ok(())
    }

    /// Reloads whenever the configuration file, or a file with a secret, has another content than before. It compares
    /// contents and follows links, because Kubernetes swaps files by a symbolic link.
    pub(crate) fn watch(self: Arc<Self>, interval: Duration) -> io::Result<()> {
        let mut seen = self.contents();
        thread::Builder::new().name("reload".to_owned()).spawn(move || {
            loop {
                thread::sleep(interval);
                let now = self.contents();
                if now != seen {
                    // The log has said what is wrong; it is tried again when the files have changed again.
                    let _ = self.reload();
                    // A new configuration may name other files.
                    seen = self.contents();
                }
            }
        })?;
        Ok(())
    }

    fn contents(&self) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
        let settings = self.registry.settings();
        let of_collectors = settings.collectors.values().flat_map(|said| &said.secrets);
        let secrets = of_collectors.chain(&settings.web.secrets);
        let secrets = secrets.map(|secret| secret.path.clone());
        let files = self.source.file.iter().cloned().chain(secrets);
        files.map(|file| (file.clone(), content(&file))).collect()
    }
}

/// The content of a file of a size that a configuration can have.
fn content(file: &Path) -> Option<Vec<u8>> {
    const LARGEST: u64 = 8 << 20;
    let metadata = fs::metadata(file).ok().filter(fs::Metadata::is_file)?;
    (metadata.len() <= LARGEST).then(|| fs::read(file).ok())?
}
