//! Whatever is emitted, both formats of it are read back by a strict parser, sample by sample.

#![no_main]

use std::sync::Arc;

use exporter_exposition::{Encoder, Format, Page, Piece};
use exporter_parse::{Exposition, parse_openmetrics, parse_text};
use exporter_sdk::{Family, Kind, Recorder};
use libfuzzer_sys::fuzz_target;

const KINDS: [Kind; 4] = [Kind::Gauge, Kind::Counter, Kind::Unknown, Kind::Info];

fn encoded(page: &Page, format: Format, size: u16) -> String {
    let mut encoder = Encoder::new(page.clone(), format);
    let (mut bytes, mut piece) = (Vec::new(), Piece::new(usize::from(size) + 1));
    loop {
        let more = encoder.fill(&mut piece);
        bytes.extend_from_slice(piece.as_ref());
        if !more {
            return String::from_utf8(bytes).expect("pages are UTF-8");
        }
    }
}

fn values(page: &Exposition) -> Vec<u64> {
    let samples = page.families.iter().flat_map(|family| &family.samples);
    let value = |value: f64| if value.is_nan() { f64::NAN } else { value };
    samples.map(|sample| value(sample.value).to_bits()).collect()
}

/// A label with its value, and a value.
type Sample<'a> = (&'a str, &'a str, f64);

fuzz_target!(|input: (u8, &str, &str, Vec<Sample<'_>>, u16)| {
    let (kind, name, help, samples, size) = input;
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    let Ok(family) = Family::of_kind(kind, name.to_owned(), help.to_owned()).build() else {
        return;
    };
    let mut recorder = Recorder::new(vec![family.clone()], false);
    let run = recorder.record(None, |scrape| {
        for (place, (label, text, value)) in samples.iter().enumerate() {
            let place = place.to_string();
            let value = if kind == Kind::Info { 1.0 } else { *value };
            scrape.emit_pairs(&family, &[(*label, *text), ("place", &place)], value);
        }
        Ok(())
    });
    let Ok(snapshot) = run else { return };
    let page = Page::new(vec![Arc::new(snapshot)]);
    let text = encoded(&page, Format::Text, size);
    let openmetrics = encoded(&page, Format::OpenMetrics100, size);
    let text = parse_text(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let openmetrics =
        parse_openmetrics(&openmetrics).unwrap_or_else(|error| panic!("{error}\n{openmetrics}"));
    assert_eq!(values(&text), values(&openmetrics));
    assert_eq!(values(&text).len(), samples.len());
});
