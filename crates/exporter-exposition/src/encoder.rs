//! A page as text: format 0.0.4 and OpenMetrics 1.0.0, which differ in metadata, in bounds, in time stamps and at the end.
//!
//! Label values, which snapshots hold already escaped, are the same in both. Bounds of buckets and quantiles are spelled as
//! Go spells them, because series are told apart by the spelling; in OpenMetrics they are never integers.
//! See <https://prometheus.io/docs/instrumenting/exposition_formats/> and
//! <https://prometheus.io/docs/specs/om/open_metrics_spec/>.

use std::mem;

use exporter_sdk::__private::{Fragment, Pen};
use exporter_sdk::{Cursor, Family, FamilySamples, Kind, Part, Value};

use crate::format::Format;
use crate::number::Speller;
use crate::page::Page;
use crate::piece::Piece;

/// Encodes a [`Page`], piece by piece.
#[derive(Debug)]
pub struct Encoder {
    page: Page,
    format: Format,
    segment: usize,
    place: Place,
    /// Whether the header of the current segment's family was written.
    begun: bool,
    /// Whether nothing is left to be written.
    ended: bool,
}

/// A place within a segment.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    cursor: Cursor,
    /// Whether the histogram whose lines are being written has a bound below zero, or a sum that is no count.
    uncounted: bool,
}

impl Encoder {
    /// An encoder at the beginning of `page`.
    pub fn new(page: Page, format: Format) -> Self {
        Self { page, format, segment: 0, place: Place::default(), begun: false, ended: false }
    }

    /// Fills `piece`, which is emptied first, with as many whole lines as it has room for; it grows where a single one
    /// needs more. Returns whether there is more to come.
    pub fn fill(&mut self, piece: &mut Piece) -> bool {
        piece.clear();
        while let Some((samples, first)) = self.page.segment(self.segment) {
            if self.is_left_out(samples.family()) {
                self.segment += 1;
                continue;
            }
            if first && !self.begun && !self.put_header(piece, samples.family()) {
                return true;
            }
            self.begun = true;
            let simple = !samples.family().kind().has_parts() && !samples.is_stamped();
            let finished = if simple {
                put_samples(piece, samples, &mut self.place.cursor)
            } else {
                put_lines(piece, samples, &mut self.place, self.format)
            };
            if !finished {
                return true;
            }
            self.segment += 1;
            self.place = Place::default();
            self.begun = false;
        }
        if self.format.is_openmetrics() && !self.ended {
            self.ended = piece.write(|pen| pen.put(b"# EOF\n"));
            return !self.ended;
        }
        false
    }

    fn put_header(&self, piece: &mut Piece, family: &Family) -> bool {
        if self.format.is_openmetrics() {
            let (name, kind) = self.openmetrics_family(family);
            piece.write(|pen| put_openmetrics_header(pen, family, name, kind))
        } else {
            piece.write(|pen| put_text_header(pen, family))
        }
    }

    /// What OpenMetrics calls a family, whose samples are called what they are in text format. A counter whose name does
    /// not say so, whose values are not those of one, or whose family would be another one's, is of an unknown kind there.
    fn openmetrics_family<'a>(&self, family: &'a Family) -> (&'a str, Kind) {
        let (name, kind) = (family.name(), family.kind());
        let base = openmetrics_base(family);
        let base = base.filter(|base| match kind {
            Kind::Counter => {
                self.page.counts(self.segment)
                    && ["", "_info", "_created"].iter().all(|other| !self.has(base, other))
            }
            _ => ["", "_total"].iter().all(|other| !self.has(base, other)),
        });
        match (base, kind) {
            (Some(base), _) => (base, kind),
            (None, Kind::Counter | Kind::Info) => (name, Kind::Unknown),
            (None, _) => (name, kind),
        }
    }

    /// Whether there is a family of this name and suffix, of the kind that such a suffix makes another's name of.
    fn has(&self, base: &str, suffix: &str) -> bool {
        let family = self.page.family(&format!("{base}{suffix}"));
        family.is_some_and(|family| match suffix {
            "_total" => family.kind() == Kind::Counter,
            "_info" => family.kind() == Kind::Info,
            _ => true,
        })
    }

    /// In OpenMetrics, `x_created` tells when the counting of the histogram or summary `x` began. What has that name in text
    /// format can be no family of its own beside it.
    fn is_left_out(&self, family: &Family) -> bool {
        let base = family.name().strip_suffix("_created").filter(|_| self.format.is_openmetrics());
        base.and_then(|base| self.page.family(base)).is_some_and(|base| base.kind().has_parts())
    }
}

/// The name of a family without what its kind adds in OpenMetrics.
fn openmetrics_base(family: &Family) -> Option<&str> {
    let suffix = match family.kind() {
        Kind::Counter => "_total",
        Kind::Info => "_info",
        _ => return None,
    };
    family.name().strip_suffix(suffix).filter(|base| !base.is_empty())
}

fn put_text_header(pen: &mut Pen<'_>, family: &Family) {
    let name = family.name().as_bytes();
    if !family.help().is_empty() {
        pen.put(b"# HELP ");
        pen.put(name);
        pen.put(b" ");
        put_escaped(pen, family.help(), b'\\');
        pen.put(b"\n");
    }
    pen.put(b"# TYPE ");
    pen.put(name);
    pen.put(match family.kind() {
        Kind::Gauge | Kind::Info => b" gauge\n",
        Kind::Counter => b" counter\n",
        Kind::Histogram => b" histogram\n",
        Kind::Summary => b" summary\n",
        Kind::Unknown => b" untyped\n",
    });
}

fn put_openmetrics_header(pen: &mut Pen<'_>, family: &Family, name: &str, kind: Kind) {
    let name = name.as_bytes();
    if !family.help().is_empty() {
        pen.put(b"# HELP ");
        pen.put(name);
        pen.put(b" ");
        put_escaped(pen, family.help(), b'"');
        pen.put(b"\n");
    }
    pen.put(b"# TYPE ");
    pen.put(name);
    pen.put(b" ");
    pen.put(kind.as_str().as_bytes());
    pen.put(b"\n");
    // A counter that became unknown has a name that does not end in its unit.
    if !family.unit().is_empty() && name.ends_with(family.unit().as_bytes()) {
        pen.put(b"# UNIT ");
        pen.put(name);
        pen.put(b" ");
        pen.put(family.unit().as_bytes());
        pen.put(b"\n");
    }
}

/// Writes a help text with backslash, line feed and `special` escaped.
fn put_escaped(pen: &mut Pen<'_>, help: &str, special: u8) {
    let mut rest = help.as_bytes();
    while let Some(at) = memchr::memchr3(b'\\', b'\n', special, rest) {
        pen.put(&rest[..at]);
        pen.put(match rest[at] {
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            _ => b"\\\"",
        });
        rest = &rest[at + 1..];
    }
    pen.put(rest);
}

/// Writes the lines of a segment from `cursor` on. Returns whether the segment was finished.
fn put_samples(piece: &mut Piece, samples: &FamilySamples, cursor: &mut Cursor) -> bool {
    let name: Fragment<64> = Fragment::new(samples.family().name().as_bytes());
    let mut speller = Speller::new();
    piece.write_lines(|pen| {
        let mut whole = 0;
        let finished = samples.read_while(cursor, |sample| {
            // Spelled before the rest of the line is copied, because reading digits back in the instant in which they were
            // written stalls the processor.
            let value = speller.spell_next(sample.value());
            pen.put_fragment(&name);
            sample.write_block(pen);
            pen.put_last(value);
            let written = pen.written();
            whole = written.unwrap_or(whole);
            written.is_some()
        });
        (whole, finished)
    })
}

/// Does the same for families whose samples are several lines, or have time stamps.
fn put_lines(
    piece: &mut Piece,
    samples: &FamilySamples,
    place: &mut Place,
    format: Format,
) -> bool {
    let family = samples.family();
    let name = family.name().as_bytes();
    let (mut values, mut bounds, mut stamps) = (Speller::new(), Speller::new(), Speller::new());
    let Place { cursor, uncounted } = place;
    piece.write_lines(|pen| {
        let mut whole = 0;
        let finished = samples.read_while(cursor, |sample| {
            let (part, before) = (sample.part(), *uncounted);
            if format.is_openmetrics()
                && !is_in_openmetrics(family, part, sample.value(), uncounted)
            {
                return true;
            }
            pen.put(name);
            pen.put(part.suffix().as_bytes());
            sample.write_block_to_bound(pen);
            if let Some(bound) = part.bound() {
                pen.put(&bounds.spell_bound(bound, format));
                pen.put(b"\"} ");
            }
            pen.put(values.spell(sample.value()));
            if let Some(stamp) = sample.timestamp() {
                pen.put(b" ");
                pen.put(&stamps.spell_timestamp(stamp, format));
            }
            pen.put_byte(b'\n');
            let written = pen.written();
            match written {
                Some(written) => whole = written,
                None => *uncounted = before,
            }
            written.is_some()
        });
        (whole, finished)
    })
}

/// Whether OpenMetrics has a line, which are asked for in their order. With observations below zero, a sum is no counter;
/// a histogram has neither it nor the count then (which is that of the last bucket), a summary has no sum. Quantiles are not
/// below zero. `uncounted` is kept from line to line: whether there were such observations in this sample.
fn is_in_openmetrics(family: &Family, part: Part, value: Value, uncounted: &mut bool) -> bool {
    match part {
        Part::Bucket(bound) => *uncounted |= bound < 0.0,
        Part::Sum => *uncounted |= !value.is_count(),
        Part::Quantile(_) => return value.is_count() || value.as_f64().is_nan(),
        Part::Whole | Part::Count => {}
    }
    match (part, family.kind()) {
        (Part::Sum, _) => !*uncounted,
        (Part::Count, kind) => !mem::take(uncounted) || kind == Kind::Summary,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
