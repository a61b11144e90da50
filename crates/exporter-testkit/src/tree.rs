//! A host that is not this one: files under a temporary folder.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use exporter_sdk::Paths;
use tempfile::TempDir;

use crate::host_text::{Content, Entry, Unreadable, parse};

/// A folder that stands for the root of a host, with `proc`, `sys` and whatever else a collector reads. It is gone when
/// this is dropped.
///
/// The files of a host can lie in a folder, or in one text, in the format of [txtar] with attributes:
///
/// ```
/// let host = exporter_testkit::Tree::from_text("\
/// What stands before the first header is a remark: where the files are from, and what is particular about them.
/// -- proc/loadavg --
/// 0.21 0.37 0.39 1/719 19737
/// -- sys/class/net/eth0 -> ../../devices/virtual/net/eth0 --
/// -- sys/devices/virtual/net/eth0/mtu --
/// 1500
/// -- sys/devices/virtual/net/eth0/speed [error=EINVAL] --
/// -- sys/devices/virtual/net/eth0/queues/ --
/// ");
/// assert_eq!(std::fs::read_to_string(host.path("sys/class/net/eth0/mtu"))?, "1500\n");
/// assert!(std::fs::read(host.path("sys/class/net/eth0/speed")).is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// | header | what it makes |
/// |---|---|
/// | `-- PATH --` | a file of the lines that follow, up to the next header |
/// | `-- PATH/ --` | a folder, where no file makes it anyhow |
/// | `-- PATH -> TARGET --` | a symbolic link |
/// | `-- PATH [error=EIO] --` | a file that cannot be read; `EINVAL` and `EACCES` are the other two, see [`Unreadable`] |
/// | `-- PATH [removed] --` | what an earlier text has there is removed |
/// | `-- PATH [no-newline] --` | a file whose last line does not end in a newline |
/// | `-- PATH [escaped] --` | a file in which `\0`, `\n`, `\r`, `\t`, `\\` and `\xNN` are escapes, for bytes that are no text and lines that look like a header |
/// | `-- PATH [size=BYTES] --` | a file of that size, with zeros behind its lines; they take no space |
/// | `-- PATH [mode=0400] --` | a file or folder with these permissions |
/// | `-- PATH [mtime=SECONDS] --` | a file or folder that was changed at that time, in seconds since 1970 |
///
/// [txtar]: https://pkg.go.dev/golang.org/x/tools/txtar
#[derive(Debug)]
pub struct Tree(TempDir);

impl Tree {
    /// An empty one.
    pub fn new() -> Self {
        let tree = Self(TempDir::new().expect("a temporary folder can be made"));
        for folder in ["proc", "sys"] {
            tree.folder(folder);
        }
        tree
    }

    /// The host that lies in a folder, links as links, or in a text file, as above. A relative path begins at the package
    /// under test.
    pub fn copy(from: impl AsRef<Path>) -> Self {
        let tree = Self::new();
        tree.overlay(from);
        tree
    }

    /// The host in this text.
    #[track_caller]
    pub fn from_text(text: &str) -> Self {
        let tree = Self::new();
        tree.lay_text(text).unwrap_or_else(|problem| panic!("line {problem}"));
        tree
    }

    /// Copies a folder or a text file over it: what both have becomes that of the folder or text.
    pub fn overlay(&self, from: impl AsRef<Path>) -> &Self {
        let from = from.as_ref();
        if from.is_dir() {
            copy(from, self.0.path()).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
        } else {
            let text = fs::read_to_string(from);
            let text = text.unwrap_or_else(|error| panic!("{}: {error}", from.display()));
            self.lay_text(&text).unwrap_or_else(|problem| panic!("{}:{problem}", from.display()));
        }
        self
    }

    fn lay_text(&self, text: &str) -> Result<(), String> {
        let entries = parse(text).map_err(|problem| problem.to_string())?;
        let lay = |entry: &Entry, made: io::Result<()>| {
            made.map_err(|error| format!("`{}`: {error}", entry.path))
        };
        entries.iter().try_for_each(|entry| lay(entry, self.lay(entry)))?;
        // Last, and the innermost folder first: a folder may be closed to what is still to be put into it.
        entries.iter().rev().try_for_each(|entry| lay(entry, self.lay_attributes(entry)))
    }

    fn lay(&self, entry: &Entry) -> io::Result<()> {
        let path = self.path(&entry.path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        if !matches!(entry.content, Content::Folder) {
            remove_file(&path)?;
        }
        match &entry.content {
            Content::Folder => fs::create_dir_all(path),
            Content::File(bytes, size) => {
                fs::write(&path, bytes)?;
                size.map_or(Ok(()), |size| {
                    fs::File::options().append(true).open(path)?.set_len(size)
                })
            }
            Content::Link(target) => symlink(target, path),
            Content::Unreadable(how) => symlink(how.target(), path),
            Content::Removed if path.is_dir() => fs::remove_dir_all(path),
            Content::Removed => Ok(()),
        }
    }

    fn lay_attributes(&self, entry: &Entry) -> io::Result<()> {
        let path = self.path(&entry.path);
        if let Some(seconds) = entry.mtime {
            fs::File::open(&path)?.set_modified(UNIX_EPOCH + Duration::from_secs(seconds))?;
        }
        if let Some(mode) = entry.mode {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    }

    /// Writes a file, and the folders on the way to it.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
        let file = self.parent_of(path);
        fs::write(&file, content).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self
    }

    /// Makes a folder, and those on the way to it.
    pub fn folder(&self, path: &str) -> &Self {
        let folder = self.path(path);
        fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        self
    }

    /// Makes a symbolic link to `target`, which is not looked at.
    pub fn link(&self, path: &str, target: impl AsRef<Path>) -> &Self {
        let link = self.parent_of(path);
        symlink(target, &link).unwrap_or_else(|error| panic!("{}: {error}", link.display()));
        self
    }

    /// Makes a file that cannot be read, or makes the one that is there such a file.
    pub fn unreadable(&self, path: &str, how: Unreadable) -> &Self {
        let file = self.parent_of(path);
        remove_file(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.link(path, how.target())
    }

    /// Removes a file, a link, or a folder with all that is in it.
    pub fn remove(&self, path: &str) -> &Self {
        let path = self.path(path);
        let folder = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        let removed = if folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self
    }

    /// Where something in it is.
    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// What a collector has to be told to read this host instead of its own.
    pub fn paths(&self) -> Paths {
        paths_under(self.0.path())
    }

    fn parent_of(&self, path: &str) -> PathBuf {
        let path = self.path(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)
                .unwrap_or_else(|error| panic!("{}: {error}", parent.display()));
        }
        path
    }
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

/// The host whose root is `folder`.
pub(crate) fn paths_under(folder: &Path) -> Paths {
    Paths {
        procfs: folder.join("proc"),
        sysfs: folder.join("sys"),
        rootfs: folder.to_owned(),
        udev_data: folder.join("run/udev/data"),
    }
}

/// Removes a file or a link, so that nothing is written to where the link leads.
fn remove_file(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_dir() => fs::remove_file(path),
        _ => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
            continue;
        }
        remove_file(&target)?;
        if kind.is_symlink() {
            symlink(fs::read_link(entry.path())?, target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is at a path: the text of a file, or why it cannot be read.
    fn at(tree: &Tree, path: &str) -> Result<String, io::ErrorKind> {
        fs::read_to_string(tree.path(path)).map_err(|error| error.kind())
    }

    #[test]
    fn a_text_makes_a_host_and_another_what_it_is_later() {
        let host = Tree::from_text(
            "-- sys/closed/ [mode=0750] [mtime=1700000000] --\n-- sys/closed/a --\n1\n-- sys/link -> closed/a --\n\
             -- sys/eio [error=EIO] --\n-- sys/closed/eacces [error=EACCES] --\n-- core [size=1000000] --\nELF\n",
        );
        let metadata = |path: &str| fs::metadata(host.path(path)).unwrap();
        assert_eq!(metadata("sys/closed").permissions().mode() & 0o7777, 0o750);
        let changed = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        assert_eq!(metadata("sys/closed").modified().unwrap(), changed);
        assert_eq!(metadata("core").len(), 1_000_000);
        assert_eq!(at(&host, "sys/link").unwrap(), "1\n");
        assert_eq!(at(&host, "sys/closed/eacces"), Err(io::ErrorKind::PermissionDenied));
        let eio = fs::read(host.path("sys/eio")).unwrap_err();
        assert_eq!(eio.to_string(), "Input/output error (os error 5)");
        host.unreadable("core", Unreadable::InvalidArgument);
        assert_eq!(at(&host, "core"), Err(io::ErrorKind::InvalidInput));

        let later = Tree::new();
        later.write(
            "text",
            "-- sys/eio --\n2\n-- sys/link [removed] --\n-- sys/closed [removed] --\n",
        );
        host.overlay(later.path("text"));
        assert_eq!(at(&host, "sys/eio").unwrap(), "2\n");
        assert_eq!(at(&host, "sys/link"), Err(io::ErrorKind::NotFound));
        assert!(!host.path("sys/closed").exists());
    }

    #[test]
    #[should_panic(expected = "line 2: `../etc/passwd` is not a path below the root of the host")]
    fn a_text_that_is_wrong_is_refused_with_the_line() {
        Tree::from_text("-- proc/stat --\n-- ../etc/passwd --\n");
    }

    #[test]
    fn a_copy_can_be_changed_without_its_original() {
        let original = Tree::new();
        original.write("proc/a/b", "1").link("sys/to", "../proc/a/b");
        let copy = Tree::copy(original.path(""));
        assert_eq!(fs::read_link(copy.path("sys/to")).unwrap(), Path::new("../proc/a/b"));
        copy.write("proc/a/b", "2").remove("proc/a");
        assert_eq!(fs::read(original.path("proc/a/b")).unwrap(), b"1");
        assert!(!copy.path("proc/a").exists());
        assert_eq!(copy.paths().udev_data, copy.path("run/udev/data"));
    }
}
