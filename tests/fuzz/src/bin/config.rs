//! No configuration file makes a collector panic while it is built: durations, sizes, patterns, paths of JSON.

#![no_main]

use fuzz::{catalog, exporter};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &str| {
    if let Err(problem) = exporter(&catalog(), file) {
        assert!(!problem.contains("panicked"), "{problem}");
    }
});
