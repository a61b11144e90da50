//! The Prometheus text format, version 0.0.4.
//!
//! `# HELP` escapes backslash and line feed; label values, which snapshots hold already escaped, double quotes too.
//! Bounds of buckets and quantiles are spelled as Go spells them, because series are told apart by the spelling.
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details>.

use exporter_sdk::__private::{Fragment, Pen};
use exporter_sdk::{Cursor, Family, FamilySamples, Kind};

use crate::number::Speller;
use crate::page::Page;
use crate::piece::Piece;

/// Encodes a [`Page`] as text format 0.0.4, piece by piece.
#[derive(Debug)]
pub struct TextEncoder {
    page: Page,
    segment: usize,
    cursor: Cursor,
    /// Whether the header of the current segment's family was written.
    begun: bool,
}

impl TextEncoder {
    /// The value of the `Content-Type` header.
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// An encoder at the beginning of `page`.
    pub fn new(page: Page) -> Self {
        Self { page, segment: 0, cursor: Cursor::default(), begun: false }
    }

    /// Fills `piece`, which is emptied first, with as many whole lines as it has room for; it grows where a single one
    /// needs more. Returns whether there is more to come.
    pub fn fill(&mut self, piece: &mut Piece) -> bool {
        piece.clear();
        while let Some((samples, first)) = self.page.segment(self.segment) {
            if first && !self.begun && !piece.write(|pen| put_header(pen, samples.family())) {
                return true;
            }
            self.begun = true;
            let finished = if samples.family().kind().has_parts() {
                put_parts(piece, samples, &mut self.cursor)
            } else {
                put_samples(piece, samples, &mut self.cursor)
            };
            if !finished {
                return true;
            }
            self.segment += 1;
            self.cursor = Cursor::default();
            self.begun = false;
        }
        false
    }
}

fn put_header(pen: &mut Pen<'_>, family: &Family) {
    let name = family.name().as_bytes();
    if !family.help().is_empty() {
        pen.put(b"# HELP ");
        pen.put(name);
        pen.put(b" ");
        put_help(pen, family.help());
        pen.put(b"\n");
    }
    pen.put(b"# TYPE ");
    pen.put(name);
    pen.put(match family.kind() {
        Kind::Gauge => b" gauge\n",
        Kind::Counter => b" counter\n",
        Kind::Histogram => b" histogram\n",
        Kind::Summary => b" summary\n",
        Kind::Unknown => b" untyped\n",
    });
}

fn put_help(pen: &mut Pen<'_>, help: &str) {
    let mut rest = help.as_bytes();
    while let Some(at) = memchr::memchr2(b'\\', b'\n', rest) {
        pen.put(&rest[..at]);
        pen.put(if rest[at] == b'\\' { b"\\\\" } else { b"\\n" });
        rest = &rest[at + 1..];
    }
    pen.put(rest);
}

/// Writes the lines of a segment from `cursor` on. Returns whether the segment was finished.
fn put_samples(piece: &mut Piece, samples: &FamilySamples, cursor: &mut Cursor) -> bool {
    let name: Fragment<64> = Fragment::new(samples.family().name().as_bytes());
    let mut speller = Speller::new();
    loop {
        let before = *cursor;
        let Some(sample) = samples.read(cursor) else { return true };
        // Spelled before the rest of the line is copied, because reading digits back in the instant in which they were
        // written stalls the processor.
        let value = speller.spell(sample.value());
        let fits = piece.write(|pen| {
            pen.put_fragment(&name);
            sample.write_block(pen);
            pen.put(value);
            pen.put_byte(b'\n');
        });
        if !fits {
            *cursor = before;
            return false;
        }
    }
}

/// Does the same for families whose samples are several lines.
fn put_parts(piece: &mut Piece, samples: &FamilySamples, cursor: &mut Cursor) -> bool {
    let name = samples.family().name().as_bytes();
    let (mut values, mut bounds) = (Speller::new(), Speller::new());
    loop {
        let before = *cursor;
        let Some(sample) = samples.read(cursor) else { return true };
        let (part, value) = (sample.part(), values.spell(sample.value()));
        let bound = part.bound().map(|bound| bounds.spell_bound(bound));
        let fits = piece.write(|pen| {
            pen.put(name);
            pen.put(part.suffix().as_bytes());
            sample.write_block_to_bound(pen);
            if let Some(bound) = &bound {
                pen.put(bound);
                pen.put(b"\"} ");
            }
            pen.put(value);
            pen.put_byte(b'\n');
        });
        if !fits {
            *cursor = before;
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use exporter_sdk::{HistogramValue, Recorder, Scrape, Snapshot, SummaryValue};

    use super::*;

    fn snapshot(
        family: exporter_sdk::FamilyBuilder,
        samples: &[(&[(&str, &str)], f64)],
    ) -> Arc<Snapshot> {
        record(family, |scrape, family| {
            for (labels, value) in samples {
                scrape.emit_pairs(family, labels, *value);
            }
        })
    }

    fn record(
        family: exporter_sdk::FamilyBuilder,
        emit: impl FnOnce(&mut Scrape<'_>, &Family),
    ) -> Arc<Snapshot> {
        let family = family.build().unwrap();
        let mut recorder = Recorder::new(vec![family.clone()], false);
        let run = recorder.record(None, |scrape| {
            emit(scrape, &family);
            Ok(())
        });
        Arc::new(run.unwrap())
    }

    fn check(snapshots: Vec<Arc<Snapshot>>, expected: &str) {
        let page = Page::new(snapshots);
        for size in [1, 10, 64, 10_000] {
            let mut encoder = TextEncoder::new(page.clone());
            let (mut whole, mut piece) = (Vec::new(), Piece::new(size));
            loop {
                let more = encoder.fill(&mut piece);
                whole.extend_from_slice(piece.as_ref());
                if !more {
                    break;
                }
            }
            assert_eq!(String::from_utf8(whole).unwrap(), expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_empty_page_and_empty_families_have_no_text() {
        check(vec![], "");
        check(vec![snapshot(Family::gauge("a", "help"), &[])], "");
    }

    #[test]
    fn families_stand_in_the_order_of_names_with_help_and_type() {
        check(
            vec![
                snapshot(Family::counter("b_total", "second"), &[(&[("l", "1")], 7.0)]),
                snapshot(Family::gauge("a", "first"), &[(&[], 0.5), (&[("x", "y")], f64::NAN)]),
                snapshot(Family::of_kind(Kind::Unknown, "c", ""), &[(&[], -1.0)]),
            ],
            "# HELP a first\n# TYPE a gauge\na 0.5\na{x=\"y\"} NaN\n\
             # HELP b_total second\n# TYPE b_total counter\nb_total{l=\"1\"} 7\n\
             # TYPE c untyped\nc -1\n",
        );
    }

    #[test]
    fn histograms_and_summaries_have_the_lines_and_bounds_that_other_clients_write() {
        let none: [(&str, &str); 0] = [];
        let histogram = record(Family::histogram("h", "help"), |scrape, family| {
            let buckets = &[(-0.0, 0), (0.005, 1), (10.0, 2), (1e6, 2)];
            let value = HistogramValue { buckets, sum: f64::NAN, count: u64::MAX };
            scrape.emit_histogram(family, &none, &value);
            let value = HistogramValue { buckets: &[(f64::INFINITY, 3)], sum: -0.5, count: 3 };
            scrape.emit_histogram(family, &[("path", "\"")], &value);
        });
        let summary = record(Family::summary("s", "help"), |scrape, family| {
            let quantiles = &[(0.0, 1e-7), (0.5, f64::NAN), (1.0, f64::INFINITY)];
            scrape.emit_summary(family, &none, &SummaryValue { quantiles, sum: 1.5, count: 2 });
        });
        check(
            vec![histogram, summary],
            "# HELP h help\n# TYPE h histogram\n\
             h_bucket{le=\"0\"} 0\nh_bucket{le=\"0.005\"} 1\nh_bucket{le=\"10\"} 2\n\
             h_bucket{le=\"1e+06\"} 2\nh_bucket{le=\"+Inf\"} 18446744073709551615\n\
             h_sum NaN\nh_count 18446744073709551615\n\
             h_bucket{path=\"\\\"\",le=\"+Inf\"} 3\nh_sum{path=\"\\\"\"} -0.5\nh_count{path=\"\\\"\"} 3\n\
             # HELP s help\n# TYPE s summary\n\
             s{quantile=\"0\"} 1e-7\ns{quantile=\"0.5\"} NaN\ns{quantile=\"1\"} +Inf\ns_sum 1.5\ns_count 2\n",
        );
    }

    #[test]
    fn segments_of_one_family_share_one_header() {
        check(
            vec![
                snapshot(Family::gauge("m", "help"), &[(&[("i", "1")], 1.0)]),
                snapshot(Family::gauge("a", ""), &[(&[], 0.0)]),
                snapshot(Family::gauge("m", "other help"), &[(&[("i", "2")], 2.0)]),
            ],
            "# TYPE a gauge\na 0\n# HELP m help\n# TYPE m gauge\nm{i=\"1\"} 1\nm{i=\"2\"} 2\n",
        );
    }

    #[test]
    fn help_and_label_values_are_escaped() {
        check(
            vec![snapshot(Family::gauge("m", "a\\b\nc\"d"), &[(&[("l", "\\ \" \n 😀")], 1.0)])],
            "# HELP m a\\\\b\\nc\"d\n# TYPE m gauge\nm{l=\"\\\\ \\\" \\n 😀\"} 1\n",
        );
    }

    #[test]
    fn a_piece_is_filled_to_its_last_line_and_no_further() {
        let samples: Vec<_> = (0..1000_i32).map(|i| ([].as_slice(), f64::from(i))).collect();
        let page = Page::new(vec![snapshot(Family::gauge("m", ""), &samples)]);
        let (mut encoder, mut piece) = (TextEncoder::new(page), Piece::new(100));
        while encoder.fill(&mut piece) {
            assert!((80..=100).contains(&piece.as_ref().len()), "{}", piece.as_ref().len());
            assert!(piece.as_ref().ends_with(b"\n"));
        }
    }

    #[test]
    fn a_line_that_is_larger_than_a_piece_makes_it_grow() {
        let long = "x".repeat(100_000);
        let samples: [(&[(&str, &str)], f64); 2] = [(&[("l", &long)], 1.0), (&[], 2.0)];
        let page = Page::new(vec![snapshot(Family::gauge("m", ""), &samples)]);
        let (mut encoder, mut piece) = (TextEncoder::new(page), Piece::new(64));
        assert!(encoder.fill(&mut piece));
        assert_eq!(piece.as_ref(), b"# TYPE m gauge\n");
        while encoder.fill(&mut piece) {}
        assert!(piece.as_ref().len() > 100_000);
        assert!(piece.as_ref().ends_with(b"\"} 1\nm 2\n"));
    }
}
