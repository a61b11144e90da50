//! Metrics from any JSON that is served over HTTP or HTTPS.
//!
//! At every run the document is fetched once, and each entry of `metrics` takes samples from it: `path` says which nodes of
//! the document become samples, `value` and `labels` what is taken from each. All three are JSONPath (RFC 9535), the last two
//! relative to the node:
//!
//! - `$.open` is what stands there, seen from the node; `$` is the node itself.
//! - `^.name` begins at what the node is in (its list or object) instead, `^^.name` one further out.
//! - `key()` is the name or index under which the node stands, `key(1)` that of what it is in, and so on.
//! - Any other text is that text; a number may be a `value`.
//!
//! A value is a number, `true` (1), `false` (0), text that is a number, or text that `mapping` has a number for. Whole
//! numbers are exact up to 64 bits. A label is text, a number, `true` or `false`.
//!
//! Values that are written for people need a key that says how:
//!
//! | document | keys | value |
//! |---|---|---|
//! | `"2026-11-27T18:00:00Z"`, `"2026-11-27"`, `"Fri, 27 Nov 2026 18:00:00 GMT"` | `format: time` | Unix time in seconds |
//! | `"27.11.2026 19:00"` | `format: time`, `layout: "%d.%m.%Y %H:%M"`, `time_zone: Europe/Berlin` | likewise |
//! | `1795802400000`, milliseconds | `format: time`, `factor: 0.001` | likewise |
//! | `"1h30m"`, `"PT1H30M"`, `"2 days"`, `"01:30:00"` | `format: duration` | seconds; a day has 24 hours, years and months are refused |
//! | `"512Mi"`, `"1.5 GiB"`, `"12kB"` | `format: size` | bytes; K, M, G and kB, MB, GB are powers of 1000, Ki and KiB of 1024, in upper or lower case |
//! | `"85%"` | `format: percentage` | 0.85, for ratios are Prometheus' unit of percentages |
//! | `"21,5"`, `"1.234,5"`, `"1 234 567"` | `decimal: comma` | 21.5, 1234.5, 1234567 |
//! | `"1,234.5"`, `"1'234.5"` | `decimal: point` | 1234.5 |
//! | `12.5`, milliseconds | `factor: 0.001` | 0.0125 |
//!
//! A number without a unit is Unix seconds, seconds, bytes or hundredths, by `format`, after it was multiplied by `factor`. With
//! a `layout`, numbers are read by it as well.
//!
//! With `lines: true`, the document has one JSON value per line (NDJSON), and paths see a list of these: `$[*]`. A line that is
//! not JSON costs itself; the log names it, and `exporter_collector_partial` is 1.
//!
//! What is missing (or null) fails the run, with a message that says where, or is left out with `on_missing: skip`. A label that
//! is missing is empty with `on_missing_label: empty`, whatever becomes of values. A path
//! with wildcards that finds nothing misses nothing, as long as there is a list or an object for it to look into: a list may be
//! empty.
//!
//! Headers, body and credentials go to the origin (scheme, host and port) of `url` alone, wherever it redirects to.

#![forbid(unsafe_code)]

mod config;
mod document;
mod extract;
mod fetch;
mod number;
mod reading;
mod term;
mod time;
mod tls;

use exporter_sdk::{AsyncCollector, Context, Family, Result, Scrape, register};

use crate::config::JsonConfig;
use crate::extract::Metric;
use crate::fetch::Source;

/// One document, and what is taken from it.
struct Json {
    source: Source,
    metrics: Vec<Metric>,
}

impl AsyncCollector for Json {
    const NAME: &'static str = "json";
    const DEFAULT_ENABLED: bool = false;

    type Config = JsonConfig;

    fn new(config: &JsonConfig, _: &Context) -> Result<Self> {
        Ok(Self { source: Source::new(config)?, metrics: extract::metrics(&config.metrics)? })
    }

    fn describe(&self) -> Vec<Family> {
        let mut families: Vec<Family> = self.metrics.iter().map(Metric::family).cloned().collect();
        families.sort_by(|a, b| a.name().cmp(b.name()));
        families.dedup_by(|a, b| a.name() == b.name());
        families
    }

    async fn collect(&mut self, scrape: &mut Scrape<'_>) -> Result {
        let document = self.source.fetch(scrape).await?;
        self.metrics.iter().try_for_each(|metric| {
            metric.emit(&document, scrape).map_err(|error| self.source.at(error))
        })
    }
}

register!(Json);

#[cfg(test)]
mod tests;
