//! The Prometheus text format, version 0.0.4.
//!
//! `# HELP` escapes backslash and line feed; label values, which snapshots hold already escaped, double quotes too.
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details>.

use exporter_sdk::{Cursor, Family, FamilySamples, Kind};

use crate::number::push_value;
use crate::page::Page;

/// Encodes a [`Page`] as text format 0.0.4, piece by piece.
#[derive(Debug)]
pub struct TextEncoder {
    page: Page,
    segment: usize,
    cursor: Cursor,
    begun: bool,
}

impl TextEncoder {
    /// The value of the `Content-Type` header.
    pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    /// An encoder at the beginning of `page`.
    pub fn new(page: Page) -> Self {
        Self { page, segment: 0, cursor: Cursor::default(), begun: false }
    }

    /// Appends to `out` until it holds at least `limit` bytes or the page ends. It goes over the limit by no more than one
    /// line. Returns whether there is more.
    pub fn fill(&mut self, out: &mut Vec<u8>, limit: usize) -> bool {
        while let Some((samples, first)) = self.page.segment(self.segment) {
            if out.len() >= limit {
                return true;
            }
            if first && !self.begun {
                push_header(out, samples.family());
                self.begun = true;
            }
            if push_samples(out, limit, samples, &mut self.cursor) {
                return true;
            }
            self.segment += 1;
            self.cursor = Cursor::default();
            self.begun = false;
        }
        false
    }
}

fn push_header(out: &mut Vec<u8>, family: &Family) {
    let name = family.name().as_bytes();
    if !family.help().is_empty() {
        out.extend_from_slice(b"# HELP ");
        out.extend_from_slice(name);
        out.push(b' ');
        push_help(out, family.help());
        out.push(b'\n');
    }
    out.extend_from_slice(b"# TYPE ");
    out.extend_from_slice(name);
    out.extend_from_slice(match family.kind() {
        Kind::Gauge => b" gauge\n",
        Kind::Counter => b" counter\n",
        Kind::Unknown => b" untyped\n",
    });
}

fn push_help(out: &mut Vec<u8>, help: &str) {
    let mut rest = help.as_bytes();
    while let Some(at) = memchr::memchr2(b'\\', b'\n', rest) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(if rest[at] == b'\\' { b"\\\\" } else { b"\\n" });
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
}

/// Appends lines up to `limit` and returns whether there are more.
fn push_samples(
    out: &mut Vec<u8>,
    limit: usize,
    samples: &FamilySamples,
    cursor: &mut Cursor,
) -> bool {
    let name = samples.family().name().as_bytes();
    while let Some(sample) = samples.read(cursor) {
        out.extend_from_slice(name);
        if !sample.labels.is_empty() {
            out.push(b'{');
            out.extend_from_slice(sample.labels);
            out.push(b'}');
        }
        out.push(b' ');
        push_value(out, sample.value);
        out.push(b'\n');
        if out.len() >= limit {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use exporter_sdk::{Recorder, Snapshot};

    use super::*;

    fn snapshot(
        family: exporter_sdk::FamilyBuilder,
        samples: &[(&[(&str, &str)], f64)],
    ) -> Arc<Snapshot> {
        let family = family.build().unwrap();
        let mut recorder = Recorder::new(vec![family.clone()], false);
        let run = recorder.record(None, |scrape| {
            for (labels, value) in samples {
                scrape.emit_pairs(&family, labels, *value);
            }
            Ok(())
        });
        Arc::new(run.unwrap())
    }

    fn check(snapshots: Vec<Arc<Snapshot>>, expected: &str) {
        let page = Page::new(snapshots);
        for limit in [1, 10, 64, usize::MAX] {
            let mut encoder = TextEncoder::new(page.clone());
            let (mut whole, mut piece) = (Vec::new(), Vec::new());
            loop {
                let more = encoder.fill(&mut piece, limit);
                whole.append(&mut piece);
                if !more {
                    break;
                }
            }
            assert_eq!(String::from_utf8(whole).unwrap(), expected, "in pieces of {limit}");
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
    fn a_piece_goes_over_its_limit_by_one_line_at_most() {
        let samples: Vec<_> = (0..1000_i32).map(|i| ([].as_slice(), f64::from(i))).collect();
        let mut encoder =
            TextEncoder::new(Page::new(vec![snapshot(Family::gauge("m", ""), &samples)]));
        let mut piece = Vec::new();
        while encoder.fill(&mut piece, 100) {
            assert!((100..110).contains(&piece.len()), "{}", piece.len());
            piece.clear();
        }
    }
}
