//! Reads pages of metrics: Prometheus' text format 0.0.4 and OpenMetrics 1.0, whole and strictly.
//!
//! ```
//! let page = exporter_parse::parse_text("# TYPE up gauge\nup{job=\"a\"} 1\n").unwrap();
//! assert_eq!(page.families[0].samples[0].labels, [("job".to_owned(), "a".to_owned())]);
//!
//! let error = exporter_parse::parse_text("up{job=a} 1\n").unwrap_err();
//! assert_eq!(error.to_string(), "line 1, column 8: expected `\"` before a label value, found `a`");
//! ```
//!
//! Sources: [exposition formats](https://prometheus.io/docs/instrumenting/exposition_formats/) and the
//! [OpenMetrics specification](https://prometheus.io/docs/specs/om/open_metrics_spec/).
//!
//! OpenMetrics is held to everything that the specification demands of a page and a reader can check, its grammar first.
//! The text format is read as client_golang's reader and the Prometheus server read it: what both refuse is refused, and
//! what one of them reads is read, with these exceptions. Refused are a backslash in a label value that escapes nothing, a
//! last line without a line feed, metadata that comes twice or a type behind its samples (client_golang refuses them), a
//! series that comes twice, quantiles beyond 0 to 1, and samples of histograms and summaries without their label (both
//! would drop something).
//!
//! Quoted names, which Prometheus 3 brought, are read in both. Numbers are decimal; hexadecimal ones and underscores are in
//! neither.

#![forbid(unsafe_code)]

mod buckets;
mod cursor;
mod error;
mod families;
mod model;
mod number;
mod openmetrics;
mod reader;
mod text;

pub use crate::error::ParseError;
pub use crate::model::{Exemplar, Exposition, Family, Kind, Sample};
pub use crate::openmetrics::parse_openmetrics;
pub use crate::text::{parse_text, parse_text_ungrouped};

/// Whether a page is OpenMetrics: its last line is `# EOF`.
pub fn is_openmetrics(page: &str) -> bool {
    page.strip_suffix('\n').unwrap_or(page).lines().next_back() == Some("# EOF")
}
