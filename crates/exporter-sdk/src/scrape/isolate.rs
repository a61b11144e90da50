//! Parts of a run that may hang by themselves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::limits::{PartsTime, Work};
use crate::scrape::Scrape;

/// The part of a run's time-out that is kept for the run itself: it goes on after its parts.
const RESERVE: Duration = Duration::from_millis(200);

/// How long a run that has to end at `deadline` waits for parts that may take `timeout`.
fn time_for_parts(timeout: Duration, deadline: Option<Instant>) -> PartsTime {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    match left.map(|left| left.saturating_sub(RESERVE.min(left / 2))) {
        Some(left) if left < timeout => PartsTime::Run(left),
        _ => PartsTime::Timeout(timeout),
    }
}

impl Scrape<'_> {
    /// Runs a part of the run that may hang by itself (one mount of many, say) elsewhere, and waits for it no longer than
    /// `timeout`, nor beyond the end of the run. Where the run's own time-out (`scrape.timeout`) ends sooner, the wait ends
    /// 200 ms before that (half of the time that is left, if that is less): so a run whose part hangs ends in time, with
    /// the rest of its samples. `part` names it in messages, and so that one that still hangs is not started a second
    /// time.
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
        let result = self.isolate_all(timeout, [(part.to_owned(), work)]).pop();
        result.unwrap_or_else(|| Err("the part is missing".into()))
    }

    /// Like [`isolate`](Self::isolate) for many parts, each with its name, that wait at the same time: no longer than
    /// `timeout` in all. While none of them hangs, they cost hardly more than calls. The results are in the parts' order.
    ///
    /// ```
    /// # use std::{fs, time::Duration};
    /// # use exporter_sdk::{Gauge, Result, Scrape};
    /// # static SIZE: Gauge<1> = Gauge::new("folder_entries", "Entries of a folder.").labels(&["folder"]);
    /// # fn f(scrape: &mut Scrape, folders: Vec<String>) -> Result {
    /// let parts = folders.iter().cloned().map(|folder| {
    ///     (folder.clone(), move || fs::read_dir(folder).map(Iterator::count))
    /// });
    /// let counts = scrape.isolate_all(Duration::from_secs(2), parts);
    /// for (folder, count) in folders.iter().zip(counts) {
    ///     scrape.emit(&SIZE, [folder], count??);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn isolate_all<T: Send + 'static, W: FnOnce() -> T + Send + 'static>(
        &mut self,
        timeout: Duration,
        parts: impl IntoIterator<Item = (String, W)>,
    ) -> Vec<Result<T>> {
        let Some(runner) = &self.options.parts else {
            return parts.into_iter().map(|(_, work)| Ok(work())).collect();
        };
        let time = time_for_parts(timeout, self.options.deadline);
        let values = Arc::new(Mutex::new(BTreeMap::new()));
        let works = parts.into_iter().enumerate().map(|(index, (name, work))| {
            let values = Arc::clone(&values);
            let work: Work = Box::new(move || {
                let value = work();
                values.lock().unwrap_or_else(PoisonError::into_inner).insert(index, value);
            });
            (name, work)
        });
        let ends = runner.isolate(works.collect(), time);
        let mut values = values.lock().unwrap_or_else(PoisonError::into_inner);
        let results = ends.into_iter().enumerate().map(|(index, end)| {
            end.and_then(|()| values.remove(&index).ok_or_else(|| "the part found nothing".into()))
        });
        results.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(timeout_ms: u64, left_ms: Option<u64>) -> PartsTime {
        let deadline = left_ms.map(|left| Instant::now() + Duration::from_millis(left));
        time_for_parts(Duration::from_millis(timeout_ms), deadline)
    }

    #[test]
    fn parts_may_take_their_time_out_where_the_run_has_more() {
        let timeout = PartsTime::Timeout(Duration::from_secs(1));
        assert_eq!(time(1000, None), timeout);
        assert_eq!(time(1000, Some(60_000)), timeout);
        assert_eq!(timeout.to_string(), "1s");
    }

    #[test]
    fn a_run_keeps_200_ms_for_itself_or_half_of_what_is_left() {
        for (left, most) in [(60_000, 59_800), (1000, 800), (400, 200), (100, 50), (0, 0)] {
            let time = time(90_000, Some(left));
            assert!(
                matches!(time, PartsTime::Run(limit) if limit <= Duration::from_millis(most)),
                "{time:?}"
            );
            assert_eq!(time.to_string(), "what `scrape.timeout` leaves of the run");
        }
        assert!(time(90_000, Some(60_000)).limit() > Duration::from_secs(30));
    }
}
