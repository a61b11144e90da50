//! How a collector makes itself known: plain data, submitted by `register!` and found by whoever links the crate.

use std::fmt;
use std::pin::Pin;

use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::collector::{AsyncCollector, Collector, Context};
use crate::desc::Desc;
use crate::error::{Error, Result};
use crate::family::Family;
use crate::metric::Gauge;
use crate::names;
use crate::schedule::ScrapeDefaults;
use crate::scrape::Scrape;

/// Makes a collector known to every exporter that links its crate.
///
/// ```
/// # use exporter_sdk::{Collector, Context, NoConfig, Result, Scrape, register};
/// # struct Orders;
/// # impl Collector for Orders {
/// #     const NAME: &'static str = "orders";
/// #     type Config = NoConfig;
/// #     fn new(_: &NoConfig, _: &Context) -> Result<Self> { Ok(Self) }
/// #     fn collect(&mut self, _: &mut Scrape) -> Result { Ok(()) }
/// # }
/// register!(Orders);
/// ```
///
/// It takes a [`Collector`] or an [`AsyncCollector`]. A crate that no one names is not linked at all, so the binary says
/// `use collector_orders as _;`.
#[macro_export]
macro_rules! register {
    ($collector:ty) => {
        $crate::__private::inventory::submit! {
            $crate::Registration::of::<$collector, _>($crate::Origin {
                package: env!("CARGO_PKG_NAME"),
                version: Some(env!("CARGO_PKG_VERSION")),
                description: env!("CARGO_PKG_DESCRIPTION"),
                file: file!(),
                line: line!(),
            })
        }
    };
}

/// Where a collector was registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The Cargo package.
    pub package: &'static str,
    /// The version of the package, where it is known.
    pub version: Option<&'static str>,
    /// What the package says of itself in its manifest; empty where it says nothing.
    pub description: &'static str,
    /// The source file, as the compiler was given it.
    pub file: &'static str,
    /// The line in that file.
    pub line: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.map(|version| format!(" {version}")).unwrap_or_default();
        write!(f, "{}{version} ({}:{})", self.package, self.file, self.line)
    }
}

/// A collector that this binary has: what is known of it before it is built.
#[derive(Clone, Copy)]
pub struct Registration {
    /// See [`Collector::NAME`].
    pub name: &'static str,
    /// See [`Collector::METRICS`].
    pub metrics: &'static [&'static Desc],
    /// See [`Collector::DEFAULT_ENABLED`].
    pub default_enabled: bool,
    /// See [`Collector::UNCHECKED`].
    pub unchecked: bool,
    /// See [`Collector::NAMESPACE`].
    pub namespace: Option<&'static str>,
    /// See [`Collector::UP`].
    pub up: Option<&'static Gauge>,
    /// See [`Collector::SCRAPE`].
    pub scrape: ScrapeDefaults,
    /// Where it was registered.
    pub origin: Origin,
    /// The schema of its configuration.
    pub schema: fn() -> Schema,
    /// Its configuration with every default filled in.
    pub effective: Effective,
    /// Builds it.
    pub build: Build,
}

/// Builds a collector from its configuration, in whatever format that is.
pub type Build =
    fn(&mut dyn erased_serde::Deserializer<'_>, &Context) -> Result<AnyCollector, BuildError>;

/// Reads a configuration and returns all of it, what was left out at its default.
pub type Effective = fn(
    &mut dyn erased_serde::Deserializer<'_>,
) -> Result<Box<dyn erased_serde::Serialize>, erased_serde::Error>;

inventory::collect!(Registration);

impl Registration {
    /// The registration of `C`. A name that is not legal, or is reserved, does not compile.
    pub const fn of<C: Register<Way>, Way>(origin: Origin) -> Self {
        const {
            assert!(
                names::is_collector_name(C::NAME),
                "illegal collector name: it must match [a-z][a-z0-9_]* and be none of all, default, enabled, host, path, scrape"
            );
            if let Some(up) = C::UP {
                assert!(
                    has_metric(C::METRICS, up.desc().name),
                    "the metric of UP is not in METRICS: add it there"
                );
            }
            if let Some(namespace) = C::NAMESPACE {
                assert!(
                    names::is_metric_name(namespace),
                    "illegal namespace: metric names begin with it, so it must match [a-zA-Z_:][a-zA-Z0-9_:]*"
                );
            }
        }
        Self {
            name: C::NAME,
            metrics: C::METRICS,
            default_enabled: C::DEFAULT_ENABLED,
            unchecked: C::UNCHECKED,
            namespace: C::NAMESPACE,
            up: C::UP,
            scrape: C::SCRAPE,
            origin,
            schema: || schema_for!(C::Config),
            effective: |config| {
                let config: C::Config = erased_serde::deserialize(config)?;
                Ok(Box::new(config))
            },
            build: |config, context| {
                let config = erased_serde::deserialize(config).map_err(BuildError::Config)?;
                C::build(&config, context).map_err(BuildError::Collector)
            },
        }
    }

    /// Every collector that is linked into this binary, in no particular order.
    pub fn linked() -> impl Iterator<Item = &'static Self> {
        inventory::iter::<Self>()
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("name", &self.name)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// What can be registered: a [`Collector`] or an [`AsyncCollector`]. `Way` is which of the two, and found by the compiler.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a `Collector` nor an `AsyncCollector`",
    label = "not a collector",
    note = "implement `exporter_sdk::Collector` for a source that is read, `exporter_sdk::AsyncCollector` for one that is awaited; not both"
)]
pub trait Register<Way>: 'static {
    /// See [`Collector::NAME`].
    const NAME: &'static str;
    /// See [`Collector::METRICS`].
    const METRICS: &'static [&'static Desc];
    /// See [`Collector::DEFAULT_ENABLED`].
    const DEFAULT_ENABLED: bool;
    /// See [`Collector::UNCHECKED`].
    const UNCHECKED: bool;
    /// See [`Collector::NAMESPACE`].
    const NAMESPACE: Option<&'static str>;
    /// See [`Collector::UP`].
    const UP: Option<&'static Gauge>;
    /// See [`Collector::SCRAPE`].
    const SCRAPE: ScrapeDefaults;
    /// See [`Collector::Config`].
    type Config: DeserializeOwned + Serialize + Default + JsonSchema + 'static;

    /// Makes the collector.
    ///
    /// # Errors
    ///
    /// See [`Collector::new`].
    fn build(config: &Self::Config, context: &Context) -> Result<AnyCollector>;
}

/// The way of collectors whose run is a function.
#[derive(Debug)]
pub enum Blocking {}

/// The way of collectors whose run is a future.
#[derive(Debug)]
pub enum Awaited {}

macro_rules! register_by {
    ($way:ty, $collector:ident, $variant:ident) => {
        impl<C: $collector<Config: 'static>> Register<$way> for C {
            const NAME: &'static str = C::NAME;
            const METRICS: &'static [&'static Desc] = C::METRICS;
            const DEFAULT_ENABLED: bool = C::DEFAULT_ENABLED;
            const UNCHECKED: bool = C::UNCHECKED;
            const NAMESPACE: Option<&'static str> = C::NAMESPACE;
            const UP: Option<&'static Gauge> = C::UP;
            const SCRAPE: ScrapeDefaults = C::SCRAPE;
            type Config = C::Config;

            fn build(config: &C::Config, context: &Context) -> Result<AnyCollector> {
                Ok(AnyCollector::$variant(Box::new(C::new(config, context)?)))
            }
        }
    };
}

register_by!(Blocking, Collector, Blocking);
register_by!(Awaited, AsyncCollector, Async);

/// A built collector, whatever its type.
pub enum AnyCollector {
    /// Its runs block.
    Blocking(Box<dyn Run>),
    /// Its runs are futures.
    Async(Box<dyn RunAsync>),
}

impl AnyCollector {
    /// See [`Collector::describe`].
    pub fn describe(&self) -> Vec<Family> {
        match self {
            Self::Blocking(collector) => collector.describe(),
            Self::Async(collector) => collector.describe(),
        }
    }
}

impl fmt::Debug for AnyCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocking(_) => "Blocking",
            Self::Async(_) => "Async",
        })
    }
}

/// Why a collector could not be built. Either way, it is its configuration that has to change.
#[derive(Debug)]
pub enum BuildError {
    /// The configuration does not have the form that the collector's `Config` asks for.
    Config(erased_serde::Error),
    /// The collector refused the configuration.
    Collector(Error),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Collector(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BuildError {}

/// A built collector whose runs block. Every [`Collector`] is one.
pub trait Run: Send {
    /// See [`Collector::describe`].
    fn describe(&self) -> Vec<Family>;

    /// See [`Collector::collect`].
    ///
    /// # Errors
    ///
    /// The collector's.
    fn run(&mut self, scrape: &mut Scrape<'_>) -> Result;
}

impl<C: Collector> Run for C {
    fn describe(&self) -> Vec<Family> {
        Collector::describe(self)
    }

    fn run(&mut self, scrape: &mut Scrape<'_>) -> Result {
        self.collect(scrape)?;
        emit_up(C::UP, scrape);
        Ok(())
    }
}

/// A built collector whose runs are futures. Every [`AsyncCollector`] is one.
pub trait RunAsync: Send {
    /// See [`AsyncCollector::describe`].
    fn describe(&self) -> Vec<Family>;

    /// See [`AsyncCollector::KEEP_AFTER_TIMEOUT`].
    fn keep_after_timeout(&self) -> bool;

    /// See [`AsyncCollector::collect`].
    fn run<'a, 'run>(&'a mut self, scrape: &'a mut Scrape<'run>) -> RunFuture<'a>
    where
        'run: 'a;
}

/// One run of an [`AsyncCollector`].
pub type RunFuture<'a> = Pin<Box<dyn Future<Output = Result> + Send + 'a>>;

impl<C: AsyncCollector> RunAsync for C {
    fn describe(&self) -> Vec<Family> {
        AsyncCollector::describe(self)
    }

    fn keep_after_timeout(&self) -> bool {
        C::KEEP_AFTER_TIMEOUT
    }

    fn run<'a, 'run>(&'a mut self, scrape: &'a mut Scrape<'run>) -> RunFuture<'a>
    where
        'run: 'a,
    {
        Box::pin(async move {
            self.collect(scrape).await?;
            emit_up(C::UP, scrape);
            Ok(())
        })
    }
}

/// Emits that the source of a run which succeeded is up.
fn emit_up(up: Option<&'static Gauge>, scrape: &mut Scrape<'_>) {
    if let Some(up) = up
        && !scrape.is_lost()
    {
        scrape.emit(up, (), 1);
    }
}

const fn has_metric(metrics: &[&Desc], name: &str) -> bool {
    let mut index = 0;
    while index < metrics.len() {
        if names::equal(metrics[index].name, name) {
            return true;
        }
        index += 1;
    }
    false
}
