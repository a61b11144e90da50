//! What is mounted: /proc/PID/mountinfo, see proc_pid_mountinfo(5). Not with the crate procfs, which reads names as UTF-8
//! and fails on those that are not.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use exporter_host::{Filter, KernelFile};
use exporter_sdk::Result;

/// One mounted file system.
#[derive(Debug)]
pub(crate) struct Mount {
    pub(crate) device: String,
    pub(crate) point: String,
    pub(crate) fs_type: String,
    pub(crate) major: String,
    pub(crate) minor: String,
    pub(crate) readonly: bool,
    /// The mount point as the kernel has it, which need not be UTF-8.
    pub(crate) raw: PathBuf,
}

/// Where this process sees a mount point.
pub(crate) fn below(rootfs: &Path, point: &Path) -> PathBuf {
    rootfs.join(point.strip_prefix("/").unwrap_or(point))
}

/// The mounts that are wanted. They change seldom, so what was made of the file is kept until the kernel tells of a change,
/// or, of a file that is no kernel's, until it reads differently.
#[derive(Debug)]
pub(crate) struct Mounts {
    /// That of the first process, which sees the host's mounts, and where it may not be read, our own.
    files: [KernelFile; 2],
    rootfs: PathBuf,
    points: Filter,
    types: Filter,
    text: Vec<u8>,
    wanted: Vec<Mount>,
    /// The lines that are not understood, of which the log was told.
    odd: HashSet<Vec<u8>>,
}

impl Mounts {
    pub(crate) fn new(procfs: &Path, rootfs: &Path, points: Filter, types: Filter) -> Self {
        let files = ["1/mountinfo", "self/mountinfo"]
            .map(|file| KernelFile::new(procfs.join(file)).kept_open());
        let (rootfs, text, wanted) = (rootfs.to_owned(), Vec::new(), Vec::new());
        Self { files, rootfs, points, types, text, wanted, odd: HashSet::new() }
    }

    pub(crate) fn read(&mut self) -> Result<&[Mount]> {
        let [host, own] = &mut self.files;
        // The one that was read last is open. It says so itself when it was not read yet.
        let changed = host.changed() && own.changed();
        if !changed && !self.text.is_empty() {
            return Ok(&self.wanted);
        }
        // The kernel tells of a change once. Should reading fail now, nothing is left that could be taken for the answer.
        let before = std::mem::take(&mut self.text);
        let path = host.path().to_owned();
        let text = host.read_bytes().or_else(|error| own.read_bytes().map_err(|_| error))?;
        if text != before {
            let (mut wanted, mut odd) = (Vec::new(), HashSet::new());
            for line in text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
                match parse(line, &self.rootfs) {
                    Some(mount) => wanted.push(mount),
                    None => drop(odd.insert(line.to_owned())),
                }
            }
            wanted.retain(|it| self.points.takes(&it.point) && self.types.takes(&it.fs_type));
            for line in odd.difference(&self.odd) {
                let (file, line) = (path.display(), String::from_utf8_lossy(line));
                tracing::warn!(%file, %line, "A mount is left out whose line is not understood");
            }
            (self.wanted, self.odd) = (wanted, odd);
        }
        text.clone_into(&mut self.text);
        Ok(&self.wanted)
    }
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`.
fn parse(line: &[u8], rootfs: &Path) -> Option<Mount> {
    let fields: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    // Behind the options stand any number of fields, up to a hyphen.
    let separator = fields.iter().skip(6).position(|field| *field == b"-")? + 6;
    // Some drivers write blanks as they are, where those of the options need not be told from others.
    let [fs_type, device, super_options @ ..] = &fields[separator + 1..] else { return None };
    let super_options = super_options.join(&b' ');
    let numbers = String::from_utf8_lossy(fields[2]).into_owned();
    let (major, minor) = numbers.split_once(':')?;
    let raw = strip(unescape(fields[4]), rootfs);
    // As node_exporter has it, with `\040` for a space in the name of a share.
    let text = |field| String::from_utf8_lossy(field).into_owned();
    // The second is how ext4 says that an error made it so.
    let readonly: [&[u8]; 2] = [b"ro", b"emergency_ro"];
    let is_readonly =
        |options: &[u8]| options.split(|&byte| byte == b',').any(|one| readonly.contains(&one));
    Some(Mount {
        device: text(device),
        point: raw.to_string_lossy().into_owned(),
        fs_type: text(fs_type),
        major: major.to_owned(),
        minor: minor.to_owned(),
        readonly: is_readonly(fields[5]) || is_readonly(&super_options),
        raw,
    })
}

/// What stands as `\040` in the file is a blank: space, tab, line feed, backslash and `#` are written so.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, after)) = rest.split_first() {
        let octal = after.get(..3).and_then(|digits| str::from_utf8(digits).ok());
        let code = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(code) = code.filter(|_| byte == b'\\') {
            bytes.push(code);
            rest = &after[3..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    bytes
}

/// A mount point as the host sees it, where its root is mounted at `rootfs`.
fn strip(point: Vec<u8>, rootfs: &Path) -> PathBuf {
    let stripped = Path::new(OsStr::from_bytes(&point)).strip_prefix(rootfs);
    match stripped {
        Ok(rest) => Path::new("/").join(rest),
        Err(_) => PathBuf::from(std::ffi::OsString::from_vec(point)),
    }
}
