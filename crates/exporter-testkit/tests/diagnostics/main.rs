//! What authors of collectors get to read when they make a mistake that the compiler cannot find. (Those that it finds are
//! in exporter-sdk/tests/compile-fail.) The texts are in `tests/mistakes`, and `UPDATE_GOLDEN=1 cargo test` writes them:
//! every one names the mistake and what would be right.

mod configuration;
mod conformance;
mod runs;

use std::fs;
use std::path::Path;

/// Makes a collector of a mistake: its name, its metrics, and what it does in a run, the first of which is run 1.
macro_rules! mistake {
    ($name:ident, $metrics:expr, |$scrape:ident, $run:ident| $body:expr) => {
        struct $name(u32);

        impl exporter_sdk::Collector for $name {
            const NAME: &'static str = "mistake";
            const METRICS: &'static [&'static exporter_sdk::Desc] = $metrics;
            type Config = exporter_sdk::NoConfig;

            fn new(_: &Self::Config, _: &exporter_sdk::Context) -> exporter_sdk::Result<Self> {
                Ok(Self(0))
            }

            fn collect(&mut self, $scrape: &mut exporter_sdk::Scrape) -> exporter_sdk::Result {
                self.0 += 1;
                let $run = self.0;
                let _ = ($run, &$scrape);
                $body;
                Ok(())
            }
        }
    };
}
pub(crate) use mistake;

/// Compares what is said of a mistake with the text of that name. Where in this source it was made does not matter.
#[track_caller]
pub(crate) fn check(mistake: &str, said: &str) {
    let said = format!("{}\n", without_lines(said));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = root.join("tests/mistakes").join(format!("{mistake}.txt"));
    if updates() {
        fs::write(&file, said).unwrap();
    } else {
        let expected = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(said, expected, "{mistake}; UPDATE_GOLDEN=1 cargo test takes it over");
    }
}

pub(crate) fn updates() -> bool {
    std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1")
}

/// `runs.rs:17` as `runs.rs:LINE`.
fn without_lines(said: &str) -> String {
    let mut parts = said.split(".rs:");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        text.extend([".rs:LINE", rest]);
    }
    text
}
