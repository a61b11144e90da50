//! Writing YAML for people: what the exporter prints as its effective configuration.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::node::NodeValue;
use crate::scalar::resolve;

/// `value` in block style. Text that would read back as something else is quoted.
///
/// ```
/// # use exporter_config::to_yaml;
/// # use serde_json::json;
/// let value = json!({"interval": "10s", "labels": ["yes", "a b"], "off": {}});
/// assert_eq!(to_yaml(&value), "interval: 10s\nlabels:\n  - \"yes\"\n  - a b\n\"off\": {}\n");
/// ```
pub fn to_yaml(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => write_map(&mut text, map, 0),
        Value::Array(items) if !items.is_empty() => write_list(&mut text, items, 0),
        value => {
            write_scalar(&mut text, value);
            text.push('\n');
        }
    }
    text
}

/// Writes the entries, the first of them where the cursor is.
fn write_map(text: &mut String, map: &Map<String, Value>, depth: usize) {
    for (index, (key, value)) in map.iter().enumerate() {
        indent(text, if index == 0 { 0 } else { depth });
        write_text(text, key);
        text.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                new_line(text, depth + 1);
                write_map(text, map, depth + 1);
            }
            Value::Array(items) if !items.is_empty() => {
                new_line(text, depth + 1);
                write_list(text, items, depth + 1);
            }
            value => {
                text.push(' ');
                write_scalar(text, value);
                text.push('\n');
            }
        }
    }
}

/// Writes the items, the first of them where the cursor is.
fn write_list(text: &mut String, items: &[Value], depth: usize) {
    for (index, item) in items.iter().enumerate() {
        indent(text, if index == 0 { 0 } else { depth });
        text.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => write_map(text, map, depth + 1),
            Value::Array(items) if !items.is_empty() => write_list(text, items, depth + 1),
            item => {
                write_scalar(text, item);
                text.push('\n');
            }
        }
    }
}

fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    indent(text, depth);
}

fn indent(text: &mut String, depth: usize) {
    text.extend(std::iter::repeat_n("  ", depth));
}

fn write_scalar(text: &mut String, value: &Value) {
    match value {
        Value::String(content) => write_text(text, content),
        // What is left is written as in JSON: null, booleans, numbers, `{}` and `[]`.
        value => text.push_str(&value.to_string()),
    }
}

fn write_text(text: &mut String, content: &str) {
    if is_plain(content) {
        text.push_str(content);
        return;
    }
    text.push('"');
    for c in content.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            ' ' => text.push(c),
            // Whatever a reader may take for a line break, drop or not show.
            c if c.is_control() || c.is_whitespace() || is_unseen(c) => {
                let _ = write!(text, "\\U{:08X}", u32::from(c));
            }
            c => text.push(c),
        }
    }
    text.push('"');
}

/// Marks of byte order and writing direction, and what is no character at all.
fn is_unseen(c: char) -> bool {
    let unseen = [0x200B..=0x200F, 0x2028..=0x202E, 0x2060..=0x206F, 0xFFF0..=0xFFFF];
    c == '\u{feff}'
        || u32::from(c) & 0xFFFE == 0xFFFE
        || unseen.iter().any(|range| range.contains(&u32::from(c)))
}

/// Whether `content` needs no quotes in any YAML, of 1.1 as well: there `off` is false and `1:30` is 90.
fn is_plain(content: &str) -> bool {
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let inner = |c: char| c.is_ascii_alphanumeric() || "_-./+% ".contains(c);
    let first =
        content.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || "_/".contains(c));
    let number = content.starts_with(|c: char| c.is_ascii_digit());
    // Such as 10s and 256MiB, but neither 1_000 nor 2024-01-01 nor 0b11.
    let amount = content.chars().all(|c| c.is_ascii_alphanumeric())
        && content.ends_with(|c: char| c.is_ascii_alphabetic());
    // Such as http://host:9100/, in which no colon ends a key.
    let text = content.split(':').all(|part| !part.starts_with(' ') && part.chars().all(inner));
    first
        && text
        && !content.ends_with([':', ' '])
        && (!number || amount)
        && !words.contains(&content.to_ascii_lowercase().as_str())
        && matches!(resolve(content), Ok(NodeValue::Text(_)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_and_maps_stand_in_blocks() {
        let value = json!({
            "a": [{"b": 1, "c": [2.5, []]}, [[null], true]],
            "d": {"e": {"f": "x"}},
        });
        let text = "a:\n  - b: 1\n    c:\n      - 2.5\n      - []\n  - - - null\n    - true\nd:\n  e:\n    f: x\n";
        assert_eq!(to_yaml(&value), text);
        assert_eq!(to_yaml(&json!(["x"])), "- x\n");
        assert_eq!(to_yaml(&json!({})), "{}\n");
    }

    #[test]
    fn text_is_quoted_only_where_it_must_be() {
        let plain = ["10s", "256MiB", "http://host:9100/a", "/run/x", "a b", "net_dev-1"];
        for text in plain {
            assert_eq!(to_yaml(&json!(text)), format!("{text}\n"));
        }
        for text in [
            "",
            "no",
            "Off",
            "null",
            "1e3",
            "0x1f",
            "1_000",
            "1:30",
            "2024-01-01",
            "a: b",
            "a #b",
            " a",
            "-a",
            "a:",
        ] {
            assert_eq!(to_yaml(&json!(text)), format!("\"{text}\"\n"));
        }
        assert_eq!(to_yaml(&json!("a\n\"\\\u{85}\t")), "\"a\\n\\\"\\\\\\U00000085\\t\"\n");
    }
}
