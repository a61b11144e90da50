//! What is wrong with a configuration: one line that says where, which key, and what would be right.

use std::error::Error;
use std::fmt;

use crate::node::Node;
use crate::origin::Origin;
use crate::redact::redact;
use crate::variables::first_variable;

/// The longest key that a message repeats in full.
const KEY_SHOWN: usize = 100;

/// A mistake in a configuration.
///
/// It is one line, whatever the text that it was made of, and shows no user info of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    origin: Origin,
    path: String,
    message: String,
}

impl Problem {
    /// A mistake at `origin`, in the value of the key `path` (empty where no key is concerned).
    pub fn new(origin: Origin, path: &str, message: &str) -> Self {
        Self { origin, path: one_line(&redact(path)), message: one_line(&redact(message)) }
    }

    /// The same, with a hint if `${NAME}` stands in the value that is wrong, `node`, or in one that is inside it.
    #[must_use]
    pub fn with_hint(mut self, node: &Node) -> Self {
        if let Some(place) = first_variable(node) {
            self.message.push_str("; variables such as `${NAME}` are not expanded");
            if *place != self.origin {
                self.message.push_str(" (");
                self.message.push_str(&one_line(&place.to_string()));
                self.message.push(')');
            }
        }
        self
    }

    /// Where it was written.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The keys that lead there, such as `collectors.netdev.device_exclude`; empty where no key is concerned.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&one_line(&self.origin.to_string()))?;
        if !self.path.is_empty() {
            write!(f, ": {}", self.path)?;
        }
        write!(f, ": {}", self.message)
    }
}

impl Error for Problem {}

/// The path of `key` under `path`. Keys that could be read as a path themselves are quoted.
pub(crate) fn child_path(path: &str, key: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let key = shorten(key);
    match (key.is_empty() || !key.chars().all(plain), path.is_empty()) {
        (true, _) => format!("{path}[{key:?}]"),
        (false, true) => key,
        (false, false) => format!("{path}.{key}"),
    }
}

/// The path of an item of the list at `path`.
pub(crate) fn item_path(path: &str, index: usize) -> String {
    format!("{path}[{index}]")
}

/// `text`, cut where a message would become unreadable.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(KEY_SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn one_line(text: &str) -> String {
    let lines: Vec<&str> =
        text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut line = String::new();
    for c in lines.join(" ").chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin::File { name: "exporter.yml".into(), line: 7, column: 5 }
    }

    #[test]
    fn it_says_where_which_key_and_what() {
        let problem = Problem::new(origin(), "collectors.netdev", "wrong");
        assert_eq!(problem.to_string(), "exporter.yml:7:5: collectors.netdev: wrong");
        assert_eq!(Problem::new(origin(), "", "wrong").to_string(), "exporter.yml:7:5: wrong");
        assert_eq!((problem.origin(), problem.path()), (&origin(), "collectors.netdev"));
        assert_eq!(problem.message(), "wrong");
    }

    #[test]
    fn it_is_one_line_without_user_info() {
        let message = "regex parse error:\r\n\n    (\u{1b}[1m\n    ^ in http://u:hunter2@host/";
        let problem = Problem::new(Origin::Flag("--a\nb".into()), "a\nb", message);
        assert_eq!(
            problem.to_string(),
            r"--a b: a b: regex parse error: (\u{1b}[1m ^ in http://***@host/"
        );
    }

    #[test]
    fn paths_can_be_told_from_the_keys_in_them() {
        assert_eq!(child_path("", "a-b"), "a-b");
        assert_eq!(child_path("a", "b_1"), "a.b_1");
        assert_eq!(child_path("a", "b.c"), r#"a["b.c"]"#);
        assert_eq!(child_path("a", "b\nc"), r#"a["b\nc"]"#);
        assert_eq!(child_path("a", ""), r#"a[""]"#);
        assert_eq!(item_path("a", 2), "a[2]");
        assert_eq!(child_path("", &"k".repeat(2000)).len(), KEY_SHOWN + r#"["..."]"#.len());
    }
}
