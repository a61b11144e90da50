// error: the name of an info ends in `_info`
//! An info whose name does not say so, so that OpenMetrics could not have it.

use exporter_sdk::Info;

static BUILD: Info<1> = Info::new("app_build", "What was built.").labels(&["version"]);

fn main() {
    println!("{BUILD:?}");
}
