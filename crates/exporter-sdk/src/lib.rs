//! Everything that the author of a Prometheus collector sees.
//!
//! A collector is a type that names its metrics once and emits their samples at every scrape:
//!
//! ```
//! use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Result, Scrape, register};
//!
//! static JOBS: Gauge<1> = Gauge::new("spool_jobs", "Files that wait in the spool.").labels(&["queue"]);
//!
//! struct Spool;
//!
//! impl Collector for Spool {
//!     const NAME: &'static str = "spool";
//!     const METRICS: &'static [&'static Desc] = &[JOBS.desc()];
//!     type Config = NoConfig;
//!
//!     fn new(_: &NoConfig, _: &Context) -> Result<Self> {
//!         Ok(Self)
//!     }
//!
//!     fn collect(&mut self, scrape: &mut Scrape) -> Result {
//!         for queue in ["in", "out"] {
//!             scrape.emit(&JOBS, [queue], std::fs::read_dir("/")?.count());
//!         }
//!         Ok(())
//!     }
//! }
//!
//! register!(Spool);
//! ```
//!
//! Values are made afresh at each scrape and belong to it: there is no store of series that could keep what is gone.
//! Names, labels and the number of label values are checked by the compiler. The rest of the work (running, isolating,
//! checking and exposing) is not the collector's.
//!
//! This crate does no I/O and knows no exposition format. A run's samples end up in a [`Snapshot`], and whoever serves a
//! format reads that.

#![forbid(unsafe_code)]

#[cfg(all(panic = "abort", not(exporter_allow_panic_abort)))]
compile_error!(
    "exporter-sdk needs `panic = \"unwind\"`: with `panic = \"abort\"`, one panicking collector ends the whole exporter \
     instead of costing its own samples. Remove `panic = \"abort\"` from the profile, or give that protection up by \
     building with RUSTFLAGS=\"--cfg exporter_allow_panic_abort\""
);

mod arena;
mod clock;
mod collector;
mod desc;
mod duplicates;
mod duration;
mod error;
mod family;
mod labels;
mod limits;
mod metric;
pub mod names;
mod observations;
mod omission;
mod pairs;
mod part;
mod parted;
mod pen;
mod recorder;
mod registration;
mod schedule;
mod scrape;
mod secret;
mod size;
mod snapshot;
mod value;

pub use crate::arena::Cursor;
pub use crate::clock::Clock;
pub use crate::collector::{AsyncCollector, Collector, Context, NoConfig, Paths};
pub use crate::desc::{Desc, Kind};
pub use crate::duplicates::{Deduplicator, Duplicates};
pub use crate::duration::HumanDuration;
pub use crate::error::{At, Error, Result};
pub use crate::family::{Family, FamilyBuilder, InvalidFamily};
pub use crate::labels::{LabelValue, LabelWriter, Labels};
pub use crate::limits::{Owners, Parts, PartsTime, RunOptions, Stop, Work};
pub use crate::metric::{Counter, Gauge, Histogram, Info, Metric, Summary, Unknown};
pub use crate::observations::{Buckets, Observations};
pub use crate::omission::Omission;
pub use crate::part::Part;
pub use crate::parted::{HistogramValue, SummaryValue};
pub use crate::recorder::{InvalidSample, Recorder, RunError};
pub use crate::registration::{
    AnyCollector, Awaited, Blocking, Build, BuildError, Effective, Origin, Register, Registration,
    Run, RunAsync, RunFuture,
};
pub use crate::schedule::ScrapeDefaults;
pub use crate::scrape::Scrape;
pub use crate::secret::Secret;
pub use crate::size::ByteSize;
pub use crate::snapshot::{FamilySamples, Sample, Snapshot};
pub use crate::value::{SampleValue, Value};

/// For the macros of this crate and for exporter-exposition only.
#[doc(hidden)]
pub mod __private {
    pub use crate::pen::{Fragment, Pen};
    pub use inventory;
}
