//! What collectors of a host share: the files of procfs and sysfs, and what to take of what is found there.
//!
//! A number, line or file that cannot be read or parsed costs the metrics that stand in it; the rest is exposed. The readers
//! of this crate record what is left out with [`Scrape::omit`](exporter_sdk::Scrape::omit), for every error of the file
//! system. One exception: an attribute that does not exist is not an omission, since devices differ in what they have.

#![forbid(unsafe_code)]

mod file;
mod filter;
mod folder;
mod number;
mod text;

pub use crate::file::KernelFile;
pub use crate::filter::Filter;
pub use crate::folder::entries;
pub use crate::number::{Number, parse_number};
pub use crate::text::{Omitted, Text, beginning};
