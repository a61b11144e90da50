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
//! [OpenMetrics specification](https://prometheus.io/docs/specs/om/open_metrics_spec/). Quoted names, which Prometheus 3
//! brought, are read in both. Numbers are decimal; hexadecimal ones and underscores, which Go reads, are in neither
//! document and are refused.

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
