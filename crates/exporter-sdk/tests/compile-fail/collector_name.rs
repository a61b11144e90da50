//! A name that flags and configuration cannot have.

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
