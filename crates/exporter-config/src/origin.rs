//! Where a key or value was written, so that every message about it can say so.

use std::fmt;
use std::sync::Arc;

/// Where a key or value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File {
        /// The path of the file, as it was given.
        name: Arc<str>,
        /// The line, from 1.
        line: u32,
        /// The column in characters, from 1.
        column: u32,
    },
    /// A file as a whole, of which nothing could be read.
    WholeFile(Arc<str>),
    /// On the command line: the flag, such as `--collector.netdev.device-exclude`.
    Flag(Arc<str>),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line, column } => write!(f, "{name}:{line}:{column}"),
            Self::WholeFile(text) | Self::Flag(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_editors_and_shells_write_it() {
        let file = Origin::File { name: "exporter.yml".into(), line: 7, column: 5 };
        assert_eq!(file.to_string(), "exporter.yml:7:5");
        assert_eq!(Origin::WholeFile("exporter.yml".into()).to_string(), "exporter.yml");
        let flag = Origin::Flag("--collector.netdev.device-exclude".into());
        assert_eq!(flag.to_string(), "--collector.netdev.device-exclude");
    }
}
