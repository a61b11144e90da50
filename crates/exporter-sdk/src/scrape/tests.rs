//! What a run makes of the samples that it is given.

use super::*;
use crate::value::Value;
use crate::{Counter, Gauge, Histogram, HistogramValue, Stop};

static DISK_READ: Counter<1> = Counter::new("disk_read_total", "r").labels(&["device"]);
static DISK_WRITTEN: Counter<1> = Counter::new("disk_written_total", "w").labels(&["device"]);
const LOAD: Gauge = Gauge::new("load", "l");

fn families() -> Vec<Family> {
    vec![DISK_READ.desc().into(), DISK_WRITTEN.desc().into(), LOAD.desc().into()]
}

fn lines(snapshot: &Snapshot) -> Vec<String> {
    let line = |name: &str, sample: crate::Sample<'_>| {
        format!("{name}{{{}}} {}", sample.labels(), sample.value().as_f64())
    };
    snapshot.families().iter().flat_map(|f| f.iter().map(|s| line(f.family().name(), s))).collect()
}

#[test]
fn samples_of_a_family_stand_together_in_whatever_order_they_came() {
    let mut recorder = Recorder::new(families(), false);
    let snapshot = recorder
        .record(None, |scrape| {
            for (i, disk) in ["a", "b"].into_iter().enumerate() {
                scrape.emit(&DISK_READ, [disk], i);
                scrape.emit(&DISK_WRITTEN, [disk], i + 10);
                scrape.emit(&LOAD, (), 0.5);
            }
            Ok(())
        })
        .unwrap();
    let expected = [
        "disk_read_total{device=\"a\"} 0",
        "disk_read_total{device=\"b\"} 1",
        "disk_written_total{device=\"a\"} 10",
        "disk_written_total{device=\"b\"} 11",
        "load{} 0.5",
        "load{} 0.5",
    ];
    assert_eq!(lines(&snapshot), expected);
    assert_eq!(snapshot.samples(), 6);
}

fn run(
    recorder: &mut Recorder,
    spare: Option<Snapshot>,
    run: impl FnOnce(&mut Scrape<'_>),
) -> Snapshot {
    let outcome = recorder.record(spare, |scrape| {
        run(scrape);
        Ok(())
    });
    outcome.unwrap()
}

#[test]
fn a_reused_snapshot_holds_nothing_of_the_last_run() {
    let mut recorder = Recorder::new(families(), false);
    let first = run(&mut recorder, None, |s| s.emit(&LOAD, (), 1));
    let second = run(&mut recorder, Some(first), |s| s.emit(&DISK_READ, ["x"], 2));
    assert_eq!(lines(&second), ["disk_read_total{device=\"x\"} 2"]);
}

/// What ended a run that may take `byte_limit` bytes, and after how many samples.
fn stopped(byte_limit: u64, mut emit: impl FnMut(&mut Scrape<'_>, usize)) -> (Option<Stop>, usize) {
    let mut recorder = Recorder::new(families(), true);
    let options = RunOptions { byte_limit: Some(byte_limit), ..RunOptions::default() };
    let mut scrape = recorder.begin(None, options);
    let mut emitted = 0;
    let run = panic::catch_unwind(panic::AssertUnwindSafe(|| {
        for i in 0..1_000_000 {
            emit(&mut scrape, i);
            emitted += 1;
        }
    }));
    (run.err().and_then(|payload| Stop::of(&*payload)), emitted)
}

#[test]
fn bytes_are_counted_whatever_they_are_taken_for() {
    const LIMIT: u64 = 16 << 20;
    let over = Some(Stop::Bytes(LIMIT));
    let long = "x".repeat(1 << 20);
    let (stop, emitted) = stopped(LIMIT, |scrape, _| scrape.emit(&DISK_READ, [&long], 1));
    assert!(stop == over && (4..17).contains(&emitted), "{stop:?} {emitted}");
    let (stop, emitted) = stopped(LIMIT, |scrape, i| scrape.emit(&DISK_READ, [i], 1));
    assert!(stop == over && (500_000..800_000).contains(&emitted), "{stop:?} {emitted}");
    // One sample each of as many families.
    let (stop, emitted) = stopped(LIMIT, |scrape, i| {
        let family = Family::gauge(format!("family_{i}"), "").build().unwrap();
        scrape.emit_dynamic(&family, [""; 0], 1);
    });
    assert!(stop == over && (8_000..17_000).contains(&emitted), "{stop:?} {emitted}");
    let (stop, emitted) = stopped(LIMIT, |scrape, _| scrape.emit(&LOAD, (), 1));
    assert_eq!((stop, emitted), (None, 1_000_000));
}

#[test]
fn labels_that_are_too_long_for_any_sample_fail_the_run() {
    let recorder = &mut Recorder::new(families(), false);
    let longest = "x".repeat((32 << 20) - 32);
    let snapshot = run(recorder, None, |s| s.emit(&DISK_READ, [&longest], 1));
    assert_eq!(snapshot.samples(), 1);
    drop(snapshot);
    let long = "x".repeat(32 << 20);
    assert_eq!(
        problem(recorder, |s| {
            s.emit(&DISK_READ, ["short"], 1);
            s.emit(&DISK_READ, [&long], 1);
            s.emit(&DISK_READ, ["another"], 1);
        }),
        "metric `disk_read_total`: the labels of one sample take 32 MiB or more"
    );
}

#[test]
fn one_series_is_the_same_however_it_was_emitted() {
    static LATENCY: Histogram<2> = Histogram::new("latency", "").labels(&["b", "a"]);
    let plain = Family::gauge("plain", "").const_labels([("z", "1"), ("a", "2"), ("e", "")]);
    let plain = plain.build().unwrap();
    let latency = Family::from(LATENCY.desc());
    let value = HistogramValue { buckets: &[], sum: 1.0, count: 1 };
    let recorder = &mut Recorder::new(vec![plain.clone(), latency.clone()], false);
    let mut snapshot = run(recorder, None, |s| {
        s.emit_dynamic(&plain, [""; 0], 1);
        s.emit_pairs(&plain, &[("", ""); 0], 2);
        s.emit_histogram(&LATENCY, ["", "y"], &value);
        s.emit_histogram_pairs(&latency, &[("a", "y"), ("b", "")], &value);
    });
    let expected = ["plain{a=\"2\",z=\"1\"} 1", "plain{a=\"2\",z=\"1\"} 2"];
    assert_eq!(lines(&snapshot)[..2], expected);
    let found = crate::Deduplicator::default().run(&mut snapshot).unwrap();
    assert_eq!((found.dropped, snapshot.samples()), (4, 4));
}

fn problem(recorder: &mut Recorder, run: impl FnOnce(&mut Scrape<'_>)) -> String {
    let outcome = recorder.record(None, |scrape| {
        run(scrape);
        Ok(())
    });
    outcome.unwrap_err().to_string()
}

#[test]
fn what_was_not_described_fails_the_run_and_names_the_metric() {
    static OTHER: Gauge = Gauge::new("other", "o");
    static WRONG: Gauge<1> = Gauge::new("disk_read_total", "r").labels(&["device"]);
    let recorder = &mut Recorder::new(families(), false);
    assert_eq!(
        problem(recorder, |s| s.emit(&OTHER, (), 1)),
        "metric `other`: not described by the collector: add it to its METRICS (or `describe`)"
    );
    assert_eq!(
        problem(recorder, |s| s.emit(&WRONG, ["a"], 1)),
        "metric `disk_read_total`: emitted as a gauge with the label device, but described as a counter with the label device; give one of the two another name"
    );
    let wrong = Family::gauge("disk_read_total", "").build().unwrap();
    assert_eq!(
        problem(recorder, |s| s.emit_dynamic(&wrong, [""; 0], 1)),
        "metric `disk_read_total`: emitted as a gauge without labels, but described as a counter with the label device; give one of the two another name"
    );
}

#[test]
fn dynamic_families_take_values_by_position_or_pairs_in_any_order() {
    let fixed =
        Family::gauge("fixed", "").labels(["a", "b"]).const_labels([("c", "1")]).build().unwrap();
    let free = Family::counter("free_total", "").build().unwrap();
    let recorder = &mut Recorder::new(vec![fixed.clone(), free.clone()], false);
    let snapshot = recorder.record(None, |scrape| {
        scrape.emit_dynamic(&fixed, ["x", "y"], 1);
        scrape.emit_pairs(&free, &[("z", "1"), ("a", "\"")], u64::MAX);
        scrape.emit_pairs(&free, &[("", ""); 0], 2);
        Ok(())
    });
    let snapshot = snapshot.unwrap();
    assert_eq!(lines(&snapshot)[0], "fixed{a=\"x\",b=\"y\",c=\"1\"} 1");
    let free_samples: Vec<_> = snapshot.families()[1].iter().collect();
    assert_eq!(free_samples[0].labels(), "a=\"\\\"\",z=\"1\"");
    assert_eq!(free_samples[0].value(), Value::Uint(u64::MAX));
    assert_eq!(free_samples[1].labels(), "");

    assert_eq!(
        problem(recorder, |s| s.emit_dynamic(&fixed, ["x"], 1)),
        "metric `fixed`: 1 label values for 2 labels; give one for each of (a, b), in that order"
    );
    assert_eq!(
        problem(recorder, |s| s.emit_pairs(&free, &[("a", "1"), ("a", "2")], 1)),
        "metric `free_total`: duplicate label name `a`"
    );
    assert!(problem(recorder, |s| s.emit_pairs(&free, &[("le", "1")], 1)).contains("reserved"));
    assert!(problem(recorder, |s| s.emit_pairs(&fixed, &[("a", "1")], 1)).contains("values only"));
}

#[test]
fn an_unchecked_collector_may_add_families_run_by_run() {
    let mut recorder = Recorder::new(Vec::new(), true);
    for i in 0..3 {
        let family = Family::gauge(format!("run_{i}"), "").build().unwrap();
        let snapshot = run(&mut recorder, None, |s| s.emit_dynamic(&family, [""; 0], i));
        assert_eq!(lines(&snapshot), [format!("run_{i}{{}} {i}")]);
    }
}

#[test]
fn the_label_of_an_instance_comes_last_on_every_sample() {
    let mut recorder =
        Recorder::new(families(), false).with_label("instance_name", "o\"1").unwrap();
    let snapshot = recorder.record(None, |s| {
        s.emit(&DISK_READ, ["x"], 2);
        s.emit(&LOAD, (), 2);
        Ok(())
    });
    assert_eq!(
        lines(&snapshot.unwrap()),
        [
            "disk_read_total{device=\"x\",instance_name=\"o\\\"1\"} 2",
            "load{instance_name=\"o\\\"1\"} 2"
        ]
    );
}

#[test]
fn what_cannot_be_read_costs_itself_and_a_run_with_nothing_else_fails() {
    let mut recorder = Recorder::new(families(), false);
    let first = run(&mut recorder, None, |scrape| {
        scrape.omit("/proc/loads:2", "invalid digit found in string");
        scrape.emit(&LOAD, (), 0.5);
    });
    assert_eq!((first.samples(), first.omitted()), (1, 1));
    assert_eq!(first.omissions()[0].to_string(), "/proc/loads:2: invalid digit found in string");
    let second = run(&mut recorder, Some(first), |scrape| scrape.emit(&LOAD, (), 0.5));
    assert_eq!(second.omissions(), []);
    let failed = recorder.record(Some(second), |scrape| {
        for line in 1..=1000 {
            scrape.omit(format_args!("/proc/loads:{line}"), "empty");
        }
        Ok(())
    });
    assert_eq!(failed.unwrap_err().to_string(), "/proc/loads:1: empty (and 999 more)");
}
