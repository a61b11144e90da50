//! The lines `cpuN` of /proc/stat. Not with the crate procfs, which forgets the numbers of processors, so that behind one
//! that is offline all others would have a wrong label.

use std::collections::BTreeMap;

use exporter_host::{Text, parse_number};
use exporter_sdk::{Result, Scrape};

/// The unit of time in /proc/stat, the same on every architecture.
const PER_SECOND: f64 = 100.0;

/// Who sees idle time fall by as much sees a processor that was unplugged and plugged in again.
const REPLUGGED: u64 = 300;

/// In the order of the file.
const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"];
const IDLE: usize = 3;
const GUEST_MODES: [&str; 2] = ["user", "nice"];

/// The time that one processor spent in each mode, those of guests behind the others.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times([Jiffy; 10]);

/// The time of one mode.
#[derive(Clone, Copy, Debug, Default)]
struct Jiffy {
    number: u64,
    /// Whether the number of this run could not be read; the one of before is kept then, for the next run.
    unread: bool,
}

impl Times {
    pub(crate) fn modes(&self) -> impl Iterator<Item = (&'static str, f64)> {
        named(&MODES, &self.0[..8])
    }

    pub(crate) fn guest_modes(&self) -> impl Iterator<Item = (&'static str, f64)> {
        named(&GUEST_MODES, &self.0[8..])
    }

    /// The numbers of a line, `words`. An old kernel has fewer of them.
    fn parse(line: &Text<'_>, words: &str, scrape: &mut Scrape) -> Self {
        let mut times = Self::default();
        for (column, (time, word)) in times.0.iter_mut().zip(words.split(' ')).enumerate() {
            let number = line.number(scrape, format_args!("column {}", column + 1), word);
            *time = Jiffy { number: number.unwrap_or_default(), unread: number.is_none() };
        }
        times
    }

    /// Counters of the kernel go back a little at times, idle and iowait above all; those exposed never do.
    fn advance(&mut self, now: Self) {
        let (before, idle) = (self.0[IDLE].number, now.0[IDLE]);
        if !idle.unread && before.saturating_sub(idle.number) >= REPLUGGED {
            *self = now;
        }
        for (time, now) in self.0.iter_mut().zip(now.0) {
            *time = Jiffy { number: now.number.max(time.number), unread: now.unread };
        }
    }
}

/// The seconds of each mode whose number was read.
fn named(
    modes: &'static [&'static str],
    times: &[Jiffy],
) -> impl Iterator<Item = (&'static str, f64)> {
    let pairs = modes.iter().zip(times).filter(|(_, time)| !time.unread);
    pairs.map(|(mode, time)| (*mode, seconds(time.number)))
}

#[expect(clippy::cast_precision_loss, reason = "exact for the next million years")]
fn seconds(jiffies: u64) -> f64 {
    jiffies as f64 / PER_SECOND
}

/// The times of all processors that are online.
#[derive(Debug, Default)]
pub(crate) struct Jiffies(BTreeMap<u32, Processor>);

#[derive(Debug)]
struct Processor {
    times: Times,
    online: bool,
}

impl Jiffies {
    pub(crate) fn begin(&mut self) {
        self.0.values_mut().for_each(|processor| processor.online = false);
    }

    /// Takes the times of a line, where they are not behind those that were exposed already.
    pub(crate) fn take(&mut self, line: &Text<'_>, scrape: &mut Scrape) -> Result {
        let Some(rest) = line.as_str().strip_prefix("cpu") else { return Ok(()) };
        let (cpu, words) = rest.split_once(' ').ok_or("expected `cpuN` and its numbers")?;
        // The first line is the sum of all; it has no number.
        if !cpu.is_empty() {
            let cpu = parse_number(cpu)?;
            let times = Times::parse(line, words, scrape);
            let processor = self.0.entry(cpu);
            let processor = processor.or_insert(Processor { times, online: true });
            processor.times.advance(times);
            processor.online = true;
        }
        Ok(())
    }

    pub(crate) fn forget_offline(&mut self) {
        self.0.retain(|_, processor| processor.online);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Times)> {
        self.0.iter().map(|(number, processor)| (*number, &processor.times))
    }
}
