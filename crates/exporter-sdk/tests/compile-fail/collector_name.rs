// error: illegal collector name: it must match [a-z][a-z0-9_]* and be none of all, default, enabled, host, path, scrape

use exporter_sdk::*;

struct Mine;

impl Collector for Mine {
    const NAME: &'static str = "My-Collector";
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, _: &mut Scrape) -> Result {
        Ok(())
    }
}

register!(Mine);

fn main() {}
