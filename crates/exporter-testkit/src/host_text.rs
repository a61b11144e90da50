//! The files of a host in one text. The format is that of txtar, with attributes in the headers.
//!
//! ```text
//! Lines before the first header are a remark.
//! -- proc/loadavg --
//! 0.21 0.37 0.39 1/719 19737
//! -- sys/class/net/eth0 -> ../../devices/virtual/net/eth0 --
//! -- sys/devices/virtual/net/eth0/ --
//! -- sys/devices/virtual/net/eth0/speed [error=EINVAL] --
//! -- proc/1/environ [no-newline] [escaped] --
//! HOME=/\0TERM=xterm\0
//! ```

use std::collections::HashSet;
use std::fmt;

/// A file, a folder or a link of a host.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Where it is, from the root of the host.
    pub(crate) path: String,
    pub(crate) content: Content,
    /// The permission bits, where they are not the usual ones.
    pub(crate) mode: Option<u32>,
    /// The time of the last change, in seconds since 1970.
    pub(crate) mtime: Option<u64>,
}

/// What stands in the place of an entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Folder,
    /// The bytes of a file, and its size where zeros follow them.
    File(Vec<u8>, Option<u64>),
    /// The target of a symbolic link.
    Link(String),
    /// A file that cannot be read.
    Unreadable(Unreadable),
    /// Nothing: what is there is removed.
    Removed,
}

/// How reading a file fails: for every user, root as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// `EACCES`: it cannot be opened.
    PermissionDenied,
    /// `EINVAL`: it can be opened, but not read. So do attributes of sysfs that have no value at the moment.
    InvalidArgument,
    /// `EIO`: it can be opened, but not read.
    InputOutput,
}

/// What is wrong with a text, and in which line.
#[derive(Debug, PartialEq)]
pub(crate) struct Problem {
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl Unreadable {
    const ALL: [(&'static str, Self); 3] = [
        ("EACCES", Self::PermissionDenied),
        ("EINVAL", Self::InvalidArgument),
        ("EIO", Self::InputOutput),
    ];

    /// A file of procfs that fails like this. A link to it stands for the file that cannot be read.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::PermissionDenied => "/proc/sys/vm/drop_caches",
            Self::InvalidArgument => "/proc/self/clear_refs",
            Self::InputOutput => "/proc/self/mem",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.message)
    }
}

/// Reads the entries of a text, in their order.
pub(crate) fn parse(text: &str) -> Result<Vec<Entry>, Problem> {
    let (mut entries, mut paths) = (Vec::new(), HashSet::new());
    let lines = text.split_inclusive('\n').map(|line| line.strip_suffix('\n').unwrap_or(line));
    let mut lines = lines.enumerate().map(|(index, line)| (index + 1, line)).peekable();
    while lines.next_if(|(_, line)| header(line).is_none()).is_some() {}
    while let Some((number, line)) = lines.next() {
        let header = header(line).unwrap_or_default();
        let mut body = Vec::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| self::header(line).is_none()) {
            body.push(line);
        }
        let entry = entry(header, &body).and_then(|entry| {
            let first = paths.insert(entry.path.clone());
            if first { Ok(entry) } else { Err(format!("`{}` comes twice", entry.path)) }
        });
        entries.push(entry.map_err(|message| Problem { line: number, message })?);
    }
    Ok(entries)
}

/// What stands in a header: `-- THIS --`.
fn header(line: &str) -> Option<&str> {
    line.strip_prefix("-- ")?.strip_suffix(" --").map(str::trim)
}

fn entry(header: &str, body: &[&str]) -> Result<Entry, String> {
    let (place, attributes) = Attributes::split(header)?;
    let (path, target) = match place.split_once(" -> ") {
        Some((path, target)) => (path, Some(target)),
        None => (place, None),
    };
    let folder = path.ends_with('/');
    let path = path.strip_suffix('/').unwrap_or(path);
    let outside = |part: &str| ["", ".", ".."].contains(&part);
    if path.split('/').any(outside) {
        return Err(format!(
            "`{path}` is not a path below the root of the host; write it without a slash in front, `.` and `..`"
        ));
    }
    let Attributes { mode, mtime, size, error, removed, no_newline, escaped } = attributes;
    let content = match (target, folder, error, removed) {
        (None, false, None, false) => {
            return Ok(Entry {
                path: path.to_owned(),
                content: Content::File(bytes(body, no_newline, escaped)?, size),
                mode,
                mtime,
            });
        }
        (Some(target), false, None, false) => Content::Link(target.to_owned()),
        (None, true, None, false) => Content::Folder,
        (None, false, Some(error), false) => Content::Unreadable(error),
        (None, false, None, true) => Content::Removed,
        _ => {
            return Err(format!(
                "`{path}` is two things: a link, a folder, `error` and `removed` exclude each other"
            ));
        }
    };
    if body.iter().any(|line| !line.is_empty()) {
        return Err(format!("`{path}` is not a file, so that it has no lines"));
    }
    if no_newline || escaped || size.is_some() {
        return Err(format!(
            "`{path}` is not a file: `no-newline`, `escaped` and `size` are for files"
        ));
    }
    if (mode.is_some() || mtime.is_some()) && content != Content::Folder {
        return Err(format!("`{path}`: `mode` and `mtime` are for files and folders"));
    }
    Ok(Entry { path: path.to_owned(), content, mode, mtime })
}

/// What stands in brackets at the end of a header.
#[derive(Default)]
struct Attributes {
    mode: Option<u32>,
    mtime: Option<u64>,
    size: Option<u64>,
    error: Option<Unreadable>,
    removed: bool,
    no_newline: bool,
    escaped: bool,
}

impl Attributes {
    /// Splits them off a header.
    fn split(mut header: &str) -> Result<(&str, Self), String> {
        let mut attributes = Self::default();
        while let Some((rest, attribute)) =
            header.strip_suffix(']').and_then(|header| header.rsplit_once(" ["))
        {
            attributes.read(attribute)?;
            header = rest.trim_end();
        }
        Ok((header, attributes))
    }

    fn read(&mut self, attribute: &str) -> Result<(), String> {
        let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
        let number = |form: &str| format!("`{attribute}`: expected {form}");
        match name {
            "mode" => {
                let mode = u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o7777);
                self.mode = Some(mode.ok_or_else(|| number("octal digits, as in `mode=0400`"))?);
            }
            "mtime" => {
                let time = value.parse();
                self.mtime = Some(time.map_err(|_| number("seconds since 1970"))?);
            }
            "size" => self.size = Some(value.parse().map_err(|_| number("a number of bytes"))?),
            "error" => {
                let found = Unreadable::ALL.iter().find(|(name, _)| *name == value);
                let names = Unreadable::ALL.map(|(name, _)| name).join(", ");
                self.error = Some(found.ok_or_else(|| number(&format!("one of {names}")))?.1);
            }
            "removed" if value.is_empty() => self.removed = true,
            "no-newline" if value.is_empty() => self.no_newline = true,
            "escaped" if value.is_empty() => self.escaped = true,
            _ => {
                return Err(format!(
                    "unknown attribute `[{attribute}]`; there are [mode=0400], [mtime=SECONDS], [size=BYTES], \
                     [error=EIO], [removed], [no-newline] and [escaped]"
                ));
            }
        }
        Ok(())
    }
}

fn bytes(body: &[&str], no_newline: bool, escaped: bool) -> Result<Vec<u8>, String> {
    let mut text = body.join("\n");
    if !no_newline && !body.is_empty() {
        text.push('\n');
    }
    if escaped { unescape(&text) } else { Ok(text.into_bytes()) }
}

/// `\0`, `\n`, `\r`, `\t`, `\\` and `\xNN` stand for the bytes for which they stand in Rust.
fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let code = after.chars().next().unwrap_or_default();
        let simple = match code {
            '0' => Some(0),
            'n' => Some(b'\n'),
            'r' => Some(b'\r'),
            't' => Some(b'\t'),
            '\\' => Some(b'\\'),
            _ => None,
        };
        let hexadecimal = || {
            let digits = after.strip_prefix('x')?.get(..2)?;
            u8::from_str_radix(digits, 16).ok()
        };
        rest = if let Some(byte) = simple {
            bytes.push(byte);
            &after[1..]
        } else if let Some(byte) = hexadecimal() {
            bytes.push(byte);
            &after[3..]
        } else {
            return Err(format!(
                "`\\{code}` is none of \\0, \\n, \\r, \\t, \\\\ and \\xNN, which an escaped file may have"
            ));
        };
    }
    bytes.extend_from_slice(rest.as_bytes());
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(header: &str, body: &str) -> Result<Entry, String> {
        let text = format!("A remark.\n-- {header} --\n{body}");
        parse(&text).map(|mut entries| entries.remove(0)).map_err(|problem| {
            assert_eq!(problem.line, 2);
            problem.message
        })
    }

    fn check(header: &str, body: &str, expected: Content) {
        assert_eq!(one(header, body).unwrap().content, expected, "{header}");
    }

    #[test]
    fn files_folders_and_links_are_read_byte_by_byte() {
        let file = |bytes: &[u8]| Content::File(bytes.to_vec(), None);
        check("a/b c", "1\n\n2\n", file(b"1\n\n2\n"));
        check("empty", "", file(b""));
        check("line", "\n", file(b"\n"));
        check("a [no-newline]", "1\n", file(b"1"));
        check("a [escaped]", "\\x2d- b --\\n\\xff\\0\\\\\n", file(b"-- b --\n\xff\0\\\n"));
        check("a [size=4096]", "1\n", Content::File(b"1\n".to_vec(), Some(4096)));
        check("a/", "", Content::Folder);
        check("a -> ../b", "\n", Content::Link("../b".to_owned()));
        check("a [error=EIO]", "", Content::Unreadable(Unreadable::InputOutput));
        check("a [removed]", "", Content::Removed);
        let entry = one("a [mode=0400] [mtime=1700000000]", "1\n").unwrap();
        assert_eq!((entry.mode, entry.mtime), (Some(0o400), Some(1_700_000_000)));
        let entries = parse("-- a --\n1\n-- b --\n-- c --\n--\n-- d--\n").unwrap();
        let paths: Vec<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["a", "b", "c"]);
        assert_eq!(entries[2].content, file(b"--\n-- d--\n"));
    }

    #[test]
    fn what_is_wrong_is_said_with_what_would_be_right() {
        let refused = |header: &str, body: &str, expected: &str| {
            let problem = one(header, body).unwrap_err();
            assert!(problem.contains(expected), "{header}: {problem}");
        };
        refused("/proc/stat", "", "not a path below the root");
        refused("a/../../b", "", "not a path below the root");
        refused("a [mode=9]", "", "`mode=9`: expected octal digits");
        refused("a [error=EMFILE]", "", "expected one of EACCES, EINVAL, EIO");
        refused("a [gone]", "", "unknown attribute `[gone]`; there are [mode=0400]");
        refused("a [escaped]", "\\q\n", "`\\q` is none of \\0");
        refused("a/ [removed]", "", "two things");
        refused("a/", "1\n", "not a file, so that it has no lines");
        refused("a -> b [size=1]", "", "are for files");
        refused("a [error=EIO] [mode=0400]", "", "for files and folders");
        assert_eq!(parse("-- a --\n-- a --\n").unwrap_err().to_string(), "2: `a` comes twice");
    }
}
