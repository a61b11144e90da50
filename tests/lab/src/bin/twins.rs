//! An exporter that cannot start: two of its collectors have one name.

#![forbid(unsafe_code)]

use exporter_sdk::{Collector, Context, NoConfig, Result, Scrape, register};

macro_rules! twin {
    ($name:ident) => {
        struct $name;

        impl Collector for $name {
            const NAME: &'static str = "twin";
            type Config = NoConfig;

            fn new(_: &NoConfig, _: &Context) -> Result<Self> {
                Ok(Self)
            }

            fn collect(&mut self, _: &mut Scrape) -> Result {
                Ok(())
            }
        }
    };
}

twin!(First);
twin!(Second);

register!(First);
register!(Second);

fn main() -> std::process::ExitCode {
    exporter_app::main()
}
