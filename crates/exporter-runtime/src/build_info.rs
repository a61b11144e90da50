//! What an exporter is, and from what it was built.

/// The name and the version of an exporter, and what its build is known by. What is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The commit of its source, `e2f236b5…` in full.
    pub revision: String,
    /// The time of that commit, as RFC 3339 writes it in UTC: `2026-11-27T18:00:00Z`.
    pub commit_date: String,
    /// The compiler and its version: `rustc 1.95.0`.
    pub compiler: String,
    /// What it was built for: `x86_64-unknown-linux-gnu`.
    pub target: String,
}

impl BuildInfo {
    /// An exporter of which no more is known.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), version: version.into(), ..Self::default() }
    }

    /// Name and value of each part, in the order of the names.
    pub(crate) fn labels(&self) -> [(&'static str, &str); 6] {
        [
            ("commit_date", &self.commit_date),
            ("compiler", &self.compiler),
            ("name", &self.name),
            ("revision", &self.revision),
            ("target", &self.target),
            ("version", &self.version),
        ]
    }
}
