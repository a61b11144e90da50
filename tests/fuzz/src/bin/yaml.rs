//! No configuration file makes its parser panic, take long, or take much memory.

#![no_main]

use exporter_config::Node;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|file: &str| {
    if let Err(problem) = Node::parse("exporter.yml", file) {
        assert!(problem.to_string().starts_with("exporter.yml"), "{problem}");
    }
});
