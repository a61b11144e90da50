//! Expected output in files.

use std::env;
use std::fs;
use std::path::Path;

use crate::page::Page;

/// Compares text with that of a file, or writes the file when the environment has `UPDATE_GOLDEN=1`.
#[track_caller]
pub(crate) fn check(file: &Path, actual: &str) {
    if env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
        fs::write(file, actual).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        return;
    }
    let expected = fs::read_to_string(file).unwrap_or_else(|error| {
        panic!("{}: {error}; UPDATE_GOLDEN=1 cargo test writes it", file.display())
    });
    if let Some(difference) = difference(&expected, actual) {
        panic!(
            "{} and the page differ; if the page is right, UPDATE_GOLDEN=1 cargo test takes it over\n{difference}",
            file.display()
        );
    }
}

/// The lines that only one of two texts has, `-` for those of the expected one.
fn difference(expected: &str, actual: &str) -> Option<String> {
    if expected == actual {
        return None;
    }
    let only = |sign: char, a: &str, b: &str| -> Vec<String> {
        let other: Vec<&str> = b.lines().collect();
        let lines = a.lines().filter(|line| !other.contains(line));
        lines.map(|line| format!("{sign} {line}")).collect()
    };
    let mut lines = only('-', expected, actual);
    lines.extend(only('+', actual, expected));
    if lines.is_empty() {
        lines.push("  the same lines, in another order or number".to_owned());
    }
    Some(lines.join("\n"))
}

/// A page in which the samples of `volatile` families are reduced to the names of their labels.
pub(crate) fn mask(page: &str, volatile: &[&str]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in page.lines() {
        let name = line.split(['{', ' ']).next().unwrap_or_default();
        let line = if volatile.contains(&name) { label_names(line) } else { line.to_owned() };
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// `x{a="1",b="2"} 3` as `x{a,b} *`.
fn label_names(line: &str) -> String {
    let page = Page::parse(&format!("{line}\n"));
    let sample = page.all_samples()[0];
    let names: Vec<&str> = sample.labels.iter().map(|(name, _)| name.as_str()).collect();
    let names = if names.is_empty() { String::new() } else { format!("{{{}}}", names.join(",")) };
    format!("{}{names} *", sample.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_is_reduced_to_what_does_not() {
        let page =
            "# TYPE a gauge\na{x=\"1\",y=\"} 2\"} 3\na{x=\"2\",y=\"\"} 4\n# TYPE b gauge\nb 1\n";
        assert_eq!(mask(page, &["a"]), "# TYPE a gauge\na{x,y} *\n# TYPE b gauge\nb 1\n");
        assert_eq!(mask("b 1\n", &["b"]), "b *\n");
    }

    #[test]
    fn a_difference_is_told_line_by_line() {
        assert_eq!(difference("a 1\nb 2\n", "a 1\nb 3\n").unwrap(), "- b 2\n+ b 3");
        assert!(difference("a 1\nb 2\n", "b 2\na 1\n").unwrap().contains("another order"));
        assert_eq!(difference("a 1\n", "a 1\n"), None);
    }
}
