//! A collector of a file of numbers, one a line. A line that is no number is left out.

use std::fs;

use exporter_sdk::{At as _, Collector, Context, Desc, Gauge, Result, Scrape, register};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

static LINES: Gauge<1> =
    Gauge::new("lab_partial", "The number in a line of the file.").labels(&["line"]);

#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct Config {
    /// The file.
    file: String,
}

struct Partial(String);

impl Collector for Partial {
    const NAME: &'static str = "partial";
    const METRICS: &'static [&'static Desc] = &[LINES.desc()];
    const DEFAULT_ENABLED: bool = false;
    type Config = Config;

    fn new(config: &Config, _: &Context) -> Result<Self> {
        Ok(Self(config.file.clone()))
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        let text = fs::read_to_string(&self.0).at(&self.0)?;
        for (number, line) in (1..).zip(text.lines()) {
            match line.parse::<f64>() {
                Ok(value) => scrape.emit(&LINES, [number], value),
                Err(error) => scrape.omit(format_args!("{}:{number}", self.0), error),
            }
        }
        Ok(())
    }
}

register!(Partial);
