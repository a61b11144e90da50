//! What a collector of ours says in the log when it goes wrong inside a registry that cannot be told.

use std::io;
use std::sync::{Arc, Mutex};

use exporter_prometheus::PrometheusCollector;
use exporter_sdk::{Error, Family, Result, Run, Scrape};
use prometheus::core::Collector;

/// Fails three times, has no source, and works from then on.
struct Recovers(u32);

impl Run for Recovers {
    fn describe(&self) -> Vec<Family> {
        Vec::new()
    }

    fn run(&mut self, _: &mut Scrape<'_>) -> Result {
        self.0 += 1;
        match self.0 {
            1..=3 => Err("disk gone".into()),
            4 => Err(Error::unavailable("no such disk")),
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_is_new_is_logged_once() {
    let lines = Lines::default();
    let shared = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .without_time()
        .with_target(false)
        .with_ansi(false)
        .with_writer(move || shared.clone())
        .finish();
    let adapter =
        PrometheusCollector::from_factory("disk", false, || Ok(Box::new(Recovers(0)))).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        for _ in 0..6 {
            assert!(adapter.collect().is_empty());
        }
    });
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let expected = [
        "ERROR Collector failed collector=\"disk\" error=\"disk gone\"",
        " INFO Collector has no source here collector=\"disk\" reason=\"no such disk\"",
        " INFO Collector succeeds again collector=\"disk\"",
    ];
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
}
