//! What is mounted: /proc/PID/mountinfo, see proc_pid_mountinfo(5). Not with the crate procfs, which reads names as UTF-8
//! and fails on those that are not.

use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use exporter_host::{Filter, KernelFile, beginning};
use exporter_sdk::{Result, Scrape};

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
    /// The lines that are no mounts: place, and what is wrong.
    broken: Vec<(String, String)>,
}

impl Mounts {
    pub(crate) fn new(procfs: &Path, rootfs: &Path, points: Filter, types: Filter) -> Self {
        let files = ["1/mountinfo", "self/mountinfo"]
            .map(|file| KernelFile::new(procfs.join(file)).kept_open());
        let (rootfs, text, wanted) = (rootfs.to_owned(), Vec::new(), Vec::new());
        Self { files, rootfs, points, types, text, wanted, broken: Vec::new() }
    }

    /// What is mounted now.
    ///
    /// # Errors
    ///
    /// When neither file can be read.
    pub(crate) fn read(&mut self, scrape: &mut Scrape) -> Result<&[Mount]> {
        self.refresh()?;
        for (place, why) in &self.broken {
            scrape.omit(place, why.as_str());
        }
        Ok(&self.wanted)
    }

    fn refresh(&mut self) -> Result {
        let [host, own] = &mut self.files;
        // The one that was read last is open. It says so itself when it was not read yet.
        let changed = host.changed() && own.changed();
        if !changed && !self.text.is_empty() {
            return Ok(());
        }
        // The kernel tells of a change once. Should reading fail now, nothing is left that could be taken for the answer.
        let before = std::mem::take(&mut self.text);
        let paths = [host.path().to_owned(), own.path().to_owned()];
        let host = host.read_bytes().map(|text| (text, &paths[0]));
        let (text, path) = match host {
            Ok(found) => found,
            Err(error) => (own.read_bytes().map_err(|_| error)?, &paths[1]),
        };
        if text != before {
            let (mut wanted, mut broken) = (Vec::new(), Vec::new());
            for (index, line) in text.split(|&byte| byte == b'\n').enumerate() {
                match parse(line, &self.rootfs) {
                    Some(mount) => wanted.push(mount),
                    None if line.trim_ascii().is_empty() => {}
                    None => broken.push(broken_line(path, index + 1, line)),
                }
            }
            wanted.retain(|it| self.points.takes(&it.point) && self.types.takes(&it.fs_type));
            (self.wanted, self.broken) = (wanted, broken);
        }
        text.clone_into(&mut self.text);
        Ok(())
    }
}

/// Place of a line that is no mount, and what is wrong.
fn broken_line(path: &Path, number: usize, line: &[u8]) -> (String, String) {
    let line = String::from_utf8_lossy(line);
    let why = format!(
        "`{}`: expected `ID PARENT MAJOR:MINOR ROOT POINT OPTIONS - TYPE DEVICE OPTIONS`",
        beginning(&line)
    );
    (format!("{}:{number}", path.display()), why)
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
