//! A collector with secrets in its configuration. It tells how long they are, and nothing else.

use exporter_sdk::{Collector, Context, Desc, Gauge, Result, Scrape, Secret, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static BYTES: Gauge<1> =
    Gauge::new("lab_secret_bytes", "How many bytes the secret has.").labels(&["key"]);

/// The keys of `secret`.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// A secret.
    token: Secret,
    /// Another.
    password: Option<Secret>,
    /// May hold one.
    url: String,
    /// No secret.
    size: u64,
    /// Whether the collector refuses its configuration.
    fail: bool,
}

struct Keeper(Config);

impl Collector for Keeper {
    const NAME: &'static str = "secret";
    const METRICS: &'static [&'static Desc] = &[BYTES.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = Config;

    fn new(config: &Config, _: &Context) -> Result<Self> {
        if config.fail {
            return Err(format!("cannot use {}", config.url).into());
        }
        Ok(Self(config.clone()))
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        scrape.emit(&BYTES, ["token"], self.0.token.expose().len());
        if let Some(password) = &self.0.password {
            scrape.emit(&BYTES, ["password"], password.expose().len());
        }
        match self.0.url.as_str() {
            "" => Ok(()),
            url if url.starts_with("panic:") => panic!("cannot connect to {url}"),
            url => Err(format!("cannot connect to {url}").into()),
        }
    }
}

register!(Keeper);
