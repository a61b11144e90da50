//! No web configuration and no address makes its parser panic; what is wrong with a file is told with its name.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use exporter_http::{ListenAddress, WebConfigFile};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|text: &str| {
    let _ = text.parse::<ListenAddress>();
    let file = FOLDER.path().join("web.yml");
    fs::write(&file, text).expect("a file");
    if let Err(problem) = WebConfigFile::read(Some(&file)) {
        assert!(problem.to_string().contains("web.yml"), "{problem}");
    }
});
