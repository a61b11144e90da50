//! Folders of sysfs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use exporter_sdk::{Result, Scrape};

use crate::text::Omitted;

/// The paths of what is in a folder, in their order; none of a folder that does not exist.
///
/// # Errors
///
/// When it cannot be read, which was recorded as an omission.
pub fn entries(folder: &Path, scrape: &mut Scrape) -> Result<Vec<PathBuf>, Omitted> {
    let paths = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>());
    match paths {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => {
            scrape.omit(folder.display(), error);
            Err(Omitted)
        }
        Ok(mut paths) => {
            paths.sort();
            Ok(paths)
        }
    }
}
