//! An info whose name does not say so.

use exporter_sdk::Info;

static BUILD: Info<1> = Info::new("app_build", "What was built.").labels(&["version"]);

fn main() {
    println!("{BUILD:?}");
}
