//! What a run does on the pool: blocking collectors in one go, asynchronous ones poll by poll.

use std::sync::Arc;
use std::time::Instant;

use exporter_sdk::{AnyCollector, RunError, Snapshot, Stop};

use crate::caught::{Caught, Thrown, catch};
use crate::pool::{Job, Pool};
use crate::run::{Failure, Reason, Run};
use crate::services::Services;
use crate::slot::{Bench, Slot};

/// The job that does a run of `slot`.
pub(crate) fn job(slot: &Arc<Slot>, run: &Arc<Run>, services: &Arc<Services>) -> Job {
    let ticket = Ticket { slot: Arc::clone(slot), run: Arc::clone(run), stage: Stage::Waiting };
    let services = Arc::clone(services);
    Box::new(move || ticket.begin(&services))
}

/// The right to do a run, and the duty to end it: whatever becomes of the ticket, the slot is told.
struct Ticket {
    slot: Arc<Slot>,
    run: Arc<Run>,
    stage: Stage,
}

#[derive(Clone, Copy)]
enum Stage {
    Waiting,
    Begun(Instant),
    Ended,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        match self.stage {
            Stage::Waiting => self.slot.abandon(&self.run),
            Stage::Begun(_) => self.settle(Err(Failure::new(Reason::Panic, "the run was lost"))),
            Stage::Ended => {}
        }
    }
}

type Finished = Result<Snapshot, RunError>;

impl Ticket {
    fn begin(mut self, services: &Services) {
        let now = Instant::now();
        self.stage = Stage::Begun(now);
        if self.run.is_overdue(now) {
            // It waited in the queue, or for a run of an older configuration: nobody can use what it would find.
            return self.settle(Err(given_up()));
        }
        let bench = catch(|| self.slot.take_bench());
        match bench.unwrap_or_else(|thrown| Err(panicked(&thrown))) {
            Err(failure) => self.settle(Err(failure)),
            Ok(bench) if matches!(bench.collector, AnyCollector::Async(_)) => {
                self.spawn(bench, services);
            }
            Ok(bench) => self.block(bench),
        }
    }

    fn settle(&mut self, result: Result<Arc<Snapshot>, Failure>) {
        if let Stage::Begun(begun) = std::mem::replace(&mut self.stage, Stage::Ended) {
            self.slot.settle(&self.run, begun, result);
        }
    }

    /// Runs a blocking collector on this thread.
    fn block(mut self, mut bench: Bench) {
        let Bench { collector, recording } = &mut bench;
        let options = self.slot.options(&self.run);
        let caught = catch(|| {
            let mut scrape = recording.begin(options);
            let result = match collector {
                AnyCollector::Blocking(collector) => collector.run(&mut scrape),
                AnyCollector::Async(_) => Err("an asynchronous collector does not block".into()),
            };
            scrape.finish(result)
        });
        let ended = match caught {
            Ok(finished) => Ok((bench, finished)),
            Err(thrown) => {
                // Whatever state the collector was left in goes with it; it may panic in `Drop` as well.
                let _ = catch(|| drop(bench));
                Err(thrown)
            }
        };
        self.end(ended);
    }

    /// Starts an asynchronous collector. Its future is polled on the pool, where it may block if it must; the reactor only
    /// tells when to poll it again.
    fn spawn(mut self, bench: Bench, services: &Services) {
        let reactor = match services.reactor() {
            Ok(reactor) => reactor,
            Err(error) => {
                let message = format!("no asynchronous runtime: {error}");
                return self.settle(Err(Failure::new(Reason::Error, message)));
            }
        };
        let pool: Pool = services.pool.clone();
        let future = async move {
            let gather = self.run.polls.measure(self.gather(bench));
            let gather = tokio::time::timeout_at(self.run.deadline.into(), gather);
            match Caught::new(gather).await {
                Ok(Ok(finished)) => self.end(Ok(finished)),
                // The collector went with its future. That this is a time-out is for the slot to see.
                Ok(Err(_)) => self.settle(Err(given_up())),
                Err(thrown) => self.end(Err(thrown)),
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

    fn end(&mut self, caught: Result<(Bench, Finished), Thrown>) {
        let result = match caught {
            Ok((mut bench, finished)) => {
                let result = self.slot.judge(&mut bench.recording, finished);
                self.slot.return_bench(bench);
                result
            }
            Err(thrown) => Err(panicked(&thrown)),
        };
        self.settle(result);
    }
}

fn given_up() -> Failure {
    Failure::new(Reason::Timeout, Stop::Deadline.to_string())
}

fn panicked(thrown: &Thrown) -> Failure {
    match thrown.stop() {
        Some(Stop::Deadline) => given_up(),
        Some(stop) => Failure::new(Reason::Limit, stop.to_string()),
        None => Failure::new(Reason::Panic, thrown.to_string()),
    }
}
