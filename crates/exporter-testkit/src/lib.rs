//! For tests: starts the binary of an exporter, scrapes it, and reads the page.
//!
//! ```no_run
//! use exporter_testkit::Exporter;
//!
//! let exporter = Exporter::start("target/debug/my-exporter", ["--collector.disable-defaults"]);
//! let page = exporter.scrape();
//! assert_eq!(page.value("my_up", &[]), Some(1.0));
//! assert_eq!(exporter.terminate().code(), Some(0));
//! ```
//!
//! Everything here panics when it cannot do what was asked, with the log of the exporter: it is for tests.

#![forbid(unsafe_code)]
#![expect(clippy::missing_panics_doc, reason = "everything here does, and says so once, above")]

mod exporter;
mod page;
mod prometheus;

pub use crate::exporter::{Exporter, Response, run, wait_until};
pub use crate::page::{Page, Sample};
pub use crate::prometheus::Prometheus;
