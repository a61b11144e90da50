//! What a file system says of its space.

use std::io;
use std::path::Path;

use rustix::fs::{StatVfsMountFlags, statvfs};

/// Space and files of a file system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Space {
    pub(crate) size: f64,
    pub(crate) free: f64,
    pub(crate) available: f64,
    pub(crate) files: u64,
    pub(crate) files_free: u64,
    /// Also where it is so because of an error, of which the mounts tell nobody.
    pub(crate) readonly: bool,
}

/// Who is asked.
pub(crate) trait Ask: 'static {
    /// Asks what is mounted there. It may take for ever. The error is for a label.
    fn ask(path: &Path) -> Result<Space, String>;
}

/// The kernel.
#[derive(Debug)]
pub(crate) enum Kernel {}

impl Ask for Kernel {
    #[expect(
        clippy::cast_precision_loss,
        reason = "as node_exporter has it; file systems end at 2^63 bytes"
    )]
    fn ask(path: &Path) -> Result<Space, String> {
        let stat = statvfs(path).map_err(|error| told(&error.into()))?;
        let bytes = |blocks: u64| blocks as f64 * stat.f_bsize as f64;
        Ok(Space {
            size: bytes(stat.f_blocks),
            free: bytes(stat.f_bfree),
            available: bytes(stat.f_bavail),
            files: stat.f_files,
            files_free: stat.f_ffree,
            readonly: stat.f_flag.contains(StatVfsMountFlags::RDONLY),
        })
    }
}

/// `permission denied`, as Go spells it, instead of `Permission denied (os error 13)`.
fn told(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
