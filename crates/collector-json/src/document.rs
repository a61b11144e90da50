//! From the bytes of an answer to a document.

use std::fmt::Display;

use exporter_sdk::{Result, Scrape};
use serde_json::Value;

use crate::extract::shown;

/// Parses a document that is one JSON value.
pub(crate) fn parse(body: &[u8]) -> Result<Value> {
    let body = without_mark(body);
    if body.is_empty() {
        return Err("the answer has no body".into());
    }
    value(body)
}

/// Parses a document of one JSON value per line into the list of them. A line that is not JSON is left out; `place` says of
/// what document it is.
pub(crate) fn parse_lines(body: &[u8], place: impl Display, scrape: &mut Scrape<'_>) -> Value {
    let mut values = Vec::new();
    for (number, line) in (1..).zip(without_mark(body).split(|byte| *byte == b'\n')) {
        let line = line.trim_ascii();
        if line.is_empty() {
            continue;
        }
        match value(line) {
            Ok(value) => values.push(value),
            Err(error) => scrape.omit(format_args!("{place} line {number}"), error),
        }
    }
    Value::Array(values)
}

fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

fn value(text: &[u8]) -> Result<Value> {
    serde_json::from_slice(text)
        .map_err(|error| format!("not JSON: {error}: {}", beginning(text)).into())
}

/// The beginning of what should be text.
pub(crate) fn beginning(body: &[u8]) -> String {
    // A character that is cut off does not matter in what is shown.
    const LENGTH: usize = 1024;
    shown(String::from_utf8_lossy(&body[..body.len().min(LENGTH)]).trim())
}
