//! What the web side has to know, and what it takes where nothing was said.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::live::WebConfigFile;

/// What the web side has to know.
#[derive(Clone)]
pub struct WebOptions {
    /// The name of the exporter, for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The path of the metrics, with a leading slash.
    pub telemetry_path: String,
    /// What every path begins with here, `/exporter`; empty for nothing.
    pub prefix: String,
    /// Where the exporter is from outside, where that is known.
    pub external: Option<ExternalUrl>,
    /// Whether configurations are shown.
    pub debug: bool,
    /// How many scrapes are answered at once. Beyond, the answer is 503. `usize::MAX` for no limit.
    pub max_requests: usize,
    /// What `POST /-/reload` does. Without it, that is refused.
    pub reload: Option<Arc<Reload>>,
    /// TLS, headers, users and a rate limit.
    pub config: Arc<WebConfigFile>,
    /// How many connections there may be at once. Beyond, one that is idle makes room, and where none is, the answer is 503.
    pub max_connections: usize,
    /// How long a handshake, and the head of a request, may take to arrive. Then the answer is 408.
    pub read_timeout: Duration,
    /// How long a connection is kept on which there is no request.
    pub idle_timeout: Duration,
}

/// A URL that leads to an exporter from outside, `https://example.org/exporter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExternalUrl {
    /// Whether it begins with `https`.
    pub https: bool,
    /// With its port, if there is one.
    pub host: String,
    /// What every path begins with, without a slash at its end; empty for nothing.
    pub path: String,
}

/// Where there are pages besides the metrics, without the prefix: there, and at what is below.
pub const PAGES: [&str; 5] = ["/-", "/collectors", "/config", "/sd", "/style.css"];

/// How many scrapes are answered at once when nothing else was said. They share runs, so one that waits costs next to
/// nothing.
pub const MAX_REQUESTS: usize = 512;

/// How many connections there may be at once when nothing else was said.
pub const MAX_CONNECTIONS: usize = 1024;

/// How many files a process needs besides one for each connection that is allowed: connections that are one too many and
/// are told so, the server's own, and what collectors read.
pub const OTHER_FILES: usize = 192;

/// How long the head of a request may take when nothing else was said.
pub const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept without a request when nothing else was said. Scrapers come back every minute or so, and
/// a connection that was closed in between costs both sides a new one.
pub const IDLE_TIMEOUT: Duration = Duration::from_mins(5);

impl Default for WebOptions {
    fn default() -> Self {
        Self {
            name: String::new(),
            version: String::new(),
            telemetry_path: "/metrics".to_owned(),
            prefix: String::new(),
            external: None,
            debug: false,
            max_requests: MAX_REQUESTS,
            reload: None,
            config: Arc::default(),
            max_connections: MAX_CONNECTIONS,
            read_timeout: READ_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
        }
    }
}

/// Loads the configuration again; says what is wrong with it if it cannot be used.
pub type Reload = dyn Fn() -> Result<(), String> + Send + Sync;

impl fmt::Debug for WebOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebOptions")
            .field("telemetry_path", &self.telemetry_path)
            .field("max_requests", &self.max_requests)
            .finish_non_exhaustive()
    }
}
