//! A host that is not this one: files under a temporary folder.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use exporter_sdk::Paths;
use tempfile::TempDir;

/// A folder that stands for the root of a host, with `proc`, `sys` and whatever else a collector reads. It is gone when
/// this is dropped.
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

    /// A copy of a folder, links as links. A relative path begins at the package under test.
    pub fn copy(folder: impl AsRef<Path>) -> Self {
        let tree = Self::new();
        tree.overlay(folder);
        tree
    }

    /// Copies a folder over it: what both have becomes that of the folder.
    pub fn overlay(&self, folder: impl AsRef<Path>) -> &Self {
        let folder = folder.as_ref();
        copy(folder, self.0.path()).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        self
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

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            let _ = fs::remove_file(&target);
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
