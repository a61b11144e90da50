//! What stands in a file, and where.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use exporter_sdk::{Error, Scrape};

use crate::number::{Number, parse_number};

/// Something could not be read or parsed, which was recorded with [`Scrape::omit`]. It is not an error to pass on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Omitted;

/// The text of a file, or of one of its lines, with its place.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    path: &'a Path,
    line: Option<usize>,
    content: Cow<'a, str>,
}

impl<'a> Text<'a> {
    pub(crate) fn new(path: &'a Path, line: Option<usize>, content: Cow<'a, str>) -> Self {
        Self { path, line, content }
    }

    /// One of its lines, which are counted from 1.
    pub(crate) fn line<'l>(&'l self, number: usize, line: &'l str) -> Text<'l> {
        Text::new(self.path, Some(number), Cow::Borrowed(line))
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.content
    }

    /// Where it stands: `/proc/stat`, or `/proc/stat:6` of a line.
    pub fn place(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            write!(f, "{}", self.path.display())?;
            self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
        })
    }

    /// Parses `word`, which is the part of this text that `part` names (`column 4`). A word that is no such number is
    /// recorded as an omission, and there is none, so that it costs nothing but its own metric.
    pub fn number<T: Number>(
        &self,
        scrape: &mut Scrape,
        part: impl fmt::Display,
        word: &str,
    ) -> Option<T> {
        match parse_number(word) {
            Ok(number) => Some(number),
            Err(error) => {
                scrape.omit(format_args!("{}, {part}", self.place()), error);
                None
            }
        }
    }

    /// Records that the whole text is omitted, with its beginning and what is wrong with it.
    pub fn omit(&self, scrape: &mut Scrape, why: impl Into<Error>) {
        let why = why.into();
        scrape.omit(self.place(), format!("`{}`: {why}", beginning(&self.content)));
    }
}

/// The beginning of the first line of a text, for messages: 60 characters at most.
pub fn beginning(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    let end = line.char_indices().nth(60).map_or(line.len(), |(end, _)| end);
    line[..end].trim_end()
}
