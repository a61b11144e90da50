//! How a collector is run where the operator says nothing of it.

use std::time::Duration;

/// The author's defaults of the keys under `scrape` of a collector. The operator's keys and flags for the collector come
/// before them; they come before what the operator says of all collectors.
///
/// ```
/// # use std::time::Duration;
/// # use exporter_sdk::ScrapeDefaults;
/// // A tool that takes half a minute and loads the disks: it runs every ten minutes, scraped or not, and no scrape waits
/// // for it.
/// const SCRAPE: ScrapeDefaults =
///     ScrapeDefaults::new().timeout(Duration::from_mins(2)).refresh(Duration::from_mins(10));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScrapeDefaults {
    /// See [`timeout`](Self::timeout).
    pub timeout: Option<Duration>,
    /// See [`min_interval`](Self::min_interval).
    pub min_interval: Option<Duration>,
    /// See [`refresh`](Self::refresh).
    pub refresh: Option<Duration>,
}

impl ScrapeDefaults {
    /// What all collectors have.
    pub const fn new() -> Self {
        Self { timeout: None, min_interval: None, refresh: None }
    }

    /// How long a run may take.
    #[must_use]
    pub const fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// How often the collector runs at most, for sources that are slow or charge for each request. In between, pages have
    /// the samples of the last run.
    #[must_use]
    pub const fn min_interval(self, interval: Duration) -> Self {
        Self { min_interval: Some(interval), ..self }
    }

    /// How often the collector runs in the background, scraped or not. No scrape waits for it then.
    #[must_use]
    pub const fn refresh(self, interval: Duration) -> Self {
        Self { refresh: Some(interval), ..self }
    }
}
