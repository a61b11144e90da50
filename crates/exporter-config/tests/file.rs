//! Files that operators name by mistake, each refused in its own words.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use exporter_config::Node;
use serde_json::json;

/// What is said of the file, after its path.
fn refusal(path: &Path) -> String {
    let start = Instant::now();
    let message = Node::read(path).unwrap_err().to_string();
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    message.strip_prefix(&path.display().to_string()).unwrap().to_owned()
}

#[test]
fn a_file_is_read_through_links() {
    let folder = tempfile::tempdir().unwrap();
    let (file, link) = (folder.path().join("a.yml"), folder.path().join("b.yml"));
    fs::write(&file, "a: 1\n").unwrap();
    symlink(&file, &link).unwrap();
    let root = Node::read(&link).unwrap();
    assert_eq!(root.to_json(), json!({"a": 1}));
    assert_eq!(root.get("a").unwrap().origin.to_string(), format!("{}:1:4", link.display()));
}

#[test]
fn an_empty_file_is_an_empty_map() {
    let file = tempfile::NamedTempFile::new().unwrap();
    assert_eq!(Node::read(file.path()).unwrap().to_json(), json!({}));
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refusal(&folder.path().join("none.yml")), ": there is no such file");
    assert_eq!(refusal(folder.path()), ": this is a directory; name a file in it");
    let pipe = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let no_file = ": this is not a regular file; pipes and devices are not read";
    assert_eq!(refusal(&pipe), no_file);
    assert_eq!(refusal(Path::new("/dev/zero")), no_file);
}

#[test]
fn what_cannot_be_opened_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("loop");
    symlink(&link, &link).unwrap();
    assert!(refusal(&link).starts_with(": the file cannot be read: "), "{}", refusal(&link));
}

#[test]
fn what_is_too_large_is_not_even_read() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), "a: 1\n".repeat(2 << 20)).unwrap();
    assert_eq!(refusal(file.path()), ": the file is larger than 4 MiB");
    // Gigabytes of nothing, which would take seconds.
    file.as_file().set_len(64 << 30).unwrap();
    assert_eq!(refusal(file.path()), ": the file is larger than 4 MiB");
}

#[test]
fn what_is_not_utf_8_is_refused_with_its_line() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), b"a: 1\n\xc3\xbc: \xff\n").unwrap();
    assert_eq!(refusal(file.path()), ":2:4: not UTF-8 in line 2; save the file as UTF-8");
    fs::write(file.path(), b"\xff\xfea\0:\0").unwrap();
    assert_eq!(refusal(file.path()), ":1:1: not UTF-8 in line 1; save the file as UTF-8");
}
