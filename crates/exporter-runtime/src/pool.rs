//! The threads that collectors run on: few of them, and one more for each run that does not come back.
//!
//! A scrape hands over all its runs at once and wakes one worker, which takes them in turn: one change of threads serves
//! many collectors. Whoever waits for the runs looks at the pool again soon ([`Pool::look`]); a worker that is still busy
//! with one job then counts as *away*, and another takes the rest of the queue. A worker that finds the queue empty and the
//! pool full ends, so there are at most as many threads as the pool is large plus runs that hang.

use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Something to do. It may block, for ever even.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// Reads of procfs contend with one another on large machines, so more processors do not ask for more threads.
const MAX_SIZE: usize = 4;

/// A worker that takes longer than this for one job is not waited for by those behind it.
const BRIEF: Duration = Duration::from_millis(4);

thread_local! {
    /// The number of the worker whose thread this is.
    static WORKER: Cell<Option<u64>> = const { Cell::new(None) };
}

/// A handle to the pool; all of them are the same one. The threads end with the last handle.
#[derive(Clone, Debug)]
pub(crate) struct Pool(Arc<Handle>);

#[derive(Debug)]
struct Handle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    size: usize,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// The workers that have a job, by number.
    busy: HashMap<u64, Busy>,
    idle: usize,
    /// Those woken up that have not begun yet.
    woken: usize,
    away: usize,
    threads: usize,
    spawned: u64,
    closed: bool,
}

#[derive(Debug)]
struct Busy {
    since: Instant,
    away: bool,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("queue", &self.queue.len())
            .field("busy", &self.busy)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl Pool {
    pub(crate) fn new() -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::of_size(processors.clamp(2, MAX_SIZE))
    }

    fn of_size(size: usize) -> Self {
        let state = Mutex::new(State::default());
        Self(Arc::new(Handle(Arc::new(Shared { size, state, work: Condvar::new() }))))
    }

    /// Queues jobs and wakes one worker for them.
    pub(crate) fn submit(&self, jobs: impl IntoIterator<Item = Job>) {
        let shared = &self.0.0;
        let mut state = shared.lock();
        let before = state.queue.len();
        state.queue.extend(jobs);
        if state.queue.len() > before {
            shared.replace_away(&mut state);
            shared.wake(state, 1);
        }
    }

    /// Looks whether jobs wait behind a worker that takes long, and gets them another.
    pub(crate) fn look(&self) {
        let shared = &self.0.0;
        let mut state = shared.lock();
        if !state.queue.is_empty() {
            shared.replace_away(&mut state);
            let waiting = state.queue.len();
            shared.wake(state, waiting);
        }
    }

    /// Does what blocks without holding up the jobs behind this one.
    pub(crate) fn away_while<T>(&self, blocking: impl FnOnce() -> T) -> T {
        if let Some(worker) = WORKER.get() {
            let shared = &self.0.0;
            let mut state = shared.lock();
            if let Some(busy) = state.busy.get_mut(&worker).filter(|busy| !busy.away) {
                busy.away = true;
                state.away += 1;
            }
            if !state.queue.is_empty() {
                shared.replace_away(&mut state);
                shared.wake(state, 1);
            }
        }
        blocking()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.work.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No job runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees which workers are away, and makes the pool as large as it should be without them.
    fn replace_away(self: &Arc<Self>, state: &mut State) {
        let now = Instant::now();
        let late = state.busy.values_mut().filter(|busy| !busy.away);
        let late = late.filter(|busy| now.saturating_duration_since(busy.since) > BRIEF);
        let late = late.map(|busy| busy.away = true).count();
        state.away += late;
        // Where many hang, those behind them must not wait for each in turn: as many more are brought as are away.
        let wanted = if late > 0 { state.away.min(state.queue.len()) } else { 0 }.max(self.size);
        // A worker that said itself that it blocks is soon back: as long as another is idle, none is started for it.
        let needed = late > 0 || state.idle == 0;
        while needed && state.threads - state.away < wanted && self.spawn(state) {}
    }

    /// Wakes up to `wanted` idle workers, once the lock is theirs to take.
    fn wake(&self, mut state: MutexGuard<'_, State>, wanted: usize) {
        let wanted = wanted.min(state.idle.saturating_sub(state.woken));
        state.woken += wanted;
        drop(state);
        for _ in 0..wanted {
            self.work.notify_one();
        }
    }

    fn spawn(self: &Arc<Self>, state: &mut State) -> bool {
        let (shared, number) = (Arc::clone(self), state.spawned);
        let builder = thread::Builder::new().name("collector".to_owned());
        match builder.spawn(move || shared.work(number)) {
            Ok(_) => {
                state.spawned += 1;
                state.threads += 1;
                true
            }
            Err(error) => {
                // The jobs stay in the queue; whoever waits for them looks again.
                tracing::error!(%error, "No thread can be started for collectors");
                false
            }
        }
    }

    /// The life of a worker.
    fn work(&self, number: u64) {
        WORKER.set(Some(number));
        let mut state = self.lock();
        loop {
            while let Some(job) = state.queue.pop_front() {
                state.busy.insert(number, Busy { since: Instant::now(), away: false });
                drop(state);
                // Jobs catch what collectors throw; a thread must not be lost to what they do not.
                let _ = catch_unwind(AssertUnwindSafe(job));
                state = self.lock();
                if state.busy.remove(&number).is_some_and(|busy| busy.away) {
                    state.away -= 1;
                }
            }
            if state.closed || state.threads - state.away > self.size {
                state.threads -= 1;
                return;
            }
            state.idle += 1;
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
            state.woken = state.woken.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn panic_quietly() {
        std::panic::resume_unwind(Box::new(()));
    }

    const LONG: Duration = Duration::from_secs(20);

    fn threads(pool: &Pool) -> usize {
        pool.0.0.lock().threads
    }

    fn wait_until(condition: impl Fn() -> bool) {
        let deadline = Instant::now() + LONG;
        while !condition() {
            assert!(Instant::now() < deadline);
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn one_worker_takes_many_brief_jobs() {
        let pool = Pool::of_size(1);
        let (send, receive) = mpsc::channel();
        for _ in 0..100 {
            let jobs = (0..10).map(|i| {
                let send = send.clone();
                Box::new(move || send.send(i).unwrap()) as Job
            });
            pool.submit(jobs);
            let order: Vec<i32> = (0..10).map(|_| receive.recv_timeout(LONG).unwrap()).collect();
            assert_eq!(order, (0..10).collect::<Vec<_>>());
            wait_until(|| pool.0.0.lock().busy.is_empty());
        }
        assert_eq!(threads(&pool), 1);
    }

    #[test]
    fn jobs_behind_hanging_ones_are_done_and_threads_end_with_the_hanging() {
        let pool = Pool::of_size(2);
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        let (send, receive) = mpsc::channel();
        let mut jobs: Vec<Job> = Vec::new();
        for _ in 0..7 {
            let released = Arc::clone(&released);
            jobs.push(Box::new(move || {
                let _ = released.lock().unwrap().recv_timeout(LONG);
            }));
        }
        jobs.push(Box::new(move || send.send("done").unwrap()));
        pool.submit(jobs);
        wait_until(|| {
            pool.look();
            receive.try_recv().is_ok()
        });
        // One for each that hangs, and a few that got past them, which end when there are enough.
        assert!((7..=10).contains(&threads(&pool)), "{}", threads(&pool));
        drop(release);
        wait_until(|| threads(&pool) <= 2);
        drop(pool.clone());
        assert!(threads(&pool) > 0);
    }

    #[test]
    fn a_job_behind_hundreds_that_hang_does_not_wait_for_each_of_them() {
        let pool = Pool::of_size(2);
        let (release, released) = mpsc::channel::<()>();
        let released = Arc::new(Mutex::new(released));
        let (send, receive) = mpsc::channel();
        let mut jobs: Vec<Job> = Vec::new();
        for _ in 0..300 {
            let released = Arc::clone(&released);
            jobs.push(Box::new(move || {
                let _ = released.lock().unwrap().recv_timeout(LONG);
            }));
        }
        jobs.push(Box::new(move || send.send("done").unwrap()));
        pool.submit(jobs);
        let mut looks = 0;
        while receive.try_recv().is_err() {
            thread::sleep(2 * BRIEF);
            pool.look();
            looks += 1;
        }
        assert!(looks < 30, "{looks} looks");
        drop(release);
        wait_until(|| threads(&pool) == 2);
    }

    #[test]
    fn a_job_that_panics_costs_no_thread() {
        let pool = Pool::of_size(1);
        let (send, receive) = mpsc::channel();
        pool.submit([Box::new(panic_quietly) as Job]);
        pool.submit([Box::new(move || send.send(()).unwrap()) as Job]);
        receive.recv_timeout(LONG).unwrap();
        assert_eq!(threads(&pool), 1);
    }

    #[test]
    fn a_job_that_says_that_it_blocks_is_not_waited_for() {
        let pool = Pool::of_size(1);
        let (send, receive) = mpsc::channel();
        let (inner, done) = (pool.clone(), send.clone());
        pool.submit([Box::new(move || {
            inner.submit([Box::new(move || send.send("inner").unwrap()) as Job]);
            inner.away_while(|| assert_eq!(receive.recv_timeout(LONG).unwrap(), "inner"));
            drop(done);
        }) as Job]);
        wait_until(|| pool.0.0.lock().busy.is_empty() && pool.0.0.lock().queue.is_empty());
        wait_until(|| threads(&pool) == 1);
    }
}
