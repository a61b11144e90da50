//! Files that the kernel writes when they are read.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use exporter_sdk::{At as _, Result, Scrape};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FsWord, PROC_SUPER_MAGIC, fstatfs};

use crate::number::{Number, parse_number};
use crate::text::{Omitted, Text};

/// Most such files are smaller, and a read returns no more than a page or two anyway.
const ROOM: usize = 16 * 1024;

/// A file of procfs or sysfs, read at every run into the same memory. Such files say that they are empty, so reading them
/// as others are read takes twice as many calls.
///
/// What cannot be read or parsed costs itself: the functions that are given the [`Scrape`] record it there as an omission,
/// with file, line, what was found and what would be right, and go on with the rest. A run fails only if nothing is left
/// of it ([`Scrape::omit`]).
///
/// ```
/// use exporter_host::{KernelFile, parse_number};
/// use exporter_sdk::{Counter, Scrape};
///
/// static FORKS: Counter = Counter::new("node_forks_total", "Processes and threads that were started.");
///
/// fn collect(stat: &mut KernelFile, scrape: &mut Scrape) {
///     stat.each_line(scrape, |scrape, line| {
///         if let Some(number) = line.as_str().strip_prefix("processes ") {
///             scrape.emit(&FORKS, (), parse_number::<u64>(number)?);
///         }
///         Ok(())
///     });
/// }
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

    /// The content of it now. Bytes that are not UTF-8 are U+FFFD in it. `None` of a file that cannot be read, which is
    /// recorded as an omission, also if it does not exist.
    pub fn read(&mut self, scrape: &mut Scrape) -> Option<Text<'_>> {
        match self.fill(Until::End) {
            Ok(()) => Some(Text::new(&self.path, None, lossy(&self.buffer))),
            Err(error) => {
                scrape.omit(self.path.display(), error);
                None
            }
        }
    }

    /// Calls `each` for each line that is not blank. A line for which it fails is recorded as an omission, with the
    /// beginning of the line, and the next line is read. So is a file that cannot be read, also if it does not exist.
    pub fn each_line(
        &mut self,
        scrape: &mut Scrape,
        mut each: impl FnMut(&mut Scrape, &Text<'_>) -> Result,
    ) {
        let Some(text) = self.read(scrape) else { return };
        for (index, line) in text.as_str().lines().enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let line = text.line(index + 1, line);
            if let Err(error) = each(scrape, &line) {
                line.omit(scrape, error);
            }
        }
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

    /// The value of a file of one line, without white space around it; `None` of a file that does not exist, which most
    /// attributes of devices need not. Bytes that are not UTF-8 are U+FFFD in it.
    ///
    /// # Errors
    ///
    /// When it cannot be read, which was recorded as an omission.
    pub fn read_value(&mut self, scrape: &mut Scrape) -> Result<Option<Text<'_>>, Omitted> {
        match self.fill(Until::LineBreak) {
            Ok(()) => Ok(Some(Text::new(&self.path, None, lossy(self.buffer.trim_ascii())))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => {
                scrape.omit(self.path.display(), error);
                Err(Omitted)
            }
        }
    }

    /// The number that a file of one line has now; `None` of a file that does not exist.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is not such a number, which was recorded as an omission.
    pub fn read_number<T: Number>(&mut self, scrape: &mut Scrape) -> Result<Option<T>, Omitted> {
        let Some(text) = self.read_value(scrape)? else { return Ok(None) };
        match parse_number(text.as_str()) {
            Ok(number) => Ok(Some(number)),
            Err(error) => {
                scrape.omit(text.place(), error);
                Err(Omitted)
            }
        }
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

/// Text as it is, without a copy, but for bytes that are not UTF-8.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

#[cfg(test)]
mod tests;
