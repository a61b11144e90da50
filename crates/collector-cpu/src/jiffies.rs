//! The lines `cpuN` of /proc/stat. Not with the crate procfs, which forgets the numbers of processors, so that behind one
//! that is offline all others would have a wrong label.

use std::collections::BTreeMap;

use exporter_sdk::Result;

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
    pub(crate) fn take(&mut self, line: &str) -> Result {
        let Some((cpu, numbers)) = line.strip_prefix("cpu").and_then(|it| it.split_once(' '))
        else {
            return Ok(());
        };
        // The first line is the sum of all; it has no number.
        if !cpu.is_empty() {
            let times = Times::parse(numbers.split(' '))?;
            let processor = self.0.entry(cpu.parse()?);
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
