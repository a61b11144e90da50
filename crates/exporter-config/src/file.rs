//! Reading what an operator named, without surprises: never a pipe that blocks, never more than fits.

use std::fs;
use std::io::Read;
use std::path::Path;

/// A text file could not be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    /// Where the first byte stands that is not UTF-8: line and column, both from 1.
    pub(crate) place: Option<(u32, u32)>,
    /// What is wrong, without the path.
    pub(crate) message: String,
}

impl Unreadable {
    fn new(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into() }
    }
}

/// Reads a regular file of UTF-8 with at most `limit` bytes, which is called `limit_text` in messages.
pub(crate) fn read_text(path: &Path, limit: usize, limit_text: &str) -> Result<String, Unreadable> {
    let io = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Unreadable::new("there is no such file"),
        _ => Unreadable::new(format!("the file cannot be read: {error}")),
    };
    // Opening a pipe waits for its other end, so what it is has to be known before.
    let kind = fs::metadata(path).map_err(io)?.file_type();
    if kind.is_dir() {
        return Err(Unreadable::new("this is a directory; name a file in it"));
    }
    if !kind.is_file() {
        return Err(Unreadable::new("this is not a regular file; pipes and devices are not read"));
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(io)?;
    // The size that the file system tells is not to be trusted: that of files in /proc is 0.
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > limit {
        return Err(Unreadable::new(format!("the file is larger than {limit_text}")));
    }
    String::from_utf8(bytes).map_err(|error| not_utf8(&error))
}

fn not_utf8(error: &std::string::FromUtf8Error) -> Unreadable {
    let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let text = String::from_utf8_lossy(before);
    let line = text.matches('\n').count() + 1;
    let column = text.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
    let bounded = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Unreadable {
        place: Some((bounded(line), bounded(column))),
        message: format!("not UTF-8 in line {line}; save the file as UTF-8"),
    }
}
