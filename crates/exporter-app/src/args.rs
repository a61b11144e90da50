//! The arguments: the flags that everyone knows from node_exporter, and those of every collector of this binary.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command as Clap, value_parser};
use exporter_http::{
    ExternalUrl, IDLE_TIMEOUT, ListenAddress, MAX_CONNECTIONS, MAX_REQUESTS, PAGES, READ_TIMEOUT,
};
use exporter_runtime::{BuildInfo, Catalog, CollectorType};
use exporter_sdk::names;

use crate::build_info::long_version;
use crate::flags::KeyFlag;
use crate::node_flags;

const EXIT_CODES: &str = "Exit codes: 0 after a regular end; 1 when the exporter cannot start or fails, a check finds \
                          something, or `scrape` lacks the samples of a collector; 2 for a command line that is not \
                          understood.";

/// The flags that every collector has, and that are not listed for each.
const SCRAPE_FLAGS: &str = "Each collector also has a flag for every key under `scrape` of the configuration file: \
                            --collector.NAME.scrape.timeout=5s, .min-interval=1m, .refresh=5m (in the background), \
                            .sample-limit, .byte-limit, .failure-policy, .duplicates.";

/// How often `--config.enable-auto-reload` looks.
const AUTO_RELOAD: Duration = Duration::from_secs(30);

/// A collector that flags can be about, or an instance of one, and its flags.
#[derive(Debug)]
pub(crate) struct Flagged<'a> {
    pub(crate) name: String,
    pub(crate) kind: &'a CollectorType,
    pub(crate) keys: Vec<KeyFlag>,
}

impl<'a> Flagged<'a> {
    fn new(name: &str, kind: &'a CollectorType) -> Self {
        Self { name: name.to_owned(), kind, keys: KeyFlag::of(kind, name) }
    }

    /// Every collector, and every instance that `args` name.
    pub(crate) fn all(catalog: &'a Catalog, args: &[OsString]) -> Vec<Self> {
        let collectors = catalog.iter().map(|kind| Self::new(kind.name(), kind));
        let named: BTreeSet<&str> = args.iter().filter_map(|arg| instance(arg.to_str()?)).collect();
        let instances = named.into_iter().filter_map(|name| {
            let (base, _) = names::split_instance(name)?;
            Some(Self::new(name, catalog.get(base)?))
        });
        collectors.chain(instances).collect()
    }

    /// The flag that switches it on, and the one that switches it off.
    pub(crate) fn switches(&self) -> (String, String) {
        (format!("collector.{}", self.name), format!("no-collector.{}", self.name))
    }

    fn args(&self) -> Vec<Arg> {
        let (on, off) = self.switches();
        let default = if self.kind.default_enabled() { "enabled" } else { "disabled" };
        let help =
            format!("Run the {} collector; --{off} does not [default: {default}]", self.name);
        let mut args = vec![
            Arg::new(on.clone()).long(on.clone()).overrides_with(off.clone()).help(help),
            Arg::new(off.clone()).long(off).overrides_with(on).hide(true),
        ];
        args = args.into_iter().map(|arg| arg.action(ArgAction::SetTrue)).collect();
        args.extend(self.keys.iter().flat_map(KeyFlag::args));
        args
    }
}

/// The name of the instance that a flag is about.
fn instance(arg: &str) -> Option<&str> {
    let rest = arg.strip_prefix("--no-").or_else(|| arg.strip_prefix("--"))?;
    let name = rest.strip_prefix("collector.")?.split(['.', '=']).next()?;
    name.contains('@').then_some(name)
}

pub(crate) fn command(info: &BuildInfo, port: u16, flagged: &[Flagged<'_>]) -> Clap {
    Clap::new(info.name.clone())
        .version(info.version.clone())
        .long_version(long_version(info))
        .about("A Prometheus exporter.")
        .after_help(format!("{SCRAPE_FLAGS}\n\n{EXIT_CODES}"))
        .disable_help_subcommand(true)
        .subcommands(subcommands())
        .args(global("Configuration", config_args()))
        .args(global("Web", web_args(port)))
        .args(global("Log", log_args()))
        .args(global("Host", path_args()))
        .args(global("Collectors", collector_args(flagged)))
        .args(global("Without effect", node_flags::without_effect()))
        .args(global("Without effect", node_flags::negations()))
}

/// Flags that stand before or behind a command.
fn global(heading: &'static str, args: impl IntoIterator<Item = Arg>) -> Vec<Arg> {
    args.into_iter().map(|arg| arg.global(true).help_heading(heading)).collect()
}

fn subcommands() -> [Clap; 6] {
    let format = Arg::new("format")
        .long("format")
        .value_name("FORMAT")
        .help("How to print it")
        .value_parser(["table", "json", "markdown"])
        .default_value("table");
    let only = Arg::new("only")
        .value_name("COLLECTOR")
        .action(ArgAction::Append)
        .help("Those to describe [default: all]");
    let schema = Arg::new("schema")
        .long("schema")
        .action(ArgAction::SetTrue)
        .help("Print the JSON Schema of the configuration file instead, for editors");
    let file = |flag: &str| {
        Arg::new("file")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(format!("The file to check [default: that of {flag}]"))
    };
    [
        Clap::new("run").about("Serve metrics (what happens without a command)"),
        Clap::new("list").about("List the collectors of this binary"),
        Clap::new("describe")
            .about("List every metric of every collector; as Markdown, with the keys of its configuration")
            .args([format, only]),
        Clap::new("scrape").about("Print one page of metrics; exit code 1 if a collector failed"),
        Clap::new("config").about("Print the configuration in force, secrets masked").arg(schema),
        Clap::new("check")
            .about("Check something without serving it")
            .subcommand_required(true)
            .disable_help_subcommand(true)
            .subcommand(
                Clap::new("config").about("Check the configuration file").arg(file("--config.file")),
            )
            .subcommand(
                Clap::new("web-config")
                    .about("Check the file with TLS, users and headers")
                    .arg(file("--web.config.file")),
            )
            .subcommand(
                Clap::new("metrics")
                    .about("Check the names and help texts of all metrics, as promtool does; exit code 1 for findings"),
            ),
    ]
}

fn config_args() -> [Arg; 4] {
    [
        Arg::new("config.file")
            .long("config.file")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("Configuration file (YAML); flags win over it"),
        Arg::new("config.check").long("config.check").action(ArgAction::SetTrue).help(
            "Check the configuration, serve nothing; exit code 0 if it can be used, 1 if not",
        ),
        Arg::new("config.enable-auto-reload")
            .long("config.enable-auto-reload")
            .action(ArgAction::SetTrue)
            .help("Reload when the configuration file, or a file with a secret, has changed"),
        Arg::new("config.auto-reload-interval")
            .long("config.auto-reload-interval")
            .value_name("DURATION")
            .value_parser(interval)
            .help(format!("How often to look for changes [default: {}s]", AUTO_RELOAD.as_secs())),
    ]
}

/// The interval of automatic reloads, if they were asked for.
pub(crate) fn auto_reload(matches: &clap::ArgMatches) -> Option<Duration> {
    let interval = matches.get_one("config.auto-reload-interval").copied();
    matches.get_flag("config.enable-auto-reload").then(|| interval.unwrap_or(AUTO_RELOAD))
}

fn web_args(port: u16) -> [Arg; 18] {
    [
        Arg::new("web.listen-address")
            .long("web.listen-address")
            .value_name("ADDRESS")
            .action(ArgAction::Append)
            .value_parser(str::parse::<ListenAddress>)
            .help(format!(
                "Address to listen on, `:PORT`, `HOST:PORT`, `[IPV6]:PORT` or `unix:PATH[,mode=MODE][,owner=USER:GROUP]`; \
                 repeatable; port 0 lets the system choose [default: :{port}]"
            )),
        Arg::new("web.systemd-socket")
            .long("web.systemd-socket")
            .action(ArgAction::SetTrue)
            .conflicts_with("web.listen-address")
            .help("Listen on the sockets that systemd hands over instead"),
        Arg::new("web.config.file")
            .long("web.config.file")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("File with TLS, users, headers and a rate limit, in the format of the Prometheus project; it is read again when it changes"),
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
        Arg::new("web.collector-samples")
            .long("web.collector-samples")
            .action(ArgAction::SetTrue)
            .help("Serve exporter_collector_samples too, how many samples each collector emitted"),
        Arg::new("web.node-exporter-build-info")
            .long("web.node-exporter-build-info")
            .action(ArgAction::SetTrue)
            .help("Serve node_exporter_build_info too, for dashboards that find hosts by it"),
        Arg::new("web.max-requests")
            .long("web.max-requests")
            .value_name("N")
            .value_parser(limit)
            .help(format!(
                "How many requests are answered at once; beyond, the answer is 503; 0 for no limit [default: {MAX_REQUESTS}]"
            )),
        Arg::new("web.max-connections")
            .long("web.max-connections")
            .value_name("N")
            .value_parser(limit)
            .help(format!(
                "How many connections there may be; beyond, one that is idle is closed for a new one; 0 for as many as there \
                 may be open files [default: {MAX_CONNECTIONS}]"
            )),
        Arg::new("web.read-timeout")
            .long("web.read-timeout")
            .value_name("DURATION")
            .value_parser(interval)
            .help(format!("How long a client may take to send a request's head [default: {}s]", READ_TIMEOUT.as_secs())),
        Arg::new("web.idle-timeout")
            .long("web.idle-timeout")
            .value_name("DURATION")
            .value_parser(interval)
            .help(format!("How long a connection without requests is kept [default: {}m]", IDLE_TIMEOUT.as_secs() / 60)),
        Arg::new("web.shutdown-delay")
            .long("web.shutdown-delay")
            .value_name("DURATION")
            .value_parser(duration)
            .help("How long to go on answering after SIGTERM while /-/ready says 503 already [default: 0s]"),
        Arg::new("web.enable-openmetrics")
            .long("web.enable-openmetrics")
            .action(ArgAction::SetTrue)
            .help("Serve OpenMetrics 1.0.0 to scrapers that ask for it, as Prometheus does"),
        Arg::new("web.gzip")
            .long("web.gzip")
            .value_name("METHOD")
            .default_value("lines")
            .value_parser(PossibleValuesParser::new(["lines", "zlib", "off"]))
            .help("How pages are compressed for scrapers that take gzip: by comparing each line with the one before it, which is the fastest; by zlib; not at all"),
        Arg::new("web.enable-lifecycle")
            .long("web.enable-lifecycle")
            .action(ArgAction::SetTrue)
            .help("Let POST /-/reload load the configuration again"),
        Arg::new("web.enable-debug")
            .long("web.enable-debug")
            .action(ArgAction::SetTrue)
            .help("Show the configuration, secrets masked, at /config and on the pages of collectors"),
        Arg::new("web.external-url")
            .long("web.external-url")
            .value_name("URL")
            .value_parser(external_url)
            .help("Where the exporter is from outside, behind a proxy: for what /sd says; its path is the default of --web.route-prefix"),
        Arg::new("web.route-prefix")
            .long("web.route-prefix")
            .value_name("PATH")
            .value_parser(route_prefix)
            .help("What every path of this exporter begins with, such as `/exporter`"),
    ]
}

/// 0 is no limit, as in node_exporter.
fn limit(text: &str) -> Result<usize, String> {
    let limit = text.parse().map_err(|_| "expected a number".to_owned())?;
    Ok(if limit == 0 { usize::MAX } else { limit })
}

fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration(text)?;
    if interval.is_zero() {
        Err("expected some time, such as `30s`".to_owned())
    } else {
        Ok(interval)
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let value = serde_json::Value::from(text);
    let duration: Result<exporter_sdk::HumanDuration, _> = serde_json::from_value(value);
    duration.map(|duration| duration.0).map_err(|error| error.to_string())
}

/// Where the metrics are: no place that has a page of its own.
fn telemetry_path(text: &str) -> Result<String, String> {
    let path = path(text)?;
    let is_at = |page: &&&str| {
        path.strip_prefix(**page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match PAGES.iter().find(is_at) {
        Some(page) => {
            Err(format!("there is another page at `{page}`; take a path such as `/metrics`"))
        }
        None => Ok(path),
    }
}

fn path(text: &str) -> Result<String, String> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    if text.starts_with('/') && text.bytes().all(legal) {
        Ok(text.to_owned())
    } else {
        Err("expected a path such as `/metrics`: a slash, then letters, digits and any of / - . _ ~".to_owned())
    }
}

/// The same, where `/` means nothing, and a slash at the end neither.
fn route_prefix(text: &str) -> Result<String, String> {
    path(text).map(|path| path.trim_end_matches('/').to_owned())
}

fn external_url(text: &str) -> Result<ExternalUrl, String> {
    let form = "expected a URL such as `https://example.org/exporter`";
    let (scheme, rest) = text.split_once("://").ok_or(form)?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    if !["http", "https"].contains(&scheme) || host.is_empty() || !host.bytes().all(legal) {
        return Err(form.to_owned());
    }
    let path = if path.is_empty() { String::new() } else { route_prefix(path)? };
    Ok(ExternalUrl { https: scheme == "https", host: host.to_owned(), path })
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
}

/// The flags for the keys under `paths`, each with its key.
pub(crate) const PATHS: [(&str, &str); 4] = [
    ("path.procfs", "procfs"),
    ("path.sysfs", "sysfs"),
    ("path.rootfs", "rootfs"),
    ("path.udev.data", "udev_data"),
];

fn path_args() -> [Arg; 4] {
    let help = [
        "Where procfs is mounted [default: /proc]",
        "Where sysfs is mounted [default: /sys]",
        "Where the root file system is mounted [default: /]",
        "Folder of udev's database [default: /run/udev/data]",
    ];
    std::array::from_fn(|i| {
        let (flag, _) = PATHS[i];
        Arg::new(flag).long(flag).value_name("FOLDER").help(help[i])
    })
}

fn collector_args(flagged: &[Flagged<'_>]) -> Vec<Arg> {
    let disable_defaults = Arg::new("collector.disable-defaults")
        .long("collector.disable-defaults")
        .action(ArgAction::SetTrue)
        .help("Run only the collectors that are enabled by a flag or by the configuration file");
    let mut args = vec![disable_defaults];
    args.extend(flagged.iter().flat_map(Flagged::args));
    args
}
