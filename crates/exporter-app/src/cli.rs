//! The command line: what it asks for.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::ArgMatches;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use exporter_http::{
    ExternalUrl, IDLE_TIMEOUT, ListenAddress, MAX_CONNECTIONS, MAX_REQUESTS, READ_TIMEOUT,
};
use exporter_runtime::{BuildInfo, Catalog, CollectorType, GzipMethod, unknown_name};
use serde_json::Value;

use crate::app::Exit;
use crate::args::{self, Flagged, PATHS};
use crate::configuration::Source;
use crate::flags::Overlay;
use crate::logging::{LogFormat, LogOptions};
use crate::node_flags;
use crate::spelling::canonical;

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Cli {
    pub(crate) command: Command,
    pub(crate) source: Source,
}

#[derive(Debug)]
pub(crate) enum Command {
    Run(Box<RunOptions>),
    List,
    Describe(Describe),
    Scrape(LogOptions),
    Config { schema: bool },
    CheckConfig(Option<PathBuf>),
    CheckMetrics,
    CheckWebConfig(Option<PathBuf>),
}

#[derive(Debug)]
pub(crate) struct RunOptions {
    pub(crate) listen: Vec<ListenAddress>,
    pub(crate) telemetry_path: String,
    pub(crate) exporter_metrics: bool,
    pub(crate) collector_samples: bool,
    pub(crate) node_build_info: bool,
    pub(crate) openmetrics: bool,
    pub(crate) gzip: Option<GzipMethod>,
    pub(crate) max_requests: usize,
    pub(crate) shutdown_delay: Duration,
    pub(crate) lifecycle: bool,
    pub(crate) debug: bool,
    pub(crate) prefix: String,
    pub(crate) external: Option<ExternalUrl>,
    pub(crate) web_config: Option<PathBuf>,
    pub(crate) systemd_socket: bool,
    pub(crate) max_connections: usize,
    pub(crate) read_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) auto_reload: Option<Duration>,
    pub(crate) log: LogOptions,
    /// What to say at the start that is no error.
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
    Markdown,
}

/// What to describe, and how.
#[derive(Debug)]
pub(crate) struct Describe {
    pub(crate) format: Format,
    /// The collectors; empty for all.
    pub(crate) only: Vec<String>,
}

pub(crate) fn parse(
    info: &BuildInfo,
    port: u16,
    catalog: &Catalog,
    args: impl IntoIterator<Item = OsString>,
) -> Result<Cli, Exit> {
    let (args, mut notes) = without_unlinked(args, catalog);
    let flagged = Flagged::all(catalog, &args);
    let args = canonical(args, &flagged);
    let command = args::command(info, port, &flagged);
    let matches = command.try_get_matches_from(args).map_err(|error| explain(&error, catalog))?;
    notes.extend(node_flags::notes(&matches));
    let source = source(&matches, &flagged)?;
    let command = match matches.subcommand() {
        Some(("list", _)) => Command::List,
        Some(("describe", matches)) => Command::Describe(describe(matches, catalog)?),
        Some(("scrape", _)) => Command::Scrape(log_options(&matches)?),
        Some(("config", config)) => Command::Config { schema: config.get_flag("schema") },
        Some(("check", check)) => match check.subcommand() {
            Some(("config", config)) => Command::CheckConfig(config.get_one("file").cloned()),
            Some(("web-config", config)) => {
                let file = config.get_one("file").or_else(|| matches.get_one("web.config.file"));
                Command::CheckWebConfig(file.cloned())
            }
            _ => Command::CheckMetrics,
        },
        _ if matches.get_flag("config.check") => Command::CheckConfig(None),
        _ => Command::Run(Box::new(run_options(&matches, port, notes)?)),
    };
    Ok(Cli { command, source })
}

fn describe(matches: &ArgMatches, catalog: &Catalog) -> Result<Describe, Exit> {
    let format = match text(matches, "format") {
        "json" => Format::Json,
        "markdown" => Format::Markdown,
        _ => Format::Table,
    };
    let only: Vec<String> = matches.get_many("only").unwrap_or_default().cloned().collect();
    if let Some(name) = only.iter().find(|name| catalog.get(name).is_none()) {
        let linked: Vec<&str> = catalog.iter().map(CollectorType::name).collect();
        return Err(Exit::usage(unknown_name("collector", name, &linked)));
    }
    Ok(Describe { format, only })
}

/// Takes `--no-collector.x` of collectors that are not in this binary out of the arguments: switching off what is not
/// there changes nothing, and lets one command line serve several builds. Returns what to say of them.
fn without_unlinked(
    args: impl IntoIterator<Item = OsString>,
    catalog: &Catalog,
) -> (Vec<OsString>, Vec<String>) {
    let mut notes = Vec::new();
    let args = args.into_iter().filter(|arg| {
        let name = arg.to_str().and_then(|arg| arg.strip_prefix("--no-collector."));
        let Some(name) = name.filter(|name| is_unlinked(name, catalog)) else {
            return true;
        };
        notes
            .push(format!("--no-collector.{name} has no effect: no such collector in this binary"));
        false
    });
    (args.collect(), notes)
}

fn is_unlinked(name: &str, catalog: &Catalog) -> bool {
    !name.contains('.') && name != "disable-defaults" && catalog.get(name).is_none()
}

fn source(matches: &ArgMatches, flagged: &[Flagged<'_>]) -> Result<Source, Exit> {
    let mut overlays = Vec::new();
    for (flag, key) in PATHS {
        if let Some(path) = matches.get_one::<String>(flag) {
            let (path, flag) = (Value::from(path.as_str()), format!("--{flag}"));
            overlays.push(Overlay {
                path: vec!["paths".to_owned(), key.to_owned()],
                value: path,
                flag,
            });
        }
    }
    for collector in flagged {
        let (on, off) = collector.switches();
        for (flag, value) in [(on, true), (off, false)] {
            if matches.get_flag(&flag) {
                let path = ["collectors", &collector.name, "enabled"].map(str::to_owned).to_vec();
                overlays.push(Overlay { path, value: value.into(), flag: format!("--{flag}") });
            }
        }
        for key in &collector.keys {
            overlays.extend(key.overlay(matches).map_err(Exit::usage)?);
        }
    }
    let file = matches.get_one("config.file").cloned();
    let disable_defaults = matches.get_flag("collector.disable-defaults");
    Ok(Source { file, overlays, disable_defaults })
}

fn run_options(matches: &ArgMatches, port: u16, notes: Vec<String>) -> Result<RunOptions, Exit> {
    let listen = matches.get_many::<ListenAddress>("web.listen-address");
    let listen =
        listen.map_or_else(|| vec![ListenAddress::any(port)], |listen| listen.cloned().collect());
    let external = matches.get_one::<ExternalUrl>("web.external-url").cloned();
    let prefix = matches.get_one::<String>("web.route-prefix").cloned();
    let prefix = prefix.or_else(|| external.as_ref().map(|external| external.path.clone()));
    Ok(RunOptions {
        listen,
        debug: matches.get_flag("web.enable-debug"),
        prefix: prefix.unwrap_or_default(),
        external,
        telemetry_path: text(matches, "web.telemetry-path").to_owned(),
        exporter_metrics: !matches.get_flag("web.disable-exporter-metrics"),
        collector_samples: matches.get_flag("web.collector-samples"),
        node_build_info: matches.get_flag("web.node-exporter-build-info"),
        openmetrics: matches.get_flag("web.enable-openmetrics"),
        gzip: match text(matches, "web.gzip") {
            "off" => None,
            "zlib" => Some(GzipMethod::Zlib),
            _ => Some(GzipMethod::Lines),
        },
        max_requests: matches.get_one("web.max-requests").copied().unwrap_or(MAX_REQUESTS),
        shutdown_delay: matches.get_one("web.shutdown-delay").copied().unwrap_or_default(),
        lifecycle: matches.get_flag("web.enable-lifecycle"),
        web_config: matches.get_one("web.config.file").cloned(),
        systemd_socket: matches.get_flag("web.systemd-socket"),
        max_connections: matches.get_one("web.max-connections").copied().unwrap_or(MAX_CONNECTIONS),
        read_timeout: matches.get_one("web.read-timeout").copied().unwrap_or(READ_TIMEOUT),
        idle_timeout: matches.get_one("web.idle-timeout").copied().unwrap_or(IDLE_TIMEOUT),
        auto_reload: args::auto_reload(matches),
        log: log_options(matches)?,
        notes,
    })
}

fn log_options(matches: &ArgMatches) -> Result<LogOptions, Exit> {
    let json = text(matches, "log.format") == "json";
    Ok(LogOptions {
        level: text(matches, "log.level").parse().map_err(Exit::usage)?,
        format: if json { LogFormat::Json } else { LogFormat::Logfmt },
    })
}

fn text<'a>(matches: &'a ArgMatches, id: &str) -> &'a str {
    matches.get_one::<String>(id).map_or("", String::as_str)
}

/// What clap found wrong, in one line.
fn explain(error: &clap::Error, catalog: &Catalog) -> Exit {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return Exit::Print(error.to_string());
    }
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        Some(ContextValue::Strings(texts)) => texts.first().map(String::as_str),
        _ => None,
    };
    let given = context(ContextKind::InvalidArg).unwrap_or_default();
    if error.kind() == ErrorKind::UnknownArgument
        && let Some(name) = given.strip_prefix("--collector.")
    {
        let collector = name.split(['.', '=']).next().unwrap_or(name);
        if catalog.get(collector).is_none() {
            return Exit::Usage(format!(
                "no collector `{collector}` in this binary; it has: {} (collectors are chosen at build time: \
                 `cargo build --features NAME`, or `use collector_NAME as _;` in a main.rs of your own)",
                catalog.names()
            ));
        }
    }
    let suggestion =
        context(ContextKind::SuggestedArg).or_else(|| context(ContextKind::SuggestedSubcommand));
    let hint = suggestion.map(|similar| format!(" (did you mean {similar}?)")).unwrap_or_default();
    // The first paragraph of clap's text says what is wrong; usage and advice follow it.
    let rendered = error.to_string();
    let paragraph = rendered.split("\n\n").next().unwrap_or_default();
    let line = paragraph.split('\n').map(str::trim).collect::<Vec<_>>().join(" ");
    Exit::Usage(format!("{}{hint}", line.strip_prefix("error: ").unwrap_or(&line)))
}
