//! Pages, as both formats have them.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

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
    check_format(Format::Text, snapshots, expected);
}

fn check_format(format: Format, snapshots: Vec<Arc<Snapshot>>, expected: &str) {
    let page = Page::new(snapshots);
    for size in [1, 10, 64, 10_000] {
        let mut encoder = Encoder::new(page.clone(), format);
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
        scrape.emit_histogram_pairs(family, &none, &value);
        let value = HistogramValue { buckets: &[(f64::INFINITY, 3)], sum: -0.5, count: 3 };
        scrape.emit_histogram_pairs(family, &[("path", "\"")], &value);
    });
    let summary = record(Family::summary("s", "help"), |scrape, family| {
        let quantiles = &[(0.0, 1e-7), (0.5, f64::NAN), (1.0, f64::INFINITY)];
        scrape.emit_summary_pairs(family, &none, &SummaryValue { quantiles, sum: 1.5, count: 2 });
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
    let (mut encoder, mut piece) = (Encoder::new(page, Format::Text), Piece::new(100));
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
    let (mut encoder, mut piece) = (Encoder::new(page, Format::Text), Piece::new(64));
    assert!(encoder.fill(&mut piece));
    assert_eq!(piece.as_ref(), b"# TYPE m gauge\n");
    while encoder.fill(&mut piece) {}
    assert!(piece.as_ref().len() > 100_000);
    assert!(piece.as_ref().ends_with(b"\"} 1\nm 2\n"));
}

#[test]
fn openmetrics_names_families_without_what_their_kind_adds() {
    let none: [(&str, &str); 0] = [];
    let histogram =
        record(Family::histogram("h_seconds", "\"\\\n").unit("seconds"), |scrape, family| {
            let value =
                HistogramValue { buckets: &[(0.0, 0), (1.0, 1), (1e6, 2)], sum: 0.5, count: 2 };
            scrape.emit_histogram_pairs(family, &none, &value);
            let value = HistogramValue { buckets: &[(-1.0, 1)], sum: -0.5, count: 2 };
            scrape.emit_histogram_pairs(family, &[("l", "1")], &value);
            scrape.emit_histogram_pairs(
                family,
                &[("l", "2")],
                &HistogramValue { buckets: &[], ..value },
            );
        });
    let one: [(&[(&str, &str)], f64); 1] = [(&[("v", "1")], 1.0)];
    check_format(
        Format::OpenMetrics100,
        vec![
            histogram,
            snapshot(Family::info("app_build_info", "help"), &one),
            snapshot(Family::counter("jobs", ""), &one),
            snapshot(Family::counter("read_bytes_total", "").unit("bytes"), &one),
            snapshot(Family::counter("sent_total", ""), &one),
            snapshot(Family::gauge("sent", ""), &one),
            snapshot(Family::of_kind(Kind::Unknown, "u", ""), &one),
        ],
        "# HELP app_build help\n# TYPE app_build info\napp_build_info{v=\"1\"} 1\n\
         # HELP h_seconds \\\"\\\\\\n\n# TYPE h_seconds histogram\n# UNIT h_seconds seconds\n\
         h_seconds_bucket{le=\"0.0\"} 0\nh_seconds_bucket{le=\"1.0\"} 1\n\
         h_seconds_bucket{le=\"1e+06\"} 2\nh_seconds_bucket{le=\"+Inf\"} 2\nh_seconds_sum 0.5\nh_seconds_count 2\n\
         h_seconds_bucket{l=\"1\",le=\"-1.0\"} 1\nh_seconds_bucket{l=\"1\",le=\"+Inf\"} 2\n\
         h_seconds_bucket{l=\"2\",le=\"+Inf\"} 2\n\
         # TYPE jobs unknown\njobs{v=\"1\"} 1\n\
         # TYPE read_bytes counter\n# UNIT read_bytes bytes\nread_bytes_total{v=\"1\"} 1\n\
         # TYPE sent gauge\nsent{v=\"1\"} 1\n\
         # TYPE sent_total unknown\nsent_total{v=\"1\"} 1\n\
         # TYPE u unknown\nu{v=\"1\"} 1\n# EOF\n",
    );
    check_format(Format::OpenMetrics001, vec![], "# EOF\n");
}

#[test]
fn openmetrics_has_nothing_that_it_forbids() {
    let none: [(&str, &str); 0] = [];
    let one = |value| [([].as_slice(), value)];
    let summary = record(Family::summary("s", ""), |scrape, family| {
        let quantiles = &[(0.0, -1.0), (0.5, f64::NAN), (1.0, 2.0)];
        scrape.emit_summary_pairs(family, &none, &SummaryValue { quantiles, sum: -1.0, count: 3 });
        let value = SummaryValue { quantiles: &[], sum: 1.0, count: 3 };
        scrape.emit_summary_pairs(family, &[("l", "1")], &value);
    });
    let histogram = record(Family::histogram("h", ""), |scrape, family| {
        for (label, sum) in [("1", f64::NAN), ("2", 1.0)] {
            let value = HistogramValue { buckets: &[], sum, count: 3 };
            scrape.emit_histogram_pairs(family, &[("l", label)], &value);
        }
    });
    check_format(
        Format::OpenMetrics100,
        vec![
            histogram,
            snapshot(Family::gauge("h_created", ""), &one(1.0)),
            summary,
            snapshot(Family::counter("nan_total", ""), &one(1.0)),
            snapshot(Family::counter("nan_total", ""), &one(f64::NAN)),
            snapshot(Family::counter("negative_total", ""), &one(-1.0)),
            snapshot(Family::counter("begun_total", ""), &one(1.0)),
            snapshot(Family::gauge("begun_created", ""), &one(2.0)),
            snapshot(Family::counter("both_total", ""), &one(1.0)),
            snapshot(Family::info("both_info", ""), &one(1.0)),
            snapshot(Family::counter("fine_total", ""), &one(-0.0)),
        ],
        "# TYPE begun_created gauge\nbegun_created 2\n# TYPE begun_total unknown\nbegun_total 1\n\
         # TYPE both_info unknown\nboth_info 1\n# TYPE both_total unknown\nboth_total 1\n\
         # TYPE fine counter\nfine_total -0.0\n\
         # TYPE h histogram\nh_bucket{l=\"1\",le=\"+Inf\"} 3\n\
         h_bucket{l=\"2\",le=\"+Inf\"} 3\nh_sum{l=\"2\"} 1\nh_count{l=\"2\"} 3\n\
         # TYPE nan_total unknown\nnan_total 1\nnan_total NaN\n# TYPE negative_total unknown\nnegative_total -1\n\
         # TYPE s summary\ns{quantile=\"0.5\"} NaN\ns{quantile=\"1.0\"} 2\ns_count 3\ns_sum{l=\"1\"} 1\ns_count{l=\"1\"} 3\n# EOF\n",
    );
}

#[test]
fn time_stamps_are_milliseconds_or_seconds() {
    let stamped = || {
        record(Family::gauge("m", ""), |scrape, family| {
            let none: [&str; 0] = [];
            for milliseconds in [1_700_000_000_123_i64, 5, 0, -1_500, -1] {
                let time = if milliseconds < 0 {
                    UNIX_EPOCH - Duration::from_millis(milliseconds.unsigned_abs())
                } else {
                    UNIX_EPOCH + Duration::from_millis(milliseconds.unsigned_abs())
                };
                scrape.set_timestamp(Some(time));
                scrape.emit_dynamic(family, none, 0.5);
            }
            scrape.set_timestamp(None);
            scrape.emit_dynamic(family, none, 7);
        })
    };
    check(
        vec![stamped()],
        "# TYPE m gauge\nm 0.5 1700000000123\nm 0.5 5\nm 0.5 0\nm 0.5 -1500\nm 0.5 -1\nm 7\n",
    );
    check_format(
        Format::OpenMetrics100,
        vec![stamped()],
        "# TYPE m gauge\nm 0.5 1700000000.123\nm 0.5 0.005\nm 0.5 0.000\nm 0.5 -1.500\nm 0.5 -0.001\nm 7\n# EOF\n",
    );
}

#[test]
fn the_lines_of_a_histogram_have_its_time_stamp_behind_their_values() {
    let histogram = record(Family::histogram("h", "").labels(["l"]), |scrape, family| {
        scrape.set_timestamp(Some(UNIX_EPOCH + Duration::from_secs(1)));
        let value = HistogramValue { buckets: &[(0.5, 1)], sum: 1.5, count: 2 };
        scrape.emit_histogram_pairs(family, &[("l", "x")], &value);
    });
    check(
        vec![histogram],
        "# TYPE h histogram\nh_bucket{l=\"x\",le=\"0.5\"} 1 1000\nh_bucket{l=\"x\",le=\"+Inf\"} 2 1000\n\
         h_sum{l=\"x\"} 1.5 1000\nh_count{l=\"x\"} 2 1000\n",
    );
}
