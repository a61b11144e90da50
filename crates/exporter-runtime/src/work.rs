//! What a run does on the pool: blocking collectors in one go, asynchronous ones poll by poll.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use exporter_sdk::{AnyCollector, RunError, Snapshot, Stop};

use crate::caught::{Caught, Payload};
use crate::pool::{Job, Pool};
use crate::run::{Failure, Reason, Run};
use crate::services::Services;
use crate::slot::{Bench, Slot};

/// The job that does a run of `slot`.
pub(crate) fn job(slot: &Arc<Slot>, run: &Arc<Run>, services: &Arc<Services>) -> Job {
    let ticket = Ticket { slot: Arc::clone(slot), run: Arc::clone(run), begun: false };
    let services = Arc::clone(services);
    Box::new(move || ticket.begin(&services))
}

/// The right to do a run. It tells the slot if it goes away unused.
struct Ticket {
    slot: Arc<Slot>,
    run: Arc<Run>,
    begun: bool,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.begun {
            self.slot.abandon(&self.run);
        }
    }
}

type Finished = Result<Snapshot, RunError>;

impl Ticket {
    fn begin(mut self, services: &Services) {
        self.begun = true;
        let begun = Instant::now();
        let bench = catch_unwind(AssertUnwindSafe(|| self.slot.take_bench()));
        match bench.unwrap_or_else(|payload| Err(panicked(payload.as_ref()))) {
            Err(failure) => self.slot.settle(&self.run, begun, Err(failure)),
            Ok(bench) if matches!(bench.collector, AnyCollector::Async(_)) => {
                self.spawn(bench, begun, services);
            }
            Ok(bench) => self.block(bench, begun),
        }
    }

    /// Runs a blocking collector on this thread.
    fn block(&self, mut bench: Bench, begun: Instant) {
        let Bench { collector, recording } = &mut bench;
        let options = self.slot.options(&self.run);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let mut scrape = recording.begin(options);
            let result = match collector {
                AnyCollector::Blocking(collector) => collector.run(&mut scrape),
                AnyCollector::Async(_) => Err("an asynchronous collector does not block".into()),
            };
            scrape.finish(result)
        }));
        let ended = match caught {
            Ok(finished) => Ok((bench, finished)),
            Err(payload) => {
                // Whatever state the collector was left in goes with it; it may panic in `Drop` as well.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(bench)));
                Err(payload)
            }
        };
        self.end(ended, begun);
    }

    /// Starts an asynchronous collector. Its future is polled on the pool, where it may block if it must; the reactor only
    /// tells when to poll it again.
    fn spawn(self, bench: Bench, begun: Instant, services: &Services) {
        let reactor = match services.reactor() {
            Ok(reactor) => reactor,
            Err(error) => {
                let failure =
                    Failure::new(Reason::Error, format!("no asynchronous runtime: {error}"));
                return self.slot.settle(&self.run, begun, Err(failure));
            }
        };
        let pool: Pool = services.pool.clone();
        let future = async move {
            let deadline = self.run.started + self.slot.plan.scrape.timeout;
            let caught =
                Caught::new(tokio::time::timeout_at(deadline.into(), self.gather(bench))).await;
            match caught {
                Ok(Ok(finished)) => self.end(Ok(finished), begun),
                // The collector went with its future. That this is a time-out is for the slot to see.
                Ok(Err(_)) => self.slot.settle(&self.run, begun, Err(given_up())),
                Err(payload) => self.end(Err(payload), begun),
            }
        };
        let schedule = move |runnable: async_task::Runnable| {
            let reactor = reactor.clone();
            let job: Job = Box::new(move || {
                let _context = reactor.enter();
                runnable.run();
            });
            pool.submit([job]);
        };
        let (runnable, task) = async_task::spawn(future, schedule);
        task.detach();
        runnable.schedule();
    }

    async fn gather(&self, mut bench: Bench) -> (Bench, Finished) {
        let Bench { collector, recording } = &mut bench;
        let mut scrape = recording.begin(self.slot.options(&self.run));
        let result = match collector {
            AnyCollector::Async(collector) => collector.run(&mut scrape).await,
            AnyCollector::Blocking(_) => Err("a blocking collector is no future".into()),
        };
        let finished = scrape.finish(result);
        (bench, finished)
    }

    fn end(&self, caught: Result<(Bench, Finished), Payload>, begun: Instant) {
        let result = match caught {
            Ok((mut bench, finished)) => {
                let result = self.slot.judge(&mut bench.recording, finished);
                self.slot.return_bench(bench);
                result
            }
            Err(payload) => Err(panicked(payload.as_ref())),
        };
        self.slot.settle(&self.run, begun, result);
    }
}

fn given_up() -> Failure {
    Failure::new(Reason::Timeout, Stop::Deadline.to_string())
}

fn panicked(payload: &(dyn Any + Send)) -> Failure {
    match Stop::of(payload) {
        Some(Stop::Deadline) => given_up(),
        Some(stop) => Failure::new(Reason::Limit, stop.to_string()),
        None => {
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            Failure::new(Reason::Panic, text.unwrap_or("panicked"))
        }
    }
}
