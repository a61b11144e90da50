//! A whole exporter in one file.

use exporter_app::App;
use exporter_sdk::{Collector, Context, Desc, Gauge, NoConfig, Result, Scrape};

static FILES: Gauge<1> = Gauge::new("foo_files", "Files in a folder.").labels(&["folder"]);

struct Foo;

impl Collector for Foo {
    const NAME: &'static str = "foo";
    const METRICS: &'static [&'static Desc] = &[FILES.desc()];
    type Config = NoConfig;

    fn new(_: &NoConfig, _: &Context) -> Result<Self> {
        Ok(Self)
    }

    fn collect(&mut self, scrape: &mut Scrape) -> Result {
        scrape.emit(&FILES, ["/tmp"], std::fs::read_dir("/tmp")?.count());
        Ok(())
    }
}

fn main() -> std::process::ExitCode {
    App::new("foo_exporter").default_port(9999).collector::<Foo>().run()
}
