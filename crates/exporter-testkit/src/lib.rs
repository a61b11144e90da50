//! For the tests of collectors and exporters, in this repository or outside it.
//!
//! In the crate of a collector, one line tests what holds for all of them, see [`conformance!`], and a [`Probe`] tries it
//! on a host of the test's making, a [`Tree`]. An exporter as a whole is started as the binary that it is:
//!
//! ```no_run
//! use exporter_testkit::Exporter;
//!
//! let exporter = Exporter::start("target/debug/my-exporter", ["--collector.disable-defaults"]);
//! let page = exporter.scrape();
//! assert_eq!(page.gauge("my_up", &[]), 1.0);
//! assert_eq!(exporter.terminate().code(), Some(0));
//! ```
//!
//! Everything here panics when it cannot do what was asked, with what there was instead: it is for tests.

#![forbid(unsafe_code)]
#![expect(clippy::missing_panics_doc, reason = "everything here does, and says so once, above")]

mod case;
mod conformance;
mod exporter;
mod golden;
mod host_text;
mod keys;
mod large_host;
mod page;
mod parts;
mod probe;
mod prometheus;
mod server;
mod tree;

pub use crate::case::Case;
#[doc(hidden)]
pub use crate::conformance::cases_give_their_pages;
pub use crate::exporter::{Exporter, Response, run, wait_until};
pub use crate::host_text::Unreadable;
pub use crate::large_host::large_host;
pub use crate::page::Page;
pub use crate::parts::{Histogram, Summary};
pub use crate::probe::{Probe, Probed};
pub use crate::prometheus::Prometheus;
pub use crate::server::{Answer, Request, Server, serve};
pub use crate::tree::Tree;
pub use exporter_parse::{Family, Kind, Sample};
