//! The builder that a `main.rs` speaks to.

use std::any::type_name;
use std::panic::Location;
use std::process::ExitCode;
use std::sync::Arc;

use exporter_runtime::{Catalog, CollectorType, Registry, RegistryOptions, Settings, StartError};
use exporter_sdk::{
    AnyCollector, AsyncCollector, BuildError, Collector, Desc, Family, NoConfig, Origin,
    Registration, Result, Run, Scrape,
};

use crate::build_info::Said;
use crate::cli::{self, Command};
use crate::{check, inspect, logging, run};

/// The port of an exporter that chose none.
const DEFAULT_PORT: u16 = 18081;

/// The shortest `main`: serves the collectors that registered themselves, under the name of the executable.
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     exporter_app::main()
/// }
/// ```
pub fn main() -> ExitCode {
    let executable = std::env::current_exe().ok();
    let name =
        executable.as_deref().and_then(|path| path.file_stem()).and_then(|stem| stem.to_str());
    App::new(name.unwrap_or("exporter")).run()
}

/// An exporter: its name, where it listens, and the collectors that it has besides those that registered themselves.
#[derive(Debug)]
pub struct App {
    name: String,
    said: Said,
    port: u16,
    collectors: Vec<CollectorType>,
}

impl App {
    /// An exporter of this name, which `--help`, `--version`, the landing page and `exporter_build_info` tell.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            said: Said::default(),
            port: DEFAULT_PORT,
            collectors: Vec::new(),
        }
    }

    /// Its version; usually `env!("CARGO_PKG_VERSION")`. Without it, version, revision and commit date are those of this
    /// crate.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.said.version = Some(version.into());
        self
    }

    /// The commit that it was built from. Without it, `EXPORTER_REVISION` of the environment at build time.
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.said.revision = Some(revision.into());
        self
    }

    /// The time of that commit, as RFC 3339 writes it: `2026-11-27T18:00:00Z`. Without it, `SOURCE_DATE_EPOCH` of the
    /// environment at build time.
    pub fn commit_date(mut self, date: impl Into<String>) -> Self {
        self.said.commit_date = Some(date.into());
        self
    }

    /// The port that it listens on, on all interfaces, when no `--web.listen-address` is given. 18081 without it.
    pub fn default_port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Adds a collector that did not register itself.
    #[track_caller]
    pub fn collector<C: Collector>(mut self) -> Self {
        let registration = Registration::of::<C, _>(origin(type_name::<C>()));
        self.collectors.push(CollectorType::from(&registration));
        self
    }

    /// Adds an asynchronous collector that did not register itself.
    #[track_caller]
    pub fn async_collector<C: AsyncCollector>(mut self) -> Self {
        let registration = Registration::of::<C, _>(origin(type_name::<C>()));
        self.collectors.push(CollectorType::from(&registration));
        self
    }

    /// Adds a collector that is a closure, for state that `main` already has: `collect` is called at every scrape, never
    /// twice at once, and may emit samples of `metrics`.
    ///
    /// ```no_run
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use exporter_sdk::Counter;
    ///
    /// static SEEN: Counter = Counter::new("foo_seen_total", "Messages seen.");
    ///
    /// fn main() -> std::process::ExitCode {
    ///     let seen = Arc::new(AtomicU64::new(0));
    ///     exporter_app::App::new("foo_exporter")
    ///         .collector_fn("foo", &[SEEN.desc()], move |scrape| {
    ///             scrape.emit(&SEEN, (), seen.load(Ordering::Relaxed));
    ///             Ok(())
    ///         })
    ///         .run()
    /// }
    /// ```
    #[track_caller]
    pub fn collector_fn<F>(mut self, name: &str, metrics: &[&'static Desc], collect: F) -> Self
    where
        F: Fn(&mut Scrape<'_>) -> Result + Send + Sync + 'static,
    {
        let collect = Arc::new(collect);
        let families: Vec<Family> = metrics.iter().map(|&desc| Family::from(desc)).collect();
        let kind = CollectorType::from_factory(
            name,
            families.clone(),
            origin(type_name::<F>()),
            move |config, _| {
                let NoConfig {} = erased_serde::deserialize(config).map_err(BuildError::Config)?;
                let closure = Closure { families: families.clone(), collect: Arc::clone(&collect) };
                Ok(AnyCollector::Blocking(Box::new(closure)))
            },
        );
        self.collectors.push(kind);
        self
    }

    /// Does what the command line says: serves until it is told to stop, or prints what was asked for.
    ///
    /// Exit codes: 0 after a regular end, 1 when the exporter cannot start or fails, 2 for a command line that is not
    /// understood.
    pub fn run(self) -> ExitCode {
        match self.try_run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(exit) => exit.report(),
        }
    }

    /// The collectors in operation, for a program that has a web server of its own: it asks them for a page with
    /// [`Registry::render`], or serves `exporter_http::scope`. They run on what `settings` say; the default is every
    /// collector that is enabled by default, on its defaults. Command line, log and signals stay the program's.
    ///
    /// # Errors
    ///
    /// When two collectors have one name or expose one metric name, or a configuration is not right.
    pub fn registry(self, settings: &Settings) -> Result<Registry, StartError> {
        let catalog = Catalog::linked(self.collectors)?;
        let info = self.said.build_info(self.name);
        Registry::new(&catalog, settings, &info, RegistryOptions::default())
    }

    fn try_run(self) -> Result<(), Exit> {
        let catalog = Catalog::linked(self.collectors).map_err(Exit::failure)?;
        let info = self.said.build_info(self.name);
        let cli = cli::parse(&info, self.port, &catalog, std::env::args_os())?;
        let source = cli.source;
        match cli.command {
            Command::Run(options) => run::run(&catalog, source, info, *options),
            Command::List => inspect::list(&catalog, &source),
            Command::Describe(what) => inspect::describe(&catalog, &source, &info, &what),
            Command::Scrape(log) => {
                logging::init(&log);
                check::scrape(&catalog, &source, &info)
            }
            Command::Config { schema: true } => check::schema(&catalog),
            Command::Config { schema: false } => check::show(&catalog, &source),
            Command::CheckConfig(file) => check::config(&catalog, source, file, &info),
            Command::CheckWebConfig(file) => check::web_config(file),
            Command::CheckMetrics => check::metrics(&catalog, &source, &info),
        }
    }
}

/// Where a collector stands that was given by hand. The compiler tells file and line of the call, the name of the type
/// the crate.
#[track_caller]
fn origin(type_name: &'static str) -> Origin {
    let location = Location::caller();
    let package = type_name.split("::").next().unwrap_or(type_name);
    Origin { package, version: None, description: "", file: location.file(), line: location.line() }
}

struct Closure<F> {
    families: Vec<Family>,
    collect: Arc<F>,
}

impl<F: Fn(&mut Scrape<'_>) -> Result + Send + Sync> Run for Closure<F> {
    fn describe(&self) -> Vec<Family> {
        self.families.clone()
    }

    fn run(&mut self, scrape: &mut Scrape<'_>) -> Result {
        (self.collect)(scrape)
    }
}

/// An end that is not a success: what to say and which code to exit with.
#[derive(Debug)]
pub(crate) enum Exit {
    /// What was asked for could not be done.
    Failure(String),
    /// The command line was not understood.
    Usage(String),
    /// Nothing is wrong; the text was asked for.
    Print(String),
}

impl Exit {
    pub(crate) fn failure(error: impl std::fmt::Display) -> Self {
        Self::Failure(error.to_string())
    }

    pub(crate) fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }

    fn report(self) -> ExitCode {
        match self {
            Self::Failure(error) => {
                eprintln!("error: {error}");
                ExitCode::from(1)
            }
            Self::Usage(error) => {
                eprintln!("error: {error}; try --help");
                ExitCode::from(2)
            }
            Self::Print(text) => {
                inspect::print(&text).map_or_else(Self::report, |()| ExitCode::SUCCESS)
            }
        }
    }
}
