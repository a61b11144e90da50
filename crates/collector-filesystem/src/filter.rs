//! What to take, and what to leave out.

use exporter_sdk::{At as _, Result};
use regex::Regex;

#[derive(Debug)]
pub(crate) enum Filter {
    Exclude(Regex),
    Include(Regex),
}

impl Filter {
    /// The filter of the keys `KIND_exclude`, with its default, and `KIND_include`, of which only one can be meant.
    pub(crate) fn new(
        kind: &str,
        (exclude, default): (&str, &str),
        include: Option<&str>,
    ) -> Result<Self> {
        match include {
            None => Ok(Self::Exclude(Regex::new(exclude).at(format_args!("{kind}_exclude"))?)),
            Some(_) if exclude != default => {
                Err(format!("{kind}_exclude and {kind}_include exclude each other; give one")
                    .into())
            }
            Some(include) => {
                Ok(Self::Include(Regex::new(include).at(format_args!("{kind}_include"))?))
            }
        }
    }

    pub(crate) fn takes(&self, text: &str) -> bool {
        match self {
            Self::Exclude(pattern) => !pattern.is_match(text),
            Self::Include(pattern) => pattern.is_match(text),
        }
    }
}
