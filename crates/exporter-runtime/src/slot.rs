//! One collector in operation: it is run, by one run at a time, and what comes of it is kept apart from everything else.
//!
//! A slot is idle, running or overdue. A scrape that finds it idle starts a run, one that finds it running joins that, and
//! one that finds it overdue is told so at once.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use exporter_config::Problem;
use exporter_sdk::{AnyCollector, Family, Origin, Recorder, RunError, RunOptions, Snapshot};

use crate::catalog::CollectorType;
use crate::caught::catch;
use crate::claims::{Claims, Others, Owner};
use crate::configuration::collector_path;
use crate::counters::RunCounters;
use crate::error::StartError;
use crate::gate::Gate;
use crate::history::History;
use crate::partial::{OmittedPlaces, redacted};
use crate::plan::Plan;
use crate::pool::Job;
use crate::recording::Recording;
use crate::refresh::Refresher;
use crate::run::{Failure, Gathering, Outcome, Reason, Run};
use crate::schedule::{Due, Schedule};
use crate::services::Services;
use crate::settings::{DuplicatePolicy, ScrapeSettings};
use crate::status::{CollectorStatus, LastRun, RunState};
use crate::work;

/// The label by which the samples of several instances of one collector differ.
pub(crate) const INSTANCE_LABEL: &str = "collector_instance";

/// One collector, its configuration and its memory.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) plan: Plan,
    kind: CollectorType,
    families: Vec<Family>,
    services: Arc<Services>,
    gate: Arc<Gate>,
    pub(crate) counters: Arc<RunCounters>,
    state: Mutex<State>,
    /// What the next run works with; `None` while one does, and after one that did not come back whole.
    bench: Mutex<Option<Bench>>,
    /// What a page has of a run that failed: that the source is down.
    down: Option<Arc<Snapshot>>,
    /// What starts its runs in the background.
    refresher: Mutex<Option<Refresher>>,
}

#[derive(Debug)]
struct State {
    current: Option<Arc<Run>>,
    schedule: Schedule,
    history: History,
    omitted: OmittedPlaces,
    /// What was last said in the log, so that a collector that keeps failing is not told of at every scrape.
    told: Option<Failure>,
    told_of_duplicates: bool,
    /// Whose names its runs may not take. A slot outlives reloads, this does not.
    others: Option<Arc<Others>>,
}

/// A built collector with its recording.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) collector: AnyCollector,
    pub(crate) recording: Recording,
}

/// What a scrape finds in a slot.
#[derive(Debug)]
pub(crate) enum Joined {
    /// There is nothing to wait for.
    Ready(Outcome),
    /// A run is going on.
    Waiting(Arc<Run>),
}

impl Slot {
    /// Builds a collector.
    pub(crate) fn new(
        plan: Plan,
        scrape: ScrapeSettings,
        kind: &CollectorType,
        services: Arc<Services>,
        gate: Arc<Gate>,
    ) -> Result<Arc<Self>, StartError> {
        // A panic in the middle of a reload must cost the reload only.
        let built = catch(|| plan.build(kind).map(|collector| (collector.describe(), collector)));
        let (families, collector) = built.unwrap_or_else(|thrown| {
            Err(StartError::Panic {
                collector: plan.name.clone(),
                origin: *kind.origin(),
                message: thrown.to_string(),
            })
        })?;
        if matches!(collector, AnyCollector::Async(_)) || scrape.is_background() {
            services.reactor().map_err(|error| StartError::Reactor(error.to_string()))?;
        }
        let counters = services.counters.of(&plan.name);
        let counters = counters.map_err(|error| StartError::Telemetry(error.to_string()))?;
        let mut slot = Self {
            plan,
            counters,
            kind: kind.clone(),
            families,
            services,
            gate,
            state: Mutex::new(State::new(scrape)),
            bench: Mutex::default(),
            down: None,
            refresher: Mutex::default(),
        };
        slot.bench = Mutex::new(Some(slot.furnish(collector)?));
        slot.down = slot.record_down()?;
        Ok(Arc::new(slot))
    }

    pub(crate) fn name(&self) -> &str {
        &self.plan.name
    }

    pub(crate) fn kind(&self) -> &CollectorType {
        &self.kind
    }

    pub(crate) fn origin(&self) -> &Origin {
        self.kind.origin()
    }

    /// The families that the collector described.
    pub(crate) fn families(&self) -> &[Family] {
        &self.families
    }

    /// Whether it exposes one of `names`, or could.
    pub(crate) fn owns_any(&self, names: &BTreeSet<String>) -> bool {
        let exposes = |family: &Family| family.exposed_names().iter().any(|it| names.contains(it));
        self.unchecked() || self.families.iter().any(exposes)
    }

    /// Who it is, where names are claimed.
    pub(crate) fn owner(&self) -> Owner {
        let base = self.kind.name().to_owned();
        Owner { collector: self.name().to_owned(), base, origin: *self.origin() }
    }

    /// Whether runs may add families to those that were described.
    pub(crate) fn unchecked(&self) -> bool {
        self.kind.unchecked()
    }

    /// How it is run.
    pub(crate) fn scrape(&self) -> Arc<ScrapeSettings> {
        Arc::clone(&self.lock().schedule.settings)
    }

    /// Has later runs follow other settings. The collector keeps its state.
    pub(crate) fn set_scrape(&self, scrape: ScrapeSettings) {
        let mut state = self.lock();
        if *state.schedule.settings != scrape {
            state.schedule.settings = Arc::new(scrape);
            drop(state);
            // It follows the settings of before.
            *self.lock_refresher() = None;
        }
    }

    /// Starts its runs in the background, if it has such and they were not started yet.
    pub(crate) fn start_refresher(self: &Arc<Self>) {
        let mut refresher = self.lock_refresher();
        if refresher.is_none() && self.scrape().is_background() {
            match Refresher::start(self, &self.services) {
                Ok(started) => *refresher = Some(started),
                Err(error) => tracing::error!(
                    collector = self.name(), %error, "Collector cannot be run in the background"
                ),
            }
        }
    }

    /// How long it is until the next run in the background, with an interval of `jitter` times `refresh`.
    pub(crate) fn next_refresh(&self, now: Instant, jitter: f64) -> Duration {
        self.lock().schedule.next_refresh(now, jitter)
    }

    /// Joins the run that goes on, or starts one, whose job is returned.
    pub(crate) fn begin(self: &Arc<Self>, now: Instant, gathering: &Arc<Gathering>) -> Option<Job> {
        let mut state = self.lock();
        if let Some(run) = &state.current {
            run.join(gathering);
            return None;
        }
        let (run, job) = self.start_run(&mut state, now);
        run.join(gathering);
        drop(state);
        self.gate.enter(job)
    }

    /// Counts and logs that the run which goes on is overdue, if it is.
    pub(crate) fn look(&self, now: Instant) {
        let mut state = self.lock();
        if let Some(run) = state.current.clone().filter(|run| run.is_overdue(now)) {
            self.give_up(&mut state, &run);
        }
    }

    /// A run, and the job that does it.
    fn start_run(self: &Arc<Self>, state: &mut State, now: Instant) -> (Arc<Run>, Job) {
        let run = Run::new(now, state.schedule.settings.timeout);
        state.current = Some(Arc::clone(&run));
        let job = work::job(self, &run, &self.services);
        (run, job)
    }

    /// Joins the run that goes on, or starts one, whose job is added to `jobs`; or is served from the last one. With
    /// `waits`, it waits for a first run in the background.
    pub(crate) fn join(
        self: &Arc<Self>,
        now: Instant,
        gathering: &Arc<Gathering>,
        waits: bool,
        jobs: &mut Vec<Job>,
    ) -> Joined {
        let mut state = self.lock();
        if let Some(run) = state.current.clone() {
            if run.is_overdue(now) {
                self.give_up(&mut state, &run);
                return Joined::Ready(run.overdue(now));
            }
            return match state.schedule.meanwhile(now) {
                Some(outcome) if !waits => Joined::Ready(outcome),
                _ => {
                    run.join(gathering);
                    Joined::Waiting(run)
                }
            };
        }
        let (joined, job) = match state.schedule.due(now, waits) {
            Due::Serve(outcome) => return Joined::Ready(outcome),
            Due::Refresh(outcome) => (Joined::Ready(outcome), self.start_run(&mut state, now).1),
            Due::Run => {
                let (run, job) = self.start_run(&mut state, now);
                run.join(gathering);
                (Joined::Waiting(run), job)
            }
        };
        drop(state);
        jobs.extend(self.gate.enter(job));
        joined
    }

    /// What a page has of a run that has not ended when it has to be sent.
    pub(crate) fn unfinished(&self, run: &Run, now: Instant) -> Outcome {
        let mut state = self.lock();
        if run.is_overdue(now) {
            self.give_up(&mut state, run);
            return run.overdue(now);
        }
        drop(state);
        let duration = now.saturating_duration_since(run.started);
        let message = format!(
            "still running after {duration:.1?}, longer than the page could wait; raise the scraper's time-out, or set \
             `scrape.refresh`, so that it runs in the background and pages have the last samples"
        );
        Outcome { duration, finished: now, result: Err(Failure::new(Reason::Pending, message)) }
    }

    /// Counts and tells once that a run exceeds its time-out.
    fn give_up(&self, state: &mut State, run: &Run) {
        if !run.given_up.swap(true, Ordering::Relaxed) {
            self.counters.failed(Reason::Timeout);
            state.history.failing(Instant::now());
            self.tell(state, Some(&run.timeout()), run.started.elapsed());
        }
    }

    /// Takes the collector for a run, built anew if the last one did not leave it whole.
    pub(crate) fn take_bench(&self) -> Result<Bench, Failure> {
        if let Some(bench) = self.lock_bench().take() {
            return Ok(bench);
        }
        let bench = self.plan.build(&self.kind).and_then(|collector| self.furnish(collector));
        bench.map_err(|error| Failure::new(Reason::Error, error.to_string()))
    }

    pub(crate) fn return_bench(&self, bench: Bench) {
        *self.lock_bench() = Some(bench);
    }

    fn furnish(&self, collector: AnyCollector) -> Result<Bench, StartError> {
        Ok(Bench { collector, recording: Recording::new(self.recorder()?) })
    }

    /// What a page has of a run that failed, where the collector has a metric that says so.
    fn record_down(&self) -> Result<Option<Arc<Snapshot>>, StartError> {
        let Some(up) = self.kind.up() else { return Ok(None) };
        let down = self.recorder()?.record(None, |scrape| {
            scrape.emit(up, (), 0);
            Ok(())
        });
        down.map(|down| Some(Arc::new(down))).map_err(|error| {
            let origin = self.plan.config.origin.clone();
            Problem::new(origin, &collector_path(self.name()), &error.to_string()).into()
        })
    }

    /// What a page has of a run that failed with `failure`.
    pub(crate) fn down(&self, failure: &Failure) -> Option<&Arc<Snapshot>> {
        self.down.as_ref().filter(|_| Reason::FAILURES.contains(&failure.reason))
    }

    fn recorder(&self) -> Result<Recorder, StartError> {
        let mut recorder = Recorder::new(self.families.clone(), self.unchecked());
        if let Some((_, instance)) = self.name().split_once('@') {
            recorder = recorder.with_label(INSTANCE_LABEL, instance).map_err(|problem| {
                StartError::Instance {
                    collector: self.name().to_owned(),
                    problem: problem.to_string(),
                }
            })?;
        }
        Ok(recorder)
    }

    /// Says what everybody has described in the configuration that comes into force.
    pub(crate) fn meet(&self, claims: &Arc<Claims>) {
        self.lock().others = Some(Arc::new(Others::than(self.owner(), claims)));
    }

    /// What a run may use.
    pub(crate) fn options(&self, run: &Run) -> RunOptions {
        let state = self.lock();
        let scrape = &state.schedule.settings;
        RunOptions {
            sample_limit: scrape.sample_limit,
            byte_limit: Some(scrape.byte_limit),
            deadline: Some(run.deadline),
            clock: self.plan.clock.clone(),
            parts: Some(self.gate.clone()),
            owners: state.others.clone().map(|others| others as _),
        }
    }

    /// What a finished run comes to, by the rules for duplicates.
    pub(crate) fn judge(
        &self,
        recording: &mut Recording,
        finished: Result<Snapshot, RunError>,
    ) -> Result<Arc<Snapshot>, Failure> {
        let (snapshot, duplicates) = recording.keep(finished.map_err(|error| self.failure(error))?);
        let Some(duplicates) = duplicates else {
            self.lock().told_of_duplicates = false;
            return Ok(snapshot);
        };
        let (dropped, series) = (duplicates.dropped, duplicates.first);
        if self.scrape().duplicates == DuplicatePolicy::Fail {
            let message = format!(
                "{dropped} samples are of series that it emitted before, the first of {series}; emit each series once in a run, or give what differs a label"
            );
            return Err(Failure::new(Reason::Duplicate, message));
        }
        self.counters.dropped(dropped);
        if !std::mem::replace(&mut self.lock().told_of_duplicates, true) {
            let collector = self.name();
            tracing::warn!(
                collector,
                dropped,
                series,
                "Collector emitted a series more than once; the first sample was kept"
            );
        }
        Ok(snapshot)
    }

    /// Ends a run: its outcome goes to everyone who waits for it.
    pub(crate) fn settle(&self, run: &Run, begun: Instant, result: Result<Arc<Snapshot>, Failure>) {
        let finished = Instant::now();
        let late = run.is_overdue(finished);
        let result = if late { Err(run.timeout()) } else { result };
        let outcome = Outcome { duration: finished - begun, finished, result };
        let mut state = self.lock();
        state.current = None;
        if late {
            self.give_up(&mut state, run);
        } else {
            if let Err(failure) = &outcome.result {
                self.counters.failed(failure.reason);
            }
            self.tell(&mut state, outcome.result.as_ref().err(), outcome.duration);
        }
        let omissions = outcome.result.as_ref().map(|snapshot| redacted(snapshot.omissions()));
        if let Ok(omissions) = &omissions {
            state.omitted.update(self.name(), omissions);
        }
        let samples = outcome.result.as_ref().map(|snapshot| snapshot.samples());
        let last = LastRun {
            ago: Duration::ZERO,
            duration: outcome.duration,
            result: samples.map_err(Failure::clone),
            omissions: omissions.unwrap_or_default(),
        };
        state.history.ended(finished, last);
        state.schedule.ended(run.started, &outcome);
        drop(state);
        run.complete(outcome);
        self.gate.leave();
    }

    /// Ends a run that was never begun, because one with a newer configuration takes its place.
    pub(crate) fn abandon(&self, run: &Run) {
        let now = Instant::now();
        let failure =
            Failure::new(Reason::Pending, "its configuration was replaced before it began");
        self.lock().current = None;
        run.complete(Outcome { duration: Duration::ZERO, finished: now, result: Err(failure) });
    }

    /// Counts and tells of a run that went well and cannot be exposed all the same.
    pub(crate) fn refuse(&self, failure: &Failure) {
        self.counters.failed(failure.reason);
        self.tell(&mut self.lock(), Some(failure), Duration::ZERO);
    }

    /// Whether a run goes on, and how the last ones went.
    pub(crate) fn status(&self, now: Instant) -> CollectorStatus {
        let state = self.lock();
        let time = |run: &Run| now.saturating_duration_since(run.started);
        let run_state = match state.current.as_deref() {
            None => RunState::Idle,
            Some(run) if run.is_overdue(now) => RunState::Overdue(time(run)),
            Some(run) => RunState::Running(time(run)),
        };
        CollectorStatus {
            name: self.name().to_owned(),
            description: self.origin().description,
            state: run_state,
            last: state.history.last(now),
            failing_for: state.history.failing_for(now),
            times: state.history.times(),
            interval: state.schedule.settings.interval(),
            families: self.families().to_vec(),
        }
    }

    fn failure(&self, error: RunError) -> Failure {
        match error {
            RunError::Collector(error) => {
                let reason =
                    if error.is_unavailable() { Reason::Unavailable } else { Reason::Error };
                Failure::new(reason, error.to_string())
            }
            RunError::Invalid(sample) => {
                let message =
                    format!("{sample}, in collector `{}` of {}", self.name(), self.origin());
                Failure::new(Reason::Invalid, message)
            }
        }
    }

    /// Logs what is new: that a collector fails, in a new way, or no longer.
    fn tell(&self, state: &mut State, failure: Option<&Failure>, duration: Duration) {
        if state.told.as_ref() == failure {
            return;
        }
        let (collector, duration_seconds) = (self.name(), duration.as_secs_f64());
        match failure {
            None => tracing::info!(collector, duration_seconds, "Collector succeeds again"),
            Some(Failure { reason: Reason::Unavailable, message }) => {
                tracing::info!(collector, reason = message, "Collector has no source here");
            }
            Some(Failure { reason, message }) => {
                let reason = reason.as_str();
                tracing::error!(
                    collector,
                    duration_seconds,
                    reason,
                    error = message,
                    "Collector failed"
                );
            }
        }
        state.told = failure.cloned();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No collector runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_refresher(&self) -> MutexGuard<'_, Option<Refresher>> {
        self.refresher.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_bench(&self) -> MutexGuard<'_, Option<Bench>> {
        self.bench.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(scrape: ScrapeSettings) -> Self {
        Self {
            current: None,
            schedule: Schedule::new(scrape),
            history: History::default(),
            omitted: OmittedPlaces::default(),
            told: None,
            told_of_duplicates: false,
            others: None,
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // The destructor of a collector may block, or panic; not on the thread that happened to need it last.
        if let Some(bench) = self.lock_bench().take() {
            self.services.pool.submit([Box::new(move || drop(catch(|| drop(bench)))) as Job]);
        }
    }
}
