//! What one scrape asks for: which collectors, which metrics, and how long it waits.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::catalog::Catalog;
use crate::slot::Slot;

/// The header in which Prometheus says how long it waits for a page, in seconds.
pub const TIMEOUT_HEADER: &str = "X-Prometheus-Scrape-Timeout-Seconds";

/// What one scrape asks for. The default is everything, with no time-out of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScrapeRequest {
    collect: BTreeSet<String>,
    exclude: BTreeSet<String>,
    names: BTreeSet<String>,
    timeout: Option<Duration>,
    waits: bool,
}

/// No scraper waits longer than a day; larger numbers may not even be a `Duration`.
const MAX_TIMEOUT: f64 = 86_400.0;

impl ScrapeRequest {
    /// Reads the query of a URL: `collect[]=NAME` and `exclude[]=NAME` pick collectors, `name[]=METRIC` metrics; each may
    /// be repeated. A name is that of a collector, with all its instances, or of one instance.
    ///
    /// # Errors
    ///
    /// When both `collect[]` and `exclude[]` are given, or a collector is named that `catalog` does not have.
    pub fn from_query(query: &str, catalog: &Catalog) -> Result<Self, BadRequest> {
        let mut request = Self::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "collect[]" => request.collect.insert(known(value, catalog)?),
                "exclude[]" => request.exclude.insert(known(value, catalog)?),
                "name[]" => request.names.insert(value.into_owned()),
                _ => false,
            };
        }
        if !request.collect.is_empty() && !request.exclude.is_empty() {
            return Err(BadRequest::Both);
        }
        Ok(request)
    }

    /// Asks for one collector, with all its instances, or for one instance.
    pub fn of_collector(mut self, name: &str) -> Self {
        self.exclude.clear();
        self.collect = BTreeSet::from([name.to_owned()]);
        self
    }

    /// With the value of [`TIMEOUT_HEADER`]. What is not a positive number of seconds counts as not there.
    pub fn with_timeout(mut self, header: Option<&str>) -> Self {
        let seconds = header.and_then(|text| text.trim().parse::<f64>().ok());
        let seconds = seconds.filter(|&seconds| seconds > 0.0);
        self.timeout = seconds.map(|seconds| Duration::from_secs_f64(seconds.min(MAX_TIMEOUT)));
        self
    }

    /// Waits for the first run of collectors that run in the background, as for all others: for one page that is all there
    /// is, such as that of the `scrape` command.
    pub fn waiting_for_background(self) -> Self {
        Self { waits: true, ..self }
    }

    /// Whether it waits for the first run of collectors that run in the background.
    pub(crate) fn waits(&self) -> bool {
        self.waits
    }

    /// The scraper's own time-out.
    pub fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    /// How long the page may take: the scraper's time-out but for `offset`, or for a tenth of it if that is less.
    pub(crate) fn patience(&self, otherwise: Duration, offset: Duration) -> Duration {
        self.timeout.map_or(otherwise, |timeout| timeout.saturating_sub(offset.min(timeout / 10)))
    }

    /// Whether it asks for collectors by name.
    pub(crate) fn is_filtered(&self) -> bool {
        !self.collect.is_empty() || !self.exclude.is_empty()
    }

    /// Whether it asks for a collector.
    pub(crate) fn wants(&self, slot: &Slot) -> bool {
        let named = |names: &BTreeSet<String>| {
            names.contains(slot.name()) || names.contains(slot.kind().name())
        };
        let collected = self.collect.is_empty() || named(&self.collect);
        collected && !named(&self.exclude) && (self.names.is_empty() || slot.owns_any(&self.names))
    }

    /// The metrics that it asks for; `None` for all.
    pub(crate) fn names(&self) -> Option<&BTreeSet<String>> {
        (!self.names.is_empty()).then_some(&self.names)
    }
}

/// The name, if the binary has a collector of that name, or of which it could be an instance.
fn known(name: Cow<'_, str>, catalog: &Catalog) -> Result<String, BadRequest> {
    let base = name.split_once('@').map_or(&*name, |(base, _)| base);
    if catalog.get(base).is_some() {
        return Ok(name.into_owned());
    }
    let shown = name.chars().take(100).collect();
    Err(BadRequest::UnknownCollector { name: shown, linked: catalog.names() })
}

/// Why a request cannot be answered. It is the client's to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRequest {
    /// `collect[]` and `exclude[]` at once.
    #[error("collect[] and exclude[] cannot be combined: name what is wanted, or what is not")]
    Both,
    /// There is no such collector in this binary.
    #[error("no collector `{name}` in this binary; it has: {linked}")]
    UnknownCollector {
        /// The name.
        name: String,
        /// The names that would be right.
        linked: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Duration = Duration::from_secs(7);
    const OFFSET: Duration = Duration::from_millis(500);

    fn check(header: Option<&str>, expected: Duration) {
        let request = ScrapeRequest::default().with_timeout(header);
        assert_eq!(request.patience(DEFAULT, OFFSET), expected, "{header:?}");
    }

    #[test]
    fn a_page_is_sent_a_little_before_its_scraper_gives_up() {
        check(Some("10"), Duration::from_millis(9500));
        check(Some("1"), Duration::from_millis(900));
        check(Some(" 0.5 "), Duration::from_millis(450));
        check(Some("0.001"), Duration::from_micros(900));
        check(Some("1e300"), Duration::from_millis(86_399_500));
        check(Some("inf"), Duration::from_millis(86_399_500));
        for header in
            [None, Some(""), Some("-1"), Some("0"), Some("NaN"), Some("soon"), Some("10s")]
        {
            check(header, DEFAULT);
        }
    }
}
