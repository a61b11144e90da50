//! From snapshots to bytes: what a scraper reads.
//!
//! A [`Page`] puts the families of many snapshots in order without copying a sample, and an encoder writes it piece by
//! piece into a buffer of the caller's, so that a page of any size needs one buffer. Nothing here does I/O.

#![forbid(unsafe_code)]

mod encoder;
mod format;
mod gzip;
mod lint;
mod number;
mod page;
mod piece;

pub use crate::encoder::Encoder;
pub use crate::format::{AcceptEncoding, ContentType, Format};
pub use crate::gzip::{Compressors, Gzip, GzipMethod};
pub use crate::lint::{lint, lint_samples};
pub use crate::page::Page;
pub use crate::piece::Piece;
