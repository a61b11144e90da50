//! A place in a line.

use crate::error::ParseError;
use crate::number;

pub(crate) type Result<T, E = ParseError> = std::result::Result<T, E>;

/// What becomes of a backslash before a character that needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Undefined {
    /// It is an error.
    Refused,
    /// It stands for itself.
    Kept,
}

/// Reads one line from left to right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a> {
    line: &'a str,
    at: usize,
    pub(crate) number: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(line: &'a str, number: usize) -> Self {
        Self { line, at: 0, number }
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    pub(crate) fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    pub(crate) fn skip_blanks(&mut self) {
        self.take_while(|c| c == ' ' || c == '\t');
    }

    pub(crate) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// The place before the last character of the line.
    pub(crate) fn before_last(mut self) -> Self {
        self.at = self.line.char_indices().next_back().map_or(0, |(at, _)| at);
        self
    }

    /// Takes `text`, if it is next.
    pub(crate) fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Takes `text`, which has to be next: `what` says so in the message.
    pub(crate) fn expect(&mut self, text: &str, what: &str) -> Result<()> {
        if self.take(text) { Ok(()) } else { self.fail(&format!("expected `{text}` {what}")) }
    }

    /// The error that something else was expected here.
    pub(crate) fn fail<T>(&self, expected: &str) -> Result<T> {
        let found = match self.rest().chars().next() {
            Some('\r') => "found a carriage return; lines end in a line feed alone".to_owned(),
            Some(c) => format!("found `{}`", c.escape_debug()),
            None => "found the end of the line".to_owned(),
        };
        self.error(format!("{expected}, {found}"))
    }

    /// An error at this place.
    pub(crate) fn error<T>(&self, message: String) -> Result<T> {
        let column = self.line[..self.at].chars().count() + 1;
        Err(ParseError { line: self.number, column, message })
    }

    /// A string between quotes, whose opening one was taken.
    pub(crate) fn quoted(&mut self, what: &str, undefined: Undefined) -> Result<String> {
        let text = self.escaped(what, undefined)?;
        self.expect("\"", &format!("behind {what}"))?;
        Ok(text)
    }

    /// Text with the escapes `\\`, `\"` and `\n`, up to a double quote or the end of the line.
    pub(crate) fn escaped(&mut self, what: &str, undefined: Undefined) -> Result<String> {
        let mut text = String::new();
        loop {
            text.push_str(self.take_while(|c| c != '"' && c != '\\'));
            let start = *self;
            if !self.take("\\") {
                return Ok(text);
            }
            text.push(if self.take("\\") {
                '\\'
            } else if self.take("\"") {
                '"'
            } else if self.take("n") {
                '\n'
            } else if undefined == Undefined::Kept && !self.is_done() {
                '\\'
            } else {
                let message = format!("an escape that is none in {what}; write \\\\, \\\" or \\n");
                return start.error(message);
            });
        }
    }

    /// A name made of `[a-zA-Z_][a-zA-Z0-9_]*`, with colons for metrics, or any between quotes.
    pub(crate) fn name(&mut self, what: &str, colons: bool) -> Result<String> {
        let start = *self;
        if self.take("\"") {
            let name = self.quoted(what, Undefined::Refused)?;
            return if name.is_empty() {
                start.error(format!("{what} is empty"))
            } else {
                Ok(name)
            };
        }
        if self.rest().starts_with(|c: char| c.is_ascii_digit()) {
            return self.fail(&format!("expected {what}, which does not begin with a digit"));
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
        let name = self.take_while(legal);
        if name.is_empty() { self.fail(&format!("expected {what}")) } else { Ok(name.to_owned()) }
    }

    /// A number up to the next blank.
    pub(crate) fn number(&mut self, what: &str) -> Result<f64> {
        let start = *self;
        let word = self.take_while(|c| c != ' ' && c != '\t');
        if word.is_empty() {
            return self.fail(&format!("expected {what}"));
        }
        match number::parse(word) {
            Ok(number) => Ok(number),
            Err(problem) => start.error(format!("{what} `{}` {problem}", word.escape_debug())),
        }
    }
}
