//! The same for OpenMetrics.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|page: &str| {
    let _ = exporter_parse::is_openmetrics(page);
    if let Err(error) = exporter_parse::parse_openmetrics(page) {
        assert!(error.line <= page.lines().count() + 1, "{error}");
    }
});
