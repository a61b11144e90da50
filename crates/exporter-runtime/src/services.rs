//! What all collectors of an exporter share: threads, the reactor of the asynchronous ones, the exporter's own metrics.

use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use exporter_exposition::Compressors;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::counters::AllCounters;
use crate::pool::Pool;
use crate::telemetry::Telemetry;

#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) pool: Pool,
    pub(crate) telemetry: Telemetry,
    pub(crate) counters: AllCounters,
    pub(crate) compressors: Compressors,
    reactor: Mutex<Option<Runtime>>,
    /// When scrapes no longer wait for anything, once the exporter is being stopped.
    closing: OnceLock<Instant>,
}

/// Collectors are not polled on these threads but on the pool's; here are the timers and sockets that they wait for, and
/// the tasks that their libraries spawn. A second one is there in case that such a task blocks the first.
const REACTOR_THREADS: usize = 2;

impl Services {
    pub(crate) fn new(telemetry: Telemetry, compressors: Compressors) -> Self {
        Self {
            pool: Pool::new(),
            telemetry,
            counters: AllCounters::default(),
            compressors,
            reactor: Mutex::default(),
            closing: OnceLock::new(),
        }
    }

    /// Has every scrape end within `grace`, with what is ready then.
    pub(crate) fn close(&self, grace: Duration) {
        // The first word counts.
        let _ = self.closing.set(Instant::now() + grace);
    }

    /// When scrapes have to end.
    pub(crate) fn closing(&self) -> Option<Instant> {
        self.closing.get().copied()
    }

    /// The reactor, which is started for the first collector that needs it.
    pub(crate) fn reactor(&self) -> io::Result<Handle> {
        let mut reactor = self.reactor.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reactor) = &*reactor {
            return Ok(reactor.handle().clone());
        }
        let builder = &mut Builder::new_multi_thread();
        let runtime =
            builder.worker_threads(REACTOR_THREADS).thread_name("reactor").enable_all().build()?;
        Ok(reactor.insert(runtime).handle().clone())
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        let reactor = self.reactor.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Waiting for what still runs there could take for ever, and must not be done on an asynchronous thread.
        reactor.into_iter().for_each(Runtime::shutdown_background);
    }
}
