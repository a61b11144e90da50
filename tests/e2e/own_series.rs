//! What the exporter says of itself: few series, and what it was built from.

use std::collections::BTreeSet;
use std::process::Command;

use exporter_testkit::{Exporter, Page, Sample};

use crate::EXPORTER;

const TWELVE: [&str; 12] = [
    "counter",
    "cpu",
    "diskstats",
    "filesystem",
    "gauge",
    "loadavg",
    "meminfo",
    "netdev",
    "stat",
    "textfile",
    "time",
    "uname",
];

fn is_own(sample: &Sample) -> bool {
    let prefixes = ["exporter_", "process_", "node_exporter_", "node_scrape_"];
    prefixes.iter().any(|prefix| sample.name.starts_with(prefix))
}

#[test]
fn twelve_healthy_collectors_cost_at_most_four_series_each_and_the_exporter_forty() {
    let enabled = TWELVE.map(|name| format!("--collector.{name}"));
    let flags = ["--collector.disable-defaults", "--web.node-exporter-build-info"];
    let exporter = Exporter::start(EXPORTER, enabled.iter().map(String::as_str).chain(flags));
    exporter.scrape();
    let page = exporter.scrape();
    let own: Vec<_> = page.all_samples().into_iter().filter(|sample| is_own(sample)).collect();
    let of = |collector| own.iter().filter(|it| it.label("collector") == Some(collector)).count();
    for collector in TWELVE {
        assert!((2..=4).contains(&of(collector)), "{collector}: {own:#?}");
    }
    let others = own.iter().filter(|sample| sample.label("collector").is_none()).count();
    assert!(others <= 40 && own.len() <= 88, "{others} of {}: {own:#?}", own.len());
}

fn labels(page: &Page, family: &str) -> BTreeSet<(String, String)> {
    let samples = page.samples(family);
    let [sample] = samples.as_slice() else { panic!("{family}: {samples:?}") };
    let label = |name: &str| (name.to_owned(), sample.label(name).unwrap_or_default().to_owned());
    ["commit_date", "compiler", "revision", "target", "version"].map(label).into()
}

/// The checkout's commit and its time; `None` in a copy of the source without git.
fn commit() -> Option<[String; 2]> {
    let format = ["show", "--no-patch", "--date=format-local:%Y-%m-%dT%H:%M:%SZ"];
    let mut git = Command::new("git");
    let output = git.args(format).arg("--format=%H %cd").env("TZ", "UTC").output().ok()?;
    let text = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    let (revision, date) = text.trim().split_once(' ')?;
    Some([revision.to_owned(), date.to_owned()])
}

#[test]
fn it_says_from_which_commit_it_was_built_and_with_which_compiler() {
    let exporter = Exporter::start(EXPORTER, ["--web.node-exporter-build-info"]);
    let page = exporter.scrape();
    let build = labels(&page, "exporter_build_info");
    assert_eq!(labels(&page, "node_exporter_build_info"), build);
    let version = exporter_testkit::run(EXPORTER, ["--version"]).stdout;
    let version = String::from_utf8(version).unwrap();
    for (name, value) in &build {
        assert!(version.contains(value.as_str()), "{name}={value}: {version}");
        let known = ["compiler", "target", "version"].contains(&name.as_str());
        assert!(!known || !value.is_empty(), "{name}");
    }
    // A packager names another commit, or none, by the environment of the build.
    let given = option_env!("EXPORTER_REVISION").or(option_env!("SOURCE_DATE_EPOCH")).is_some();
    let expected = commit().filter(|_| !given);
    for (name, expected) in
        ["revision", "commit_date"].into_iter().zip(expected.into_iter().flatten())
    {
        assert!(build.contains(&(name.to_owned(), expected.clone())), "{name}: {build:?}");
    }
}
