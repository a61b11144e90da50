//! No query and no time-out of a request makes it panic; what is refused is told.

#![no_main]

use exporter_runtime::ScrapeRequest;
use fuzz::catalog;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, Option<&str>)| {
    let (query, timeout) = input;
    match ScrapeRequest::from_query(query, &catalog()) {
        Ok(request) => drop(request.with_timeout(timeout).timeout()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
