//! What to take, and what to leave out.

use exporter_sdk::{At as _, Result};
use regex_lite::Regex;

/// What a collector takes and what it leaves out, by the pair of keys `X_exclude` and `X_include` that operators know from
/// node_exporter. Patterns are not anchored.
///
/// ```
/// use exporter_host::Filter;
///
/// # fn main() -> exporter_sdk::Result {
/// const EXCLUDE: &str = r"^loop\d+$";
/// let filter = Filter::new("device", (EXCLUDE, EXCLUDE), None)?;
/// assert!(filter.takes("sda") && !filter.takes("loop0"));
/// let filter = Filter::new("device", (EXCLUDE, EXCLUDE), Some("^sd"))?;
/// assert!(filter.takes("sda") && !filter.takes("nvme0n1"));
/// let error = Filter::new("device", ("^sda$", EXCLUDE), Some("^sd")).unwrap_err();
/// assert_eq!(error.to_string(), "device_exclude and device_include exclude each other; give one");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub enum Filter {
    /// What matches is left out. The empty pattern leaves nothing out.
    Exclude(Option<Regex>),
    /// Only what matches is taken.
    Include(Regex),
}

impl Filter {
    /// The filter of the keys `KIND_exclude`, which has a default, and `KIND_include`, which stands in its place.
    ///
    /// # Errors
    ///
    /// For a pattern that is none, and when both keys are given.
    pub fn new(
        kind: &str,
        (exclude, default): (&str, &str),
        include: Option<&str>,
    ) -> Result<Self> {
        let pattern = |key: &str, text: &str| Regex::new(text).at(format_args!("{kind}_{key}"));
        match include.filter(|include| !include.is_empty()) {
            None if exclude.is_empty() => Ok(Self::Exclude(None)),
            None => Ok(Self::Exclude(Some(pattern("exclude", exclude)?))),
            Some(_) if !exclude.is_empty() && exclude != default => {
                Err(format!("{kind}_exclude and {kind}_include exclude each other; give one")
                    .into())
            }
            Some(include) => Ok(Self::Include(pattern("include", include)?)),
        }
    }

    /// Whether something of this name is taken.
    pub fn takes(&self, name: &str) -> bool {
        match self {
            Self::Exclude(pattern) => !pattern.as_ref().is_some_and(|it| it.is_match(name)),
            Self::Include(pattern) => pattern.is_match(name),
        }
    }
}
