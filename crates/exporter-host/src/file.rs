//! Files that the kernel writes when they are read.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use exporter_sdk::{At as _, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FsWord, PROC_SUPER_MAGIC, fstatfs};

/// Most such files are smaller, and a read returns no more than a page or two anyway.
const ROOM: usize = 16 * 1024;

/// A file of procfs or sysfs, read at every run into the same memory. Such files say that they are empty, so reading them
/// as others are read takes twice as many calls.
///
/// ```
/// use exporter_host::KernelFile;
///
/// # fn main() -> exporter_sdk::Result {
/// let mut file = KernelFile::new("/proc/loadavg");
/// let first = file.read()?.split(' ').next();
/// assert!(first.unwrap_or_default().parse::<f64>().is_ok());
/// let error = KernelFile::new("/proc/nosuch").read().unwrap_err();
/// assert_eq!(error.to_string(), "/proc/nosuch: No such file or directory (os error 2)");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct KernelFile {
    path: PathBuf,
    keep: bool,
    open: Option<File>,
    buffer: Vec<u8>,
}

/// What statfs says of sysfs.
const SYSFS_MAGIC: FsWord = 0x6265_6572;

impl KernelFile {
    /// The file at this path, which is not touched yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), keep: false, open: None, buffer: Vec::new() }
    }

    /// Keeps it open from run to run, which saves half of the cost: the kernel writes it anew when it is read from its
    /// beginning. Not for files of which there are many. A file that is not on procfs or sysfs is opened each time, because
    /// another may take its place.
    pub fn kept_open(mut self) -> Self {
        self.keep = true;
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says now.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not UTF-8; with its path.
    pub fn read(&mut self) -> Result<&str> {
        self.fill(Until::End).at(self.path.display())?;
        str::from_utf8(&self.buffer).at(self.path.display())
    }

    /// Does something with each line of it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not UTF-8; and the first of `each`, with path and line.
    pub fn each_line(&mut self, mut each: impl FnMut(&str) -> Result) -> Result {
        self.fill(Until::End).at(self.path.display())?;
        let text = str::from_utf8(&self.buffer).at(self.path.display())?;
        text.lines().try_for_each(|line| {
            each(line).or_else(|error| {
                Err(error).at(format_args!("{}: `{}`", self.path.display(), beginning(line)))
            })
        })
    }

    /// Whether it has to be read again. Of the files that are [kept open](Self::kept_open) and tell of changes, such as
    /// /proc/1/mountinfo, the kernel says it, which costs less than reading them.
    pub fn changed(&self) -> bool {
        let Some(file) = &self.open else { return true };
        let mut asked = [PollFd::new(file, PollFlags::PRI)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut asked, Some(&at_once)).map_or(true, |events| events > 0)
    }

    /// What it says now, where that need not be text.
    ///
    /// # Errors
    ///
    /// When it cannot be read; with its path.
    pub fn read_bytes(&mut self) -> Result<&[u8]> {
        self.fill(Until::End).at(self.path.display())?;
        Ok(&self.buffer)
    }

    /// The value that it has now, without white space around it, of files of one line that may not be there.
    pub fn read_line(&mut self) -> Option<&str> {
        self.fill(Until::LineBreak).ok()?;
        str::from_utf8(&self.buffer).ok().map(str::trim)
    }

    fn fill(&mut self, until: Until) -> io::Result<()> {
        // What was open may be gone: a device that was unplugged, and plugged in again.
        if let Some(file) = self.open.take()
            && fill(&mut self.buffer, &file, until).is_ok()
        {
            self.open = Some(file);
            return Ok(());
        }
        let file = File::open(&self.path)?;
        fill(&mut self.buffer, &file, until)?;
        self.open = Some(file).filter(|file| self.keep && is_of_kernel(file));
        Ok(())
    }
}

/// How far a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    End,
    /// A file of one value ends with its line, and need not be asked for more.
    LineBreak,
}

fn fill(buffer: &mut Vec<u8>, file: &File, until: Until) -> io::Result<()> {
    let mut length = 0;
    while until == Until::End || !buffer[..length].ends_with(b"\n") {
        if buffer.len() - length < ROOM / 2 {
            buffer.resize(length + ROOM, 0);
        }
        match file.read_at(&mut buffer[length..], u64::try_from(length).unwrap_or(u64::MAX)) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(length);
    Ok(())
}

fn is_of_kernel(file: &File) -> bool {
    fstatfs(file).is_ok_and(|stat| [PROC_SUPER_MAGIC, SYSFS_MAGIC].contains(&stat.f_type))
}

/// Some lines are very long.
fn beginning(line: &str) -> &str {
    let end = line.char_indices().nth(60).map_or(line.len(), |(end, _)| end);
    line[..end].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_any_length_are_read_whole_again_and_again() {
        let path = std::env::temp_dir().join(format!("kernel-file-{}", std::process::id()));
        let mut file = KernelFile::new(&path);
        for length in [0, 1, ROOM, 10, 5 * ROOM + 1, 3] {
            std::fs::write(&path, vec![b'x'; length]).unwrap();
            assert_eq!(file.read().unwrap().len(), length);
        }
        std::fs::write(&path, b"\xff").unwrap();
        assert_eq!(file.read_bytes().unwrap(), b"\xff");
        assert!(file.read().unwrap_err().to_string().contains("invalid utf-8"));
        assert_eq!(file.read_line(), None);
        std::fs::remove_file(&path).unwrap();
        assert!(file.read().is_err());
    }

    #[test]
    fn the_kernel_tells_of_its_own_files_whether_they_changed() {
        let mut mounts = KernelFile::new("/proc/self/mountinfo").kept_open();
        assert!(mounts.changed());
        mounts.read_bytes().unwrap();
        assert!(!mounts.changed());
        // It cannot tell of others.
        let mut other = KernelFile::new("/etc/passwd").kept_open();
        other.read().unwrap();
        assert!(other.changed());
    }
}
