//! One run of one collector: [`Scrape`] is what the collector writes to.

use std::fmt;
use std::panic;
use std::ptr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::desc::{Desc, Kind};
use crate::error::{Error, Result};
use crate::family::Family;
use crate::labels::{LabelValue, Labels, LabelsWriter, OwnBlock, push_pair};
use crate::limits::{Meter, RunOptions};
use crate::metric::{Info, Metric};
use crate::pairs::exposed_pairs;
use crate::parted::Lines;
use crate::pen::Pen;
use crate::recorder::{InvalidSample, Recorder, RunError};
use crate::snapshot::{FamilySamples, Snapshot};
use crate::value::{SampleValue, Value};

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
    /// The time stamp of the samples that follow, in milliseconds since the epoch.
    stamp: Option<i64>,
    options: RunOptions,
    meter: Meter,
}

impl<'run> Scrape<'run> {
    pub(crate) fn new(
        recorder: &'run mut Recorder,
        snapshot: Snapshot,
        options: RunOptions,
    ) -> Self {
        let meter = Meter::new(&options);
        Self { recorder, snapshot, last: (0, 0), invalid: None, stamp: None, options, meter }
    }
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
        let block = OwnBlock { layout, labels: &labels };
        let family = &mut self.snapshot.families[index];
        family.push(&mut self.meter, self.stamp, value.into_value(), block);
        self.count(metric.desc().name);
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
            let names = family.labels().collect::<Vec<_>>().join(", ");
            let problem = format!(
                "{given} label values for {wanted} labels; give one for each of ({names}), in that order"
            );
            self.fail(family.name(), problem);
            return;
        }
        let value = value.into_value();
        let Some(index) = self.find_whole(family, value) else {
            return;
        };
        let layout = &self.recorder.layouts[index];
        let samples = &mut self.snapshot.families[index];
        samples.push(&mut self.meter, self.stamp, value, |pen: &mut Pen<'_>| {
            if wanted == 0 {
                layout.write_constant(pen);
            } else {
                let mut writer = LabelsWriter::new(pen, layout);
                labels.clone().for_each(|label| writer.push(&label));
            }
        });
        self.count(family.name());
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
        let block = match exposed_pairs(family, labels, instance.as_ref()) {
            Ok(pairs) => block_of(&pairs),
            Err(problem) => return self.fail(family.name(), problem),
        };
        let value = value.into_value();
        let Some(index) = self.find_whole(family, value) else {
            return;
        };
        let write = |pen: &mut Pen<'_>| pen.put(&block);
        self.snapshot.families[index].push(&mut self.meter, self.stamp, value, write);
        self.count(family.name());
    }

    /// Emits an info: labels that say what the source is, with the value 1.
    ///
    /// ```
    /// # use exporter_sdk::{Info, Scrape};
    /// static BUILD: Info<1> = Info::new("app_build_info", "What was built.").labels(&["version"]);
    ///
    /// # fn f(scrape: &mut Scrape) {
    /// scrape.emit_info(&BUILD, ["1.2.0"]);
    /// # }
    /// ```
    pub fn emit_info<const N: usize>(&mut self, metric: &'static Info<N>, labels: impl Labels<N>) {
        let Some(index) = self.find_static(metric.desc()) else {
            return;
        };
        let block = self.recorder.layouts[index].render_own(&labels);
        let one = Value::Uint(1);
        let write = |pen: &mut Pen<'_>| pen.put(&block);
        self.snapshot.families[index].push(&mut self.meter, self.stamp, one, write);
        self.count(metric.desc().name);
    }

    /// Says when the samples that follow were true, where the source tells; `None` for now, which is how a run begins.
    /// Prometheus stores them under that time. It takes none that is older than what it has, marks nothing stale that has
    /// such times, and refuses what is hours old: use it for sources that lag, not for history.
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use exporter_sdk::{Gauge, Scrape};
    /// static LEVEL: Gauge = Gauge::new("river_level_meters", "Level of the river.");
    ///
    /// # fn f(scrape: &mut Scrape) {
    /// let measured = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    /// scrape.set_timestamp(Some(measured));
    /// scrape.emit(&LEVEL, (), 1.25);
    /// scrape.set_timestamp(None);
    /// # }
    /// ```
    pub fn set_timestamp(&mut self, time: Option<SystemTime>) {
        self.stamp = time.map(|time| match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        });
    }

    /// Leaves out a part of the source that cannot be read or parsed: a line, an attribute, a device. It costs the samples
    /// that it would have given; all others of the run are exposed, and `exporter_collector_partial` is 1. `place` says where
    /// it is (`/proc/stat:7`), the same in every run: the log has one line when a place is left out for the first time, and
    /// one when it is read again. A run that emitted no sample fails with what it left out first.
    ///
    /// ```
    /// # use exporter_sdk::{Gauge, Scrape};
    /// static LEVEL: Gauge<1> = Gauge::new("tank_level_ratio", "How full the tank is.").labels(&["tank"]);
    ///
    /// # fn f(scrape: &mut Scrape, text: &str) {
    /// for (number, line) in text.lines().enumerate() {
    ///     match line.parse::<f64>() {
    ///         Ok(level) => scrape.emit(&LEVEL, [number], level),
    ///         Err(error) => scrape.omit(format_args!("levels:{}", number + 1), error),
    ///     }
    /// }
    /// # }
    /// ```
    #[cold]
    pub fn omit(&mut self, place: impl fmt::Display, reason: impl Into<Error>) {
        self.snapshot.omissions.add(place, reason.into());
    }

    /// The time of day. A collector reads it here instead of from [`SystemTime::now`], so that a test can set it.
    pub fn now(&self) -> SystemTime {
        self.options.clock.now()
    }

    /// When the run is given up, for sources that can be told how long they may take. `None` where nobody waits.
    pub fn deadline(&self) -> Option<Instant> {
        self.options.deadline
    }

    /// Who else has a metric that is exposed under one of `family`'s names, in words: ``the collector `loadavg` ``, or
    /// `the exporter itself`. For [unchecked](crate::Collector::UNCHECKED) collectors, whose families come from somebody
    /// else: one that has an owner fails the whole run, unless it is left out. Other instances of the same collector are no
    /// owners, and where nothing but this collector runs, there are none.
    ///
    /// ```
    /// # use exporter_sdk::{Family, Scrape};
    /// # fn f(scrape: &mut Scrape, found: &Family) {
    /// match scrape.owner_of(found) {
    ///     None => scrape.emit_dynamic(found, [""; 0], 1),
    ///     Some(owner) => eprintln!("{} is a metric of {owner} and left out", found.name()),
    /// }
    /// # }
    /// ```
    pub fn owner_of(&self, family: &Family) -> Option<String> {
        self.options.owners.as_ref()?.owner_of(family)
    }

    /// Counts one line of the metric `name`.
    #[inline]
    pub(crate) fn count(&mut self, name: &str) {
        if self.meter.count() {
            self.check_limits(name);
        }
    }

    #[cold]
    fn check_limits(&mut self, name: &str) {
        if self.meter.left_out() {
            self.fail(name, "the labels of one sample take 32 MiB or more".to_owned());
        }
        if let Err(stop) = self.meter.check(&self.options) {
            // The hook that reports panics is not called: nothing is wrong with the code.
            panic::resume_unwind(Box::new(stop));
        }
    }

    /// Ends the run: with its samples, if nothing went wrong.
    ///
    /// # Errors
    ///
    /// The collector's own error; or else the first sample that was not valid; or else, where there is no sample, what was
    /// [left out](Self::omit) first. The samples are lost then, all of them.
    pub fn finish(self, result: Result<(), Error>) -> Result<Snapshot, RunError> {
        result.map_err(RunError::Collector)?;
        match self.invalid {
            Some(invalid) => Err(RunError::Invalid(invalid)),
            None => match self.snapshot.omissions.error() {
                Some(error) if self.snapshot.samples() == 0 => Err(RunError::Collector(error)),
                _ => Ok(self.snapshot),
            },
        }
    }

    /// Whether the run read nothing at all, because it left out everything: it fails then.
    pub(crate) fn is_lost(&self) -> bool {
        self.snapshot.samples() == 0 && self.snapshot.omissions.error().is_some()
    }

    /// Where a sample of several lines goes, and what stands between name and value on its lines without a bound.
    pub(crate) fn find_parted<'s>(
        &'s mut self,
        kind: Kind,
        family: &'s Family,
        labels: &'s [(impl AsRef<str>, impl AsRef<str>)],
    ) -> Option<(Lines<'s>, Vec<u8>)> {
        if family.kind() != kind {
            self.fail(family.name(), format!("emitted as a {kind}, but it is a {}", family.kind()));
            return None;
        }
        let index = self.find_dynamic(family)?;
        let pairs = exposed_pairs(family, labels, self.recorder.label.as_ref());
        match pairs.map(|pairs| block_of(&pairs)) {
            Ok(block) => Some((self.lines(index), block)),
            Err(problem) => {
                note(&mut self.invalid, family.name(), problem);
                None
            }
        }
    }

    /// The same for a static metric.
    pub(crate) fn find_static_parted<const N: usize>(
        &mut self,
        desc: &'static Desc,
        labels: impl Labels<N>,
    ) -> Option<(Lines<'_>, Vec<u8>)> {
        let index = self.find_static(desc)?;
        let block = self.recorder.layouts[index].render(&labels);
        Some((self.lines(index), block))
    }

    fn lines(&mut self, index: usize) -> Lines<'_> {
        let samples = &mut self.snapshot.families[index];
        Lines { samples, meter: &mut self.meter, stamp: self.stamp }
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
            let described = self.snapshot.families[index].family();
            let emitted = Family::from(desc);
            if !described.is_like(&emitted) {
                let problem = differs(described, &emitted);
                self.fail(desc.name, problem);
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
    fn find_whole(&mut self, family: &Family, value: Value) -> Option<usize> {
        let kind = family.kind();
        if kind.has_parts() {
            let problem = format!("a {kind} is not one number: emit it with `emit_{kind}_pairs`");
            self.fail(family.name(), problem);
            return None;
        }
        if kind == Kind::Info && value.as_f64() != 1.0 {
            let problem = format!("the value of an info is 1, not {}", value.as_f64());
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
            let described = self.snapshot.families[index].family();
            if !described.is_like(family) {
                let problem = differs(described, family);
                self.fail(family.name(), problem);
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
        self.meter.grow(ADDED_FAMILY);
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

/// What a family that a run adds takes in memory, room for its first samples included: measured.
const ADDED_FAMILY: usize = 1024;

/// What stands between name and value of a sample with these labels.
fn block_of(pairs: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in pairs {
        push_pair(&mut block, name, value);
    }
    block.extend_from_slice(if block.is_empty() { b" " } else { b"} " });
    block
}

/// `emitted as a counter without labels, but described as a gauge with the labels a, b`.
fn differs(described: &Family, emitted: &Family) -> String {
    let told = |family: &Family| {
        let constant = family.const_labels().map(|(name, value)| format!("{name}={value:?}"));
        let labels: Vec<String> = family.labels().map(str::to_owned).chain(constant).collect();
        let labels = match labels.len() {
            0 => "without labels".to_owned(),
            1 => format!("with the label {}", labels[0]),
            _ => format!("with the labels {}", labels.join(", ")),
        };
        format!("a {} {labels}", family.kind())
    };
    format!(
        "emitted as {}, but described as {}; give one of the two another name",
        told(emitted),
        told(described)
    )
}

/// The first that is wrong is told.
fn note(invalid: &mut Option<InvalidSample>, metric: &str, problem: String) {
    invalid.get_or_insert_with(|| InvalidSample { metric: metric.into(), problem });
}

mod isolate;

#[cfg(test)]
mod tests;
