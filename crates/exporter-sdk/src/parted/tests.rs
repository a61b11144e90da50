//! Histograms, summaries and infos, as they are recorded.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::{Buckets, Info, Observations, Recorder, Snapshot};

const NONE: [(&str, &str); 0] = [];

fn histogram() -> Family {
    Family::histogram("h", "").build().unwrap()
}

fn run(family: &Family, emit: impl FnOnce(&mut Scrape<'_>)) -> Result<Snapshot, String> {
    let mut recorder =
        Recorder::new(vec![family.clone()], false).with_label("instance_name", "i").unwrap();
    let run = recorder.record(None, |scrape| {
        emit(scrape);
        Ok(())
    });
    run.map_err(|error| error.to_string())
}

fn parts(snapshot: &Snapshot) -> Vec<(Part, String, Value)> {
    let samples = snapshot.families()[0].iter();
    samples.map(|sample| (sample.part(), sample.labels(), sample.value())).collect()
}

fn block(sample: &crate::Sample<'_>) -> String {
    let mut room = [0; 100];
    let mut pen = crate::pen::Pen::new(&mut room);
    sample.write_block_to_bound(&mut pen);
    let end = pen.written().unwrap();
    str::from_utf8(&room[..end]).unwrap().to_owned()
}

#[test]
fn a_histogram_is_its_buckets_then_sum_and_count() {
    let family =
        Family::histogram("h", "").labels(["b", "a"]).const_labels([("c", "1")]).build().unwrap();
    let value = HistogramValue { buckets: &[(-1.0, 0), (0.5, 2)], sum: -0.5, count: 3 };
    let snapshot = run(&family, |scrape| {
        scrape.emit_histogram_pairs(&family, &[("a", "y"), ("b", "x")], &value);
    });
    let snapshot = snapshot.unwrap();
    let labels = "b=\"x\",a=\"y\",c=\"1\",instance_name=\"i\"";
    let expected = [
        (Part::Bucket(-1.0), Value::Uint(0)),
        (Part::Bucket(0.5), Value::Uint(2)),
        (Part::Bucket(f64::INFINITY), Value::Uint(3)),
        (Part::Sum, Value::Float(-0.5)),
        (Part::Count, Value::Uint(3)),
    ];
    assert_eq!(parts(&snapshot), expected.map(|(part, value)| (part, labels.into(), value)));
    let blocks: Vec<String> = snapshot.families()[0].iter().map(|s| block(&s)).collect();
    assert_eq!(blocks[1], format!("{{{labels},le=\""), "`le` stands behind all other labels");
    assert_eq!(blocks[3], format!("{{{labels}}} "));
}

#[test]
fn a_summary_is_its_quantiles_then_sum_and_count() {
    let family = Family::summary("s", "").build().unwrap();
    let value = SummaryValue { quantiles: &[(0.5, f64::INFINITY)], sum: 1.0, count: u64::MAX };
    let snapshot =
        run(&family, |scrape| scrape.emit_summary_pairs(&family, &NONE, &value)).unwrap();
    let labels = "instance_name=\"i\"";
    let expected = [
        (Part::Quantile(0.5), Value::Float(f64::INFINITY)),
        (Part::Sum, Value::Float(1.0)),
        (Part::Count, Value::Uint(u64::MAX)),
    ];
    assert_eq!(parts(&snapshot), expected.map(|(part, value)| (part, labels.into(), value)));
}

fn check_histogram(buckets: &[(f64, u64)], count: u64, problem: Option<&str>) {
    let family = histogram();
    let value = HistogramValue { buckets, sum: f64::NAN, count };
    let outcome = run(&family, |scrape| scrape.emit_histogram_pairs(&family, &NONE, &value));
    let expected = problem.map(|problem| format!("metric `h`: {problem}"));
    assert_eq!(outcome.err(), expected);
}

#[test]
fn histograms_that_contradict_themselves_fail_the_run() {
    check_histogram(&[], 0, None);
    check_histogram(&[(f64::NEG_INFINITY, 0), (0.0, 0), (f64::INFINITY, 1)], 1, None);
    check_histogram(&[(f64::NAN, 0)], 0, Some("NaN among the bucket bounds: they must be numbers"));
    for (first, second, text) in [(1.0, 1.0, "1.0 after 1.0"), (0.0, -0.0, "-0.0 after 0.0")] {
        let problem = format!("{text} among the bucket bounds: they must be strictly ascending");
        check_histogram(&[(first, 0), (second, 0)], 0, Some(&problem));
    }
    check_histogram(
        &[(1.0, 2), (2.0, 1)],
        2,
        Some(
            "bucket 2.0 counts 1 after 2: the counts of buckets are cumulative and never fall; count in each those of the ones below",
        ),
    );
    check_histogram(
        &[(1.0, 3)],
        2,
        Some("bucket 1.0 counts 3, more than the 2 of the histogram: every observation is counted"),
    );
    check_histogram(
        &[(1.0, 1), (f64::INFINITY, 1)],
        2,
        Some("bucket +Inf counts 1, not 2 as the histogram: every observation is in it"),
    );
}

#[test]
fn quantiles_are_ascending_fractions() {
    let family = Family::summary("s", "").build().unwrap();
    let problem = |quantiles: &[(f64, f64)]| {
        let value = SummaryValue { quantiles, sum: 0.0, count: 0 };
        run(&family, |scrape| scrape.emit_summary_pairs(&family, &NONE, &value)).err()
    };
    assert_eq!(problem(&[(0.0, 1.0), (1.0, f64::NAN)]), None);
    for (quantiles, expected) in [
        ([(0.5, 1.0), (1.5, 1.0)], "quantile 1.5: it must be a fraction from 0 to 1"),
        ([(-0.5, 1.0), (0.5, 1.0)], "quantile -0.5: it must be a fraction from 0 to 1"),
        (
            [(0.9, 1.0), (0.5, 1.0)],
            "0.5 after 0.9 among the quantiles: they must be strictly ascending",
        ),
        ([(0.5, 1.0), (f64::NAN, 1.0)], "NaN among the quantiles: they must be numbers"),
    ] {
        assert_eq!(problem(&quantiles).unwrap(), format!("metric `s`: {expected}"));
    }
}

#[test]
fn what_is_one_number_and_what_is_several_are_not_mixed_up() {
    let (gauge, histogram) = (Family::gauge("g", "").build().unwrap(), histogram());
    let value = HistogramValue { buckets: &[], sum: 0.0, count: 0 };
    let problem = |family, emit: &dyn Fn(&mut Scrape<'_>)| run(family, emit).unwrap_err();
    let whole = "metric `h`: a histogram is not one number: emit it with `emit_histogram_pairs`";
    assert_eq!(problem(&histogram, &|s| s.emit_dynamic(&histogram, NONE.map(|l| l.0), 1)), whole);
    assert_eq!(problem(&histogram, &|s| s.emit_pairs(&histogram, &NONE, 1)), whole);
    assert_eq!(
        problem(&gauge, &|s| s.emit_histogram_pairs(&gauge, &NONE, &value)),
        "metric `g`: emitted as a histogram, but it is a gauge"
    );
    assert!(
        problem(&histogram, &|s| s.emit_histogram_pairs(&histogram, &[("le", "1")], &value))
            .contains("reserved label name `le`")
    );
}

#[test]
fn a_family_that_names_its_labels_gets_those() {
    let family = Family::histogram("h", "").labels(["a", "b"]).build().unwrap();
    let value = HistogramValue { buckets: &[], sum: 0.0, count: 0 };
    for labels in [[("a", "1"), ("c", "1")].as_slice(), &[("a", "1")], &[]] {
        let outcome = run(&family, |scrape| scrape.emit_histogram_pairs(&family, labels, &value));
        let expected = "metric `h`: its samples need the labels `a`, `b`, and no others";
        assert_eq!(outcome.unwrap_err(), expected);
    }
}

static LATENCY: Histogram<2> = Histogram::new("latency_seconds", "help")
    .labels(&["method", "path"])
    .const_labels(&[("c", "1")])
    .unit("seconds");
static PLAIN: Histogram = Histogram::new("plain", "help");
static SIZE: Summary<1> = Summary::new("size_bytes", "help").labels(&["kind"]);
static BUILD: Info<1> = Info::new("app_build_info", "help").labels(&["version"]);
static SIMPLE: Info = Info::new("simple_info", "help").const_labels(&[("a", "b")]);

/// The lines that static metrics make, as `name{labels}` with part and value.
fn static_lines(label: Option<(&str, &str)>, emit: impl Fn(&mut Scrape<'_>)) -> Vec<String> {
    let descs = [LATENCY.desc(), PLAIN.desc(), SIZE.desc(), BUILD.desc(), SIMPLE.desc()];
    let mut recorder = Recorder::new(descs.map(Family::from).into(), false);
    if let Some((name, value)) = label {
        recorder = recorder.with_label(name, value).unwrap();
    }
    let snapshot = recorder.record(None, |scrape| {
        emit(scrape);
        Ok(())
    });
    let snapshot = snapshot.unwrap();
    let lines = snapshot.families().iter().flat_map(|samples| {
        samples.iter().map(|sample| {
            let (name, labels) = (samples.family().name(), sample.labels());
            let (part, value) = (sample.part(), sample.value().as_f64());
            let stamp = sample.timestamp().map(|stamp| format!(" @{stamp}")).unwrap_or_default();
            format!("{name}{{{labels}}} {part:?} {value}{stamp}")
        })
    });
    lines.collect()
}

#[test]
fn static_histograms_and_summaries_have_their_lines_and_labels() {
    let lines = static_lines(None, |scrape| {
        let value = HistogramValue { buckets: &[(0.5, 1)], sum: 2.5, count: 2 };
        scrape.emit_histogram(&LATENCY, ("get", "/\""), &value);
        scrape.emit_histogram(&PLAIN, (), &Observations::new(Buckets::new(&[])).value());
        scrape.emit_summary(
            &SIZE,
            ["x"],
            &SummaryValue { quantiles: &[(0.9, 7.0)], sum: 8.0, count: 3 },
        );
    });
    assert_eq!(
        lines,
        [
            r#"latency_seconds{method="get",path="/\"",c="1"} Bucket(0.5) 1"#,
            r#"latency_seconds{method="get",path="/\"",c="1"} Bucket(inf) 2"#,
            r#"latency_seconds{method="get",path="/\"",c="1"} Sum 2.5"#,
            r#"latency_seconds{method="get",path="/\"",c="1"} Count 2"#,
            "plain{} Bucket(inf) 0",
            "plain{} Sum 0",
            "plain{} Count 0",
            r#"size_bytes{kind="x"} Quantile(0.9) 7"#,
            r#"size_bytes{kind="x"} Sum 8"#,
            r#"size_bytes{kind="x"} Count 3"#,
        ]
    );
}

#[test]
fn the_label_of_an_instance_and_long_values_are_on_every_line() {
    let long = "x".repeat(2000);
    let lines = static_lines(Some(("i", "1")), |scrape| {
        let value = SummaryValue { quantiles: &[(0.5, 1.0)], sum: 1.0, count: 1 };
        scrape.emit_summary(&SIZE, [&long], &value);
        scrape.emit_info(&BUILD, ["1.2"]);
        scrape.emit_info(&SIMPLE, ());
    });
    let labels = format!(r#"{{kind="{long}",i="1"}}"#);
    assert_eq!(
        lines,
        [
            format!("size_bytes{labels} Quantile(0.5) 1"),
            format!("size_bytes{labels} Sum 1"),
            format!("size_bytes{labels} Count 1"),
            r#"app_build_info{version="1.2",i="1"} Whole 1"#.to_owned(),
            r#"simple_info{a="b",i="1"} Whole 1"#.to_owned(),
        ]
    );
}

#[test]
fn time_stamps_are_those_of_the_samples_that_follow() {
    let lines = static_lines(None, |scrape| {
        let value = HistogramValue { buckets: &[], sum: 1.0, count: 1 };
        scrape.set_timestamp(Some(UNIX_EPOCH + Duration::from_millis(1500)));
        scrape.emit_histogram(&PLAIN, (), &value);
        scrape.emit_info(&BUILD, ["1"]);
        scrape.set_timestamp(Some(UNIX_EPOCH - Duration::from_millis(1)));
        scrape.emit_info(&BUILD, ["2"]);
        scrape.set_timestamp(None);
        scrape.emit_info(&BUILD, ["3"]);
    });
    assert_eq!(
        lines,
        [
            "plain{} Bucket(inf) 1 @1500",
            "plain{} Sum 1 @1500",
            "plain{} Count 1 @1500",
            r#"app_build_info{version="1"} Whole 1 @1500"#,
            r#"app_build_info{version="2"} Whole 1 @-1"#,
            r#"app_build_info{version="3"} Whole 1"#,
        ]
    );
}

#[test]
fn an_info_of_a_family_has_the_value_1() {
    let family = Family::info("a_info", "").build().unwrap();
    let outcome = run(&family, |scrape| scrape.emit_pairs(&family, &NONE, 2));
    assert_eq!(outcome.err().unwrap(), "metric `a_info`: the value of an info is 1, not 2");
    assert!(run(&family, |scrape| scrape.emit_pairs(&family, &NONE, 1)).is_ok());
}
