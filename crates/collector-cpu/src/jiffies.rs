//! The lines `cpuN` of /proc/stat. Not with the crate procfs, which forgets the numbers of processors, so that behind one
//! that is offline all others would have a wrong label.

use std::collections::BTreeMap;

use exporter_sdk::{At as _, Result};

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
pub(crate) struct Times([u64; 10]);

impl Times {
    pub(crate) fn modes(&self) -> impl Iterator<Item = (&'static str, f64)> {
        MODES.into_iter().zip(self.0.map(seconds))
    }

    pub(crate) fn guest_modes(&self) -> impl Iterator<Item = (&'static str, f64)> {
        GUEST_MODES.into_iter().zip([self.0[8], self.0[9]].map(seconds))
    }

    fn parse<'a>(numbers: impl Iterator<Item = &'a str>) -> Result<Self> {
        let mut times = Self::default();
        for (time, number) in times.0.iter_mut().zip(numbers) {
            *time = number.parse()?;
        }
        Ok(times)
    }

    /// Counters of the kernel go back a little at times, idle and iowait above all; those exposed never do.
    fn advance(&mut self, now: Self) {
        if self.0[IDLE].saturating_sub(now.0[IDLE]) >= REPLUGGED {
            *self = now;
        }
        for (time, now) in self.0.iter_mut().zip(now.0) {
            *time = now.max(*time);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact for the next million years")]
fn seconds(jiffies: u64) -> f64 {
    jiffies as f64 / PER_SECOND
}

/// The times of all processors that are online.
#[derive(Debug, Default)]
pub(crate) struct Jiffies(BTreeMap<u32, Times>);

impl Jiffies {
    /// Takes the times of /proc/stat, where they are not behind those that were exposed already.
    pub(crate) fn update(&mut self, text: &str) -> Result {
        let mut online = 0;
        for line in text.lines() {
            let Some(line) = line.strip_prefix("cpu") else { break };
            let mut words = line.split(' ');
            // The first line is the sum of all; it has no number.
            let Some(number) = words.next().filter(|number| !number.is_empty()) else { continue };
            let number: u32 = number.parse().at(format_args!("`cpu{line}`"))?;
            let now = Times::parse(words).at(format_args!("`cpu{line}`"))?;
            self.0.entry(number).and_modify(|times| times.advance(now)).or_insert(now);
            online += 1;
        }
        if online < self.0.len() {
            self.forget_offline(text);
        }
        Ok(())
    }

    fn forget_offline(&mut self, text: &str) {
        self.0.retain(|number, _| text.contains(&format!("\ncpu{number} ")));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Times)> {
        self.0.iter().map(|(number, times)| (*number, times))
    }
}
