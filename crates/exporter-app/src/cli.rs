//! The command line: the flags that everyone knows from node_exporter, and one for every collector of this binary.

use std::ffi::OsString;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command as Clap, value_parser};
use exporter_http::{ListenAddress, MAX_REQUESTS};
use exporter_runtime::{BuildInfo, Catalog, CollectorSettings, Settings};

use crate::app::Exit;
use crate::flags::KeyFlag;
use crate::logging::{LogFormat, LogOptions};

/// What the command line asks for.
#[derive(Debug)]
pub(crate) struct Cli {
    pub(crate) command: Command,
    pub(crate) settings: Settings,
}

#[derive(Debug)]
pub(crate) enum Command {
    Run(RunOptions),
    List,
    Describe(Format),
}

#[derive(Debug)]
pub(crate) struct RunOptions {
    pub(crate) listen: Vec<ListenAddress>,
    pub(crate) telemetry_path: String,
    pub(crate) exporter_metrics: bool,
    pub(crate) max_requests: usize,
    pub(crate) shutdown_delay: Duration,
    pub(crate) log: LogOptions,
    /// What to say at the start that is no error.
    pub(crate) notes: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Table,
    Json,
}

const EXIT_CODES: &str = "Exit codes: 0 after a regular end, 1 when the exporter cannot start or fails, \
                          2 for a command line that is not understood.";

pub(crate) fn parse(
    info: &BuildInfo,
    port: u16,
    catalog: &Catalog,
    args: impl IntoIterator<Item = OsString>,
) -> Result<Cli, Exit> {
    let (args, notes) = without_unlinked(args, catalog);
    let keys: Vec<(&str, Vec<KeyFlag>)> =
        catalog.iter().map(|collector| (collector.name(), KeyFlag::of(collector))).collect();
    let command = command(info, port, catalog, &keys);
    let matches = command.try_get_matches_from(args).map_err(|error| explain(&error, catalog))?;
    let settings = settings(&matches, catalog, &keys)?;
    let command = match matches.subcommand() {
        Some(("list", _)) => Command::List,
        Some(("describe", describe)) => Command::Describe(match text(describe, "format") {
            "json" => Format::Json,
            _ => Format::Table,
        }),
        _ => Command::Run(run_options(&matches, port, notes)?),
    };
    Ok(Cli { command, settings })
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
        let Some(name) = name.filter(|name| !name.contains('.') && catalog.get(name).is_none())
        else {
            return true;
        };
        notes
            .push(format!("--no-collector.{name} has no effect: no such collector in this binary"));
        false
    });
    (args.collect(), notes)
}

fn command(info: &BuildInfo, port: u16, catalog: &Catalog, keys: &[(&str, Vec<KeyFlag>)]) -> Clap {
    let format = Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .help("How to print it")
        .value_parser(["table", "json"])
        .default_value("table");
    Clap::new(info.name.clone())
        .version(info.version.clone())
        .about("A Prometheus exporter.")
        .after_help(EXIT_CODES)
        .disable_help_subcommand(true)
        .subcommand(Clap::new("run").about("Serve metrics (what happens without a command)"))
        .subcommand(Clap::new("list").about("List the collectors of this binary"))
        .subcommand(Clap::new("describe").about("List every metric of every collector").arg(format))
        .args(web_args(port))
        .args(log_args())
        .args(collector_args(catalog, keys))
}

fn web_args(port: u16) -> [Arg; 5] {
    [
        Arg::new("web.listen-address")
            .long("web.listen-address")
            .value_name("ADDRESS")
            .action(ArgAction::Append)
            .value_parser(str::parse::<ListenAddress>)
            .help(format!(
                "Address to listen on, `:PORT`, `HOST:PORT` or `[IPV6]:PORT`; repeatable; port 0 lets the system choose \
                 [default: :{port}]"
            )),
        Arg::new("web.telemetry-path")
            .long("web.telemetry-path")
            .value_name("PATH")
            .default_value("/metrics")
            .value_parser(telemetry_path)
            .help("Path under which to serve metrics"),
        Arg::new("web.disable-exporter-metrics")
            .long("web.disable-exporter-metrics")
            .action(ArgAction::SetTrue)
            .help("Leave out the metrics about the exporter itself (exporter_*, process_*)"),
        Arg::new("web.max-requests")
            .long("web.max-requests")
            .value_name("N")
            .value_parser(value_parser!(usize))
            .help(format!("How many requests are answered at once; beyond, the answer is 503 [default: {MAX_REQUESTS}]")),
        Arg::new("web.shutdown-delay")
            .long("web.shutdown-delay")
            .value_name("SECONDS")
            .value_parser(seconds)
            .help("How long to go on answering after SIGTERM while /-/ready says 503 already [default: 0]"),
    ]
    .map(|arg| arg.global(true).help_heading("Web"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "expected a number of seconds such as `5` or `0.5`".to_owned())
}

fn telemetry_path(text: &str) -> Result<String, String> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    if text.starts_with('/') && text.bytes().all(legal) {
        Ok(text.to_owned())
    } else {
        Err("expected a path such as `/metrics`: a slash, then letters, digits and any of / - . _ ~".to_owned())
    }
}

fn log_args() -> [Arg; 2] {
    [
        Arg::new("log.level")
            .long("log.level")
            .value_name("LEVEL")
            .default_value("info")
            .value_parser(PossibleValuesParser::new(["debug", "info", "warn", "error"]))
            .help("Only log messages with the given severity or above"),
        Arg::new("log.format")
            .long("log.format")
            .value_name("FORMAT")
            .default_value("logfmt")
            .value_parser(PossibleValuesParser::new(["logfmt", "json"]))
            .help("Output format of log messages"),
    ]
    .map(|arg| arg.global(true).help_heading("Log"))
}

fn collector_args(catalog: &Catalog, keys: &[(&str, Vec<KeyFlag>)]) -> Vec<Arg> {
    let disable_defaults = Arg::new("collector.disable-defaults")
        .long("collector.disable-defaults")
        .action(ArgAction::SetTrue)
        .help("Run only the collectors that are enabled by a flag");
    let mut args = vec![disable_defaults];
    for (collector, (_, keys)) in catalog.iter().zip(keys) {
        let (on, off) = switch_flags(collector.name());
        let default = if collector.default_enabled() { "enabled" } else { "disabled" };
        args.push(
            Arg::new(on.clone())
                .long(on.clone())
                .action(ArgAction::SetTrue)
                .overrides_with(off.clone())
                .help(format!(
                    "Run the {} collector; --{off} does not [default: {default}]",
                    collector.name()
                )),
        );
        args.push(
            Arg::new(off.clone())
                .long(off)
                .action(ArgAction::SetTrue)
                .overrides_with(on)
                .hide(true),
        );
        args.extend(keys.iter().flat_map(KeyFlag::args));
    }
    args.into_iter().map(|arg| arg.global(true).help_heading("Collectors")).collect()
}

fn switch_flags(collector: &str) -> (String, String) {
    (format!("collector.{collector}"), format!("no-collector.{collector}"))
}

fn settings(
    matches: &ArgMatches,
    catalog: &Catalog,
    keys: &[(&str, Vec<KeyFlag>)],
) -> Result<Settings, Exit> {
    let disable_defaults = matches.get_flag("collector.disable-defaults");
    let mut settings = Settings { disable_defaults, ..Settings::default() };
    for (collector, (_, keys)) in catalog.iter().zip(keys) {
        let (on, off) = switch_flags(collector.name());
        let (on, off) = (matches.get_flag(&on), matches.get_flag(&off));
        let mut said =
            CollectorSettings { enabled: (on || off).then_some(on), ..Default::default() };
        for key in keys {
            key.apply(matches, &mut said.config).map_err(Exit::usage)?;
        }
        settings.collectors.insert(collector.name().to_owned(), said);
    }
    Ok(settings)
}

fn run_options(matches: &ArgMatches, port: u16, notes: Vec<String>) -> Result<RunOptions, Exit> {
    let listen = matches.get_many::<ListenAddress>("web.listen-address");
    let listen =
        listen.map_or_else(|| vec![ListenAddress::any(port)], |listen| listen.cloned().collect());
    Ok(RunOptions {
        listen,
        telemetry_path: text(matches, "web.telemetry-path").to_owned(),
        exporter_metrics: !matches.get_flag("web.disable-exporter-metrics"),
        max_requests: matches.get_one("web.max-requests").copied().unwrap_or(MAX_REQUESTS),
        shutdown_delay: matches.get_one("web.shutdown-delay").copied().unwrap_or_default(),
        log: LogOptions {
            level: text(matches, "log.level").parse().map_err(Exit::usage)?,
            format: if text(matches, "log.format") == "json" {
                LogFormat::Json
            } else {
                LogFormat::Logfmt
            },
        },
        notes,
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
                 `cargo build --features NAME`)",
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
