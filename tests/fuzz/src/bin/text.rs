//! No page in text format makes the parser panic, and what it says of a mistake is where there is something.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|page: &str| {
    if let Err(error) = exporter_parse::parse_text(page) {
        assert!(error.line <= page.lines().count() + 1, "{error}");
    }
    let _ = exporter_parse::parse_text_ungrouped(page);
});
