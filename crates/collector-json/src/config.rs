//! What an operator may write.

use std::collections::BTreeMap;

use exporter_sdk::{ByteSize, Kind, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keys of the collector.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct JsonConfig {
    /// Where the document is, `http` or `https`. A user name and password in it are sent as basic authentication, and
    /// shown nowhere. Its query is shown with the configuration: a token belongs into `headers`, where it can.
    pub(crate) url: String,
    /// The method of the request.
    pub(crate) method: String,
    /// The body of the request.
    pub(crate) body: String,
    /// Headers of the request, by name. Their values are secrets.
    pub(crate) headers: BTreeMap<String, Secret>,
    /// A user name and password to send. Those of a file are read when the configuration is; a reload reads them again, and
    /// `--config.enable-auto-reload` reloads when they change.
    pub(crate) basic_auth: Option<BasicAuth>,
    /// A token to send as `Authorization: Bearer`. That of a file is read when the configuration is; a reload reads it
    /// again, and `--config.enable-auto-reload` reloads when it changes.
    pub(crate) bearer_token: Option<Secret>,
    /// Who is trusted, and who we are, where the URL is `https`.
    pub(crate) tls: Tls,
    /// The HTTP proxy to go through, such as `http://proxy:3128`.
    pub(crate) proxy_url: Option<String>,
    /// Goes through the proxies that the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY name.
    pub(crate) proxy_from_environment: bool,
    /// How many redirects are followed. None of headers, body and credentials goes to another origin than that of `url`.
    pub(crate) max_redirects: usize,
    /// The largest document that is read, decompressed.
    pub(crate) max_body: ByteSize,
    /// The statuses that bring a document. Where there are none: 200 to 299.
    pub(crate) valid_status: Vec<u16>,
    /// The document has one JSON value per line (NDJSON, JSON Lines). Paths see the list of them. Blank lines are ignored, and
    /// a line that is not JSON costs its own samples.
    pub(crate) lines: bool,
    /// What is taken from the document.
    pub(crate) metrics: Vec<MetricConfig>,
}

impl Default for JsonConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            method: "GET".to_owned(),
            body: String::new(),
            headers: BTreeMap::new(),
            basic_auth: None,
            bearer_token: None,
            tls: Tls::default(),
            proxy_url: None,
            proxy_from_environment: false,
            max_redirects: 10,
            max_body: ByteSize(10 << 20),
            valid_status: Vec::new(),
            lines: false,
            metrics: Vec::new(),
        }
    }
}

/// A user name and password.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BasicAuth {
    /// The user name.
    pub(crate) username: String,
    /// The password.
    #[serde(default)]
    pub(crate) password: Secret,
}

/// Who is trusted, and who we are. Certificates and keys are in PEM, mostly as `{file: PATH}`.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Tls {
    /// Certificates of the authorities to trust instead of those of the system.
    pub(crate) ca: Option<Secret>,
    /// The certificate to show to the server, and those between it and its authority.
    pub(crate) cert: Option<Secret>,
    /// The key of `cert`.
    pub(crate) key: Option<Secret>,
    /// The name that the server's certificate must have, where it is not that in the URL.
    pub(crate) server_name: Option<String>,
    /// Takes any certificate. Whoever is between can then read and change everything.
    pub(crate) insecure_skip_verify: bool,
}

/// A family, and where its samples are.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricConfig {
    /// The name of the metric. Several entries may have the same, if type, help and names of labels agree.
    pub(crate) name: String,
    /// What it means.
    pub(crate) help: String,
    /// What kind it is.
    #[serde(default, rename = "type")]
    pub(crate) kind: Type,
    /// JSONPath of the nodes that become samples, each one.
    #[serde(default = "root")]
    pub(crate) path: String,
    /// The value of each: JSONPath relative to the node, or a number.
    #[serde(default = "own_value")]
    pub(crate) value: ValueConfig,
    /// The labels of each, by name: JSONPath relative to the node, `key()`, or any other text, which is taken as it is.
    #[serde(default)]
    pub(crate) labels: BTreeMap<String, String>,
    /// Numbers for values that are text, such as `{up: 1, down: 0}`. They come before `format`.
    #[serde(default)]
    pub(crate) mapping: BTreeMap<String, f64>,
    /// How values are written: `number`; `time` (`2026-11-27T18:00:00Z`) becomes Unix seconds; `duration` (`1h30m`,
    /// `PT1H30M`, `01:30:00`) seconds; `size` (`512Mi`, `1.5 GB`) bytes; `percentage` (`85%`) a ratio, 0.85.
    #[serde(default)]
    pub(crate) format: Format,
    /// How times are written where it is neither RFC 3339 nor RFC 2822, as in `strptime`: `%d.%m.%Y %H:%M`.
    #[serde(default)]
    pub(crate) layout: Option<String>,
    /// The IANA time zone of times that are written without one, such as `Europe/Berlin`. It is UTC by default.
    #[serde(default)]
    pub(crate) time_zone: Option<String>,
    /// Which decimal mark numbers in text have: `comma` (`1.234,5`, `1 234,5`) or `point` (`1,234.5`, `1'234.5`). The digits
    /// before it may be grouped then. Without, numbers are those of programs: `1234.5`, `1e3`.
    #[serde(default)]
    pub(crate) decimal: Option<Decimal>,
    /// What numbers without a unit are multiplied by, such as 0.001 for milliseconds.
    #[serde(default)]
    pub(crate) factor: Option<f64>,
    /// What becomes of a value, a label or what `path` names, when it is missing or null: `error` fails the run; `skip` leaves
    /// out the sample without a value, and a label without one.
    #[serde(default)]
    pub(crate) on_missing: OnMissing,
    /// The same for labels by themselves: `error` fails the run; `empty` leaves out the label, which is empty then. By
    /// default, `on_missing` decides.
    #[serde(default)]
    pub(crate) on_missing_label: Option<OnMissingLabel>,
}

fn root() -> String {
    "$".to_owned()
}

fn own_value() -> ValueConfig {
    ValueConfig::Path(root())
}

/// What a value is taken from.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum ValueConfig {
    /// A number.
    Number(f64),
    /// JSONPath.
    Path(String),
}

/// What a family is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Type {
    /// It goes up and down.
    #[default]
    Gauge,
    /// It only grows.
    Counter,
    /// Nobody knows.
    Unknown,
}

impl From<Type> for Kind {
    fn from(kind: Type) -> Self {
        match kind {
            Type::Gauge => Self::Gauge,
            Type::Counter => Self::Counter,
            Type::Unknown => Self::Unknown,
        }
    }
}

/// What becomes of a sample that lacks something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnMissing {
    /// The run fails.
    #[default]
    Error,
    /// It is left out.
    Skip,
}

/// What becomes of a label that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OnMissingLabel {
    /// The run fails.
    Error,
    /// It is left out.
    Empty,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// A number.
    #[default]
    Number,
    /// A point in time. A number is Unix seconds.
    Time,
    /// A length of time. A number is seconds.
    Duration,
    /// A size. A number is bytes.
    Size,
    /// A percentage. A number is hundredths.
    Percentage,
}

/// The decimal mark of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decimal {
    /// `21,5`
    Comma,
    /// `21.5`
    Point,
}
