//! Expected output in files.

use std::env;
use std::fs;
use std::io;
use std::path::Path;

use crate::page::Page;

/// Compares text with that of a file, or writes the file, and the folders on the way to it, when the environment has
/// `UPDATE_GOLDEN=1`.
pub(crate) fn compare(file: &Path, actual: &str) -> Result<(), String> {
    let update = env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1");
    compare_or_write(file, actual, update)
}

fn compare_or_write(file: &Path, actual: &str, write: bool) -> Result<(), String> {
    let place = |error: io::Error| format!("{}: {error}", file.display());
    if write {
        file.parent().map_or(Ok(()), fs::create_dir_all).map_err(place)?;
        return fs::write(file, actual).map_err(place);
    }
    let expected = fs::read_to_string(file)
        .map_err(|error| format!("{}; UPDATE_GOLDEN=1 cargo test writes it", place(error)))?;
    difference(&expected, actual).map_or(Ok(()), |difference| {
        Err(format!(
            "{} and the page differ; if the page is right, UPDATE_GOLDEN=1 cargo test takes it over\n{difference}",
            file.display()
        ))
    })
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
    fn a_file_is_written_with_the_folders_on_the_way_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cases/sample/page.prom");
        let missing = compare_or_write(&file, "a 1\n", false).unwrap_err();
        assert!(missing.ends_with("UPDATE_GOLDEN=1 cargo test writes it"), "{missing}");
        compare_or_write(&file, "a 1\n", true).unwrap();
        compare_or_write(&file, "a 1\n", false).unwrap();
        assert!(compare_or_write(&file, "a 2\n", false).unwrap_err().contains("- a 1\n+ a 2"));
    }

    #[test]
    fn a_difference_is_told_line_by_line() {
        assert_eq!(difference("a 1\nb 2\n", "a 1\nb 3\n").unwrap(), "- b 2\n+ b 3");
        assert!(difference("a 1\nb 2\n", "b 2\na 1\n").unwrap().contains("another order"));
        assert_eq!(difference("a 1\n", "a 1\n"), None);
    }
}
