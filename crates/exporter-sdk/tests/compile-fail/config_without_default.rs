//! A configuration without defaults.

use exporter_sdk::*;

#[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
struct MyConfig {
    directory: String,
}

struct Mine;

impl Collector for Mine {
    const NAME: &'static str = "mine";
    type Config = MyConfig;

    fn new(_: &MyConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, _: &mut Scrape) -> Result {
        Ok(())
    }
}

fn main() {}
