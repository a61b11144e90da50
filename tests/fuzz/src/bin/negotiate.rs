//! No header makes negotiation panic, and its answer is always a content type.

#![no_main]

use exporter_exposition::{AcceptEncoding, ContentType};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|headers: (&str, bool)| {
    let (header, openmetrics) = headers;
    let answer = ContentType::negotiate(header, openmetrics).header();
    assert!(answer.contains("; charset=utf-8"), "{answer}");
    let _ = AcceptEncoding::read(header);
});
