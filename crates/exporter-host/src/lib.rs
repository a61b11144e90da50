//! What collectors of a host share: the files of procfs and sysfs, and what to take of what is found there.

#![forbid(unsafe_code)]

mod file;
mod filter;

pub use crate::file::KernelFile;
pub use crate::filter::Filter;
