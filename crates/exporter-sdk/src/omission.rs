//! What a run could not read, while the rest of it could be read.

use std::fmt;

use crate::error::Error;

/// A part of a source that a run could not read or parse: a line, an attribute, a device. The samples that it would have
/// given are missing; all others of the run are exposed. See [`Scrape::omit`](crate::Scrape::omit).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Omission {
    /// Where it is: a file, a file with a line (`/proc/stat:7`), an attribute, a device.
    pub place: String,
    /// What was found there, or the error of the read.
    pub reason: String,
}

/// `/proc/stat:7: invalid digit found in string`.
impl fmt::Display for Omission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// The omissions of one run.
#[derive(Debug, Default)]
pub(crate) struct Omissions {
    kept: Vec<Omission>,
    count: usize,
}

/// More than these are counted and not described.
const KEPT: usize = 100;

impl Omissions {
    #[cold]
    pub(crate) fn add(&mut self, place: impl fmt::Display, reason: Error) {
        self.count += 1;
        if self.kept.len() < KEPT {
            self.kept.push(Omission { place: place.to_string(), reason: reason.to_string() });
        }
    }

    pub(crate) fn as_slice(&self) -> &[Omission] {
        &self.kept
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn clear(&mut self) {
        self.kept.clear();
        self.count = 0;
    }

    /// The error of a run that has nothing but omissions.
    pub(crate) fn error(&self) -> Option<Error> {
        let first = self.kept.first()?;
        Some(match self.count {
            1 => Error::from(first.to_string()),
            count => Error::from(format!("{first} (and {} more)", count - 1)),
        })
    }
}
