//! One run of one collector: [`Scrape`] is what the collector writes to, [`Recorder`] is what turns its runs into
//! snapshots.

use std::fmt;
use std::panic;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hashbrown::HashMap;

use crate::desc::{Desc, Kind};
use crate::error::{Error, Result};
use crate::family::{self, Family};
use crate::labels::{LabelValue, Labels, LabelsWriter, Layout, push_pair};
use crate::limits::{Meter, RunOptions};
use crate::metric::Metric;
use crate::snapshot::{FamilySamples, Snapshot};
use crate::value::SampleValue;

const DIFFERS: &str = "emitted with another kind or other labels than described";

type Index<K> = HashMap<K, usize, foldhash::fast::RandomState>;

/// One run: where a collector's samples go. They belong to this run alone; nothing is left over from the last one.
///
/// A sample that cannot be right (its family is not in [`METRICS`](crate::Collector::METRICS), say) does not stop the
/// loop that emits it; it fails the run, whose samples are then not exposed.
#[derive(Debug)]
pub struct Scrape<'run> {
    recorder: &'run mut Recorder,
    snapshot: Snapshot,
    /// Loops emit to the same family again and again; the last answer is the best guess for the next.
    last: (usize, usize),
    invalid: Option<InvalidSample>,
    options: RunOptions,
    meter: Meter,
}

impl Scrape<'_> {
    /// Emits one sample of a static metric.
    ///
    /// The compiler checks that `labels` has as many values as the metric has labels. The order of calls is free: samples
    /// of a family stand together on the page however they were emitted.
    ///
    /// ```
    /// # use exporter_sdk::{Gauge, Scrape};
    /// static QUEUE: Gauge<2> = Gauge::new("queue_length", "Waiting messages.").labels(&["host", "queue"]);
    /// static UP_SECONDS: Gauge = Gauge::new("up_seconds", "Time since the start.");
    ///
    /// # fn f(scrape: &mut Scrape) {
    /// scrape.emit(&QUEUE, ["db1", "mail"], 17);
    /// scrape.emit(&QUEUE, ("db1", 2), 0.5);
    /// scrape.emit(&UP_SECONDS, (), std::time::Duration::from_millis(1500));
    /// # }
    /// ```
    #[inline]
    pub fn emit<const N: usize>(
        &mut self,
        metric: &'static impl Metric<N>,
        labels: impl Labels<N>,
        value: impl SampleValue,
    ) {
        let Some(index) = self.find_static(metric.desc()) else {
            return;
        };
        let layout = &self.recorder.layouts[index];
        self.snapshot.families[index].push(value.into_value(), |pen| {
            if N == 0 {
                layout.write_constant(pen);
            } else {
                labels.write(&mut LabelsWriter::new(pen, layout));
            }
        });
        self.count();
    }

    /// Emits one sample of a family that was built at run time, with the values of its labels in their order.
    ///
    /// ```
    /// # use exporter_sdk::{Family, Scrape};
    /// # fn f(scrape: &mut Scrape, orders: &Family) {
    /// scrape.emit_dynamic(orders, ["north"], 17);
    /// # }
    /// ```
    pub fn emit_dynamic<L: LabelValue>(
        &mut self,
        family: &Family,
        labels: impl IntoIterator<Item = L, IntoIter: ExactSizeIterator + Clone>,
        value: impl SampleValue,
    ) {
        let labels = labels.into_iter();
        let (wanted, given) = (family.labels().len(), labels.len());
        if wanted != given {
            self.fail(family.name(), format!("{given} label values for {wanted} labels"));
            return;
        }
        let Some(index) = self.find_whole(family) else {
            return;
        };
        let layout = &self.recorder.layouts[index];
        self.snapshot.families[index].push(value.into_value(), |pen| {
            if wanted == 0 {
                layout.write_constant(pen);
            } else {
                let mut writer = LabelsWriter::new(pen, layout);
                labels.clone().for_each(|label| writer.push(&label));
            }
        });
        self.count();
    }

    /// Emits one sample that brings the names of its labels, as (name, value) in any order; they are exposed in the order
    /// of the names. For sources whose samples differ in their labels, such as text files; the family names none then.
    pub fn emit_pairs(
        &mut self,
        family: &Family,
        labels: &[(impl AsRef<str>, impl AsRef<str>)],
        value: impl SampleValue,
    ) {
        let instance = self.recorder.label.clone();
        let pairs = match exposed_pairs(family, labels, instance.as_ref()) {
            Ok(pairs) => pairs,
            Err(problem) => return self.fail(family.name(), problem),
        };
        let Some(index) = self.find_whole(family) else {
            return;
        };
        let mut block = Vec::new();
        for (name, value) in pairs {
            push_pair(&mut block, name, value);
        }
        block.extend_from_slice(if block.is_empty() { b" " } else { b"} " });
        self.snapshot.families[index].push(value.into_value(), |pen| pen.put(&block));
        self.count();
    }

    /// Runs a part of the run that may hang by itself (one mount of many, say) elsewhere, and waits for it no longer than
    /// `timeout`, nor beyond the end of the run. `part` names it in messages, and so that one that still hangs is not
    /// started a second time.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use exporter_sdk::{Gauge, Result, Scrape};
    /// static SIZE: Gauge<1> = Gauge::new("folder_entries", "Entries of a folder.").labels(&["folder"]);
    ///
    /// # fn f(scrape: &mut Scrape) -> Result {
    /// for folder in ["/tmp", "/mnt/nfs"] {
    ///     let count = move || std::fs::read_dir(folder).map(Iterator::count);
    ///     match scrape.isolate(folder, Duration::from_secs(2), count) {
    ///         Ok(entries) => scrape.emit(&SIZE, [folder], entries?),
    ///         Err(error) => eprintln!("{folder}: {error}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the part did not end in time, panicked, or still hangs from an earlier run.
    pub fn isolate<T: Send + 'static>(
        &mut self,
        part: &str,
        timeout: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let Some(parts) = &self.options.parts else { return Ok(work()) };
        let left = self.options.deadline.map(|end| end.saturating_duration_since(Instant::now()));
        let result = Arc::new(Mutex::new(None));
        let out = Arc::clone(&result);
        let work = move || {
            let value = work();
            *out.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        };
        parts.isolate(part, left.map_or(timeout, |left| left.min(timeout)), Box::new(work))?;
        let value = result.lock().unwrap_or_else(PoisonError::into_inner).take();
        value.ok_or_else(|| format!("`{part}` panicked").into())
    }

    /// When the run is given up, for sources that can be told how long they may take. `None` where nobody waits.
    pub fn deadline(&self) -> Option<Instant> {
        self.options.deadline
    }

    #[inline]
    pub(crate) fn count(&mut self) {
        if self.meter.count() {
            self.check_limits();
        }
    }

    #[cold]
    fn check_limits(&mut self) {
        if let Err(stop) = self.meter.check(&self.options, self.snapshot.used()) {
            // The hook that reports panics is not called: nothing is wrong with the code.
            panic::resume_unwind(Box::new(stop));
        }
    }

    /// Ends the run: with its samples, if nothing went wrong.
    ///
    /// # Errors
    ///
    /// The collector's own error, or else the first sample that was not valid. The samples are lost then, all of them.
    pub fn finish(self, result: Result<(), Error>) -> Result<Snapshot, RunError> {
        result.map_err(RunError::Collector)?;
        match self.invalid {
            Some(invalid) => Err(RunError::Invalid(invalid)),
            None => Ok(self.snapshot),
        }
    }

    /// Where a sample of several lines goes, and its labels in the order in which they are exposed.
    pub(crate) fn find_parted<'s>(
        &'s mut self,
        kind: Kind,
        family: &'s Family,
        labels: &'s [(impl AsRef<str>, impl AsRef<str>)],
    ) -> Option<(&'s mut FamilySamples, Vec<(&'s str, &'s str)>)> {
        if family.kind() != kind {
            self.fail(family.name(), format!("emitted as a {kind}, but it is a {}", family.kind()));
            return None;
        }
        let index = self.find_dynamic(family)?;
        match exposed_pairs(family, labels, self.recorder.label.as_ref()) {
            Ok(pairs) => Some((&mut self.snapshot.families[index], pairs)),
            Err(problem) => {
                note(&mut self.invalid, family.name(), problem);
                None
            }
        }
    }

    #[inline]
    fn find_static(&mut self, desc: &'static Desc) -> Option<usize> {
        let key = ptr::from_ref(desc).addr();
        if self.last.0 == key { Some(self.last.1) } else { self.look_up_static(key, desc) }
    }

    fn look_up_static(&mut self, key: usize, desc: &'static Desc) -> Option<usize> {
        let index = if let Some(&index) = self.recorder.by_address.get(&key) {
            index
        } else if let Some(&index) = self.recorder.by_name.get(desc.name) {
            // A `const` metric has an address of its own wherever it is named: the name finds it, once per address.
            if !self.snapshot.families[index].family().matches(desc) {
                self.fail(desc.name, DIFFERS.into());
                return None;
            }
            self.recorder.by_address.insert(key, index);
            index
        } else {
            self.add_unchecked(key, || Family::from(desc), desc.name)?
        };
        self.last = (key, index);
        Some(index)
    }

    /// Finds the family of a sample that is one number.
    fn find_whole(&mut self, family: &Family) -> Option<usize> {
        let kind = family.kind();
        if kind.has_parts() {
            let problem = format!("a {kind} is not one number: emit it with `emit_{kind}`");
            self.fail(family.name(), problem);
            return None;
        }
        self.find_dynamic(family)
    }

    fn find_dynamic(&mut self, family: &Family) -> Option<usize> {
        let key = family.address();
        if let Some(&index) = self.recorder.by_address.get(&key) {
            return Some(index);
        }
        if let Some(&index) = self.recorder.by_name.get(family.name()) {
            if !self.snapshot.families[index].family().is_like(family) {
                self.fail(family.name(), DIFFERS.into());
                return None;
            }
            return Some(index);
        }
        self.add_unchecked(key, || family.clone(), family.name())
    }

    fn add_unchecked(
        &mut self,
        key: usize,
        family: impl FnOnce() -> Family,
        name: &str,
    ) -> Option<usize> {
        if !self.recorder.unchecked {
            self.fail(
                name,
                "not described by the collector: add it to its METRICS (or `describe`)".into(),
            );
            return None;
        }
        let index = self.snapshot.families.len();
        let family = family();
        if let Err(problem) = self.recorder.check_label(&family) {
            self.fail(name, problem);
            return None;
        }
        let layout = self.recorder.layout(&family);
        self.snapshot.families.push(FamilySamples::new(family, &layout));
        self.recorder.layouts.push(layout);
        self.recorder.by_address.insert(key, index);
        self.recorder.by_name.insert(name.into(), index);
        Some(index)
    }

    #[cold]
    pub(crate) fn fail(&mut self, metric: &str, problem: String) {
        note(&mut self.invalid, metric, problem);
    }
}

/// The labels of a sample and the constant ones of its family, in the order of their names.
/// The first that is wrong is told.
fn note(invalid: &mut Option<InvalidSample>, metric: &str, problem: String) {
    invalid.get_or_insert_with(|| InvalidSample { metric: metric.into(), problem });
}

/// The labels of a sample that brings their names, in the order in which they are exposed: sorted, and behind them that of
/// the instance.
fn exposed_pairs<'a>(
    family: &'a Family,
    labels: &'a [(impl AsRef<str>, impl AsRef<str>)],
    instance: Option<&'a (Arc<str>, Arc<str>)>,
) -> Result<Vec<(&'a str, &'a str)>, String> {
    let pairs = labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    let mut pairs: Vec<(&str, &str)> = pairs.chain(family.const_labels()).collect();
    pairs.sort_unstable_by_key(|&(name, _)| name);
    check_pairs(family, &pairs)?;
    if let Some((name, value)) = instance {
        if pairs.iter().any(|pair| pair.0 == &**name) {
            return Err(format!("duplicate label name `{name}`"));
        }
        pairs.push((name, value));
    }
    // Prometheus takes an empty value for an absent label, and so do two samples that differ by nothing else.
    pairs.retain(|(_, value)| !value.is_empty());
    Ok(pairs)
}

fn check_pairs(family: &Family, pairs: &[(&str, &str)]) -> Result<(), String> {
    let named = family.labels().len();
    if named > 0 && !family.kind().has_parts() {
        return Err("the family names its labels, so its samples give values only".into());
    }
    let given = |label| pairs.iter().any(|&(name, _)| name == label);
    let all = named + family.const_labels().len() == pairs.len();
    if named > 0 && !(all && family.labels().all(given)) {
        let wanted: Vec<&str> = family.labels().collect();
        return Err(format!(
            "its samples need the labels `{}`, and no others",
            wanted.join("`, `")
        ));
    }
    for (name, _) in pairs {
        family::check_label(name)?;
    }
    match pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => Err(format!("duplicate label name `{}`", pair[0].0)),
        None => Ok(()),
    }
}

/// Runs one collector again and again and turns each run into a [`Snapshot`]. For those who run collectors: the runtime
/// and tests.
#[derive(Debug)]
pub struct Recorder {
    families: Vec<Family>,
    unchecked: bool,
    /// A label that every sample gets.
    label: Option<(Arc<str>, Arc<str>)>,
    /// The layouts of the families, and of those that the current run added.
    layouts: Vec<Layout>,
    by_address: Index<usize>,
    by_name: Index<Box<str>>,
}

impl Recorder {
    /// A recorder for a collector that describes `families`. `unchecked` lets its runs add others.
    pub fn new(families: Vec<Family>, unchecked: bool) -> Self {
        let by_address = families.iter().enumerate().map(|(i, f)| (f.address(), i)).collect();
        let by_name = families.iter().enumerate().map(|(i, f)| (f.name().into(), i)).collect();
        let layouts = families.iter().map(|family| family.layout().clone()).collect();
        Self { families, unchecked, label: None, layouts, by_address, by_name }
    }

    /// Adds a label to every sample, behind all others.
    ///
    /// # Errors
    ///
    /// When a family has a label of that name already.
    pub fn with_label(mut self, name: &str, value: &str) -> Result<Self> {
        self.label = Some((name.into(), value.into()));
        for family in &self.families {
            self.check_label(family)
                .map_err(|problem| format!("metric `{}`: {problem}", family.name()))?;
        }
        self.layouts = self.families.iter().map(|family| self.layout(family)).collect();
        Ok(self)
    }

    /// Checks that the label which every sample gets is none of `family`'s own.
    fn check_label(&self, family: &Family) -> Result<(), String> {
        let mut own = family.labels().chain(family.const_labels().map(|(name, _)| name));
        match &self.label {
            Some((name, _)) if own.any(|label| label == &**name) => Err(format!(
                "it has a label `{name}`, which the exporter adds where there are several instances of a collector"
            )),
            _ => Ok(()),
        }
    }

    fn layout(&self, family: &Family) -> Layout {
        match &self.label {
            Some((name, value)) => {
                let label = (name.as_ref(), value.as_ref());
                Layout::new(family.labels(), family.const_labels().chain([label]))
            }
            None => family.layout().clone(),
        }
    }

    /// Runs the collector once, without bounds. `spare` is a snapshot of an earlier run whose memory can be used again.
    ///
    /// # Errors
    ///
    /// See [`Scrape::finish`].
    pub fn record(
        &mut self,
        spare: Option<Snapshot>,
        run: impl FnOnce(&mut Scrape<'_>) -> Result<(), Error>,
    ) -> Result<Snapshot, RunError> {
        let mut scrape = self.begin(spare, RunOptions::default());
        let result = run(&mut scrape);
        scrape.finish(result)
    }

    /// Begins a run, which [`Scrape::finish`] ends.
    pub fn begin(&mut self, spare: Option<Snapshot>, options: RunOptions) -> Scrape<'_> {
        if self.unchecked {
            // What the last run added is not described, so it is not expected again.
            let described = self.families.len();
            self.by_address.retain(|_, index| *index < described);
            self.by_name.retain(|_, index| *index < described);
            self.layouts.truncate(described);
        }
        let mut snapshot = spare.unwrap_or_default();
        snapshot.reset(&self.families, &self.layouts);
        let meter = Meter::new(&options);
        Scrape { recorder: self, snapshot, last: (0, 0), invalid: None, options, meter }
    }
}

/// A sample that cannot be exposed: of which metric, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidSample {
    metric: String,
    problem: String,
}

impl fmt::Display for InvalidSample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metric `{}`: {}", self.metric, self.problem)
    }
}

impl std::error::Error for InvalidSample {}

/// Why a run has no snapshot.
#[derive(Debug)]
pub enum RunError {
    /// The collector returned an error.
    Collector(Error),
    /// The collector emitted something that cannot be exposed.
    Invalid(InvalidSample),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Collector(error) => error.fmt(f),
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use crate::{Counter, Gauge};

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
        snapshot
            .families()
            .iter()
            .flat_map(|f| f.iter().map(|s| line(f.family().name(), s)))
            .collect()
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
            "metric `disk_read_total`: emitted with another kind or other labels than described"
        );
        let wrong = Family::gauge("disk_read_total", "").build().unwrap();
        assert_eq!(
            problem(recorder, |s| s.emit_dynamic(&wrong, [""; 0], 1)),
            "metric `disk_read_total`: emitted with another kind or other labels than described"
        );
    }

    #[test]
    fn dynamic_families_take_values_by_position_or_pairs_in_any_order() {
        let fixed = Family::gauge("fixed", "")
            .labels(["a", "b"])
            .const_labels([("c", "1")])
            .build()
            .unwrap();
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
            "metric `fixed`: 1 label values for 2 labels"
        );
        assert_eq!(
            problem(recorder, |s| s.emit_pairs(&free, &[("a", "1"), ("a", "2")], 1)),
            "metric `free_total`: duplicate label name `a`"
        );
        assert!(problem(recorder, |s| s.emit_pairs(&free, &[("le", "1")], 1)).contains("reserved"));
        assert!(
            problem(recorder, |s| s.emit_pairs(&fixed, &[("a", "1")], 1)).contains("values only")
        );
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
}
