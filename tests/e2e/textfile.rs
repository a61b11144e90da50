//! Text files beside other collectors, as a library writes them, and beside a real node_exporter.

use std::process::Command;

use exporter_testkit::{Exporter, Family, Kind, Page, Tree};

use crate::EXPORTER;
use crate::node_exporter::{NodeExporter, THEIR_OWN, series};

const OWN: [&str; 2] = ["node_textfile_mtime_seconds", "node_textfile_scrape_error"];

fn flags(folder: &Tree) -> [String; 4] {
    [
        "--collector.disable-defaults".to_owned(),
        "--collector.textfile".to_owned(),
        format!("--collector.textfile.directory={}", folder.path("text").display()),
        "--web.disable-exporter-metrics".to_owned(),
    ]
}

fn folder(files: &[(&str, &str)]) -> Tree {
    let tree = Tree::new();
    for (name, content) in files {
        tree.write(&format!("text/{name}"), content);
    }
    tree
}

#[test]
fn a_file_with_a_metric_of_another_collector_costs_itself() {
    let tree = folder(&[
        ("a.prom", "good 1\n"),
        ("b.prom", "lost 1\nnode_load1 7\n"),
        ("c.prom", "exporter_build_info 1\n"),
        ("d.prom", "fine 1\n"),
    ]);
    let mut flags = flags(&tree).to_vec();
    flags.push("--collector.loadavg".to_owned());
    let exporter = Exporter::start(EXPORTER, flags);
    for _ in 0..3 {
        let page = exporter.scrape();
        assert_eq!(
            (page.gauge("node_textfile_scrape_error", &[]), page.samples(OWN[0]).len()),
            (1.0, 2)
        );
        assert!(page.family("good").is_some() && page.family("fine").is_some());
        assert!(page.family("lost").is_none() && page.samples("node_load1").len() == 1);
        let success = [("collector", "textfile")];
        assert_eq!(page.gauge("exporter_collector_success", &success), 1.0);
    }
    let log = exporter.log();
    for told in [
        "line 2: `node_load1` takes a name of the collector `loadavg`",
        "line 1: `exporter_build_info` takes a name of the exporter itself",
    ] {
        assert_eq!(log.matches(told).count(), 1, "{told}: {log}");
    }
}

/// One metric of each kind, with the samples `_created` that the library makes unless it is told not to.
const PYTHON: &str = r#"
import sys
from prometheus_client import *
registry = CollectorRegistry()
Counter("jobs_done", "Jobs.", registry=registry).inc(3)
Counter("bytes", "Bytes.", ["way"], registry=registry).labels("in").inc(5)
Histogram("lat", "Latency.", registry=registry).observe(0.3)
Summary("size", "Sizes.", registry=registry).observe(4)
Gauge("depth", "Depth.", registry=registry).set(2)
Info("app", "What it is.", registry=registry).info({"version": "1"})
Enum("state", "State.", states=["on", "off"], registry=registry).state("on")
write_to_textfile(sys.argv[1], registry)
"#;

#[test]
fn what_the_python_client_writes_is_exposed_whole() {
    let tree = folder(&[("other.prom", "jobs_done 1\n")]);
    let status = Command::new("/usr/bin/python3")
        .args(["-c", PYTHON])
        .arg(tree.path("text/python.prom"))
        .status()
        .unwrap();
    assert!(
        status.success(),
        "Debian's python3-prometheus-client is installed; `cargo xtask test` does it"
    );
    let page = Exporter::start(EXPORTER, flags(&tree)).scrape();
    assert_eq!(page.gauge("node_textfile_scrape_error", &[]), 0.0);
    assert_eq!(
        (page.counter("jobs_done_total", &[]), page.counter("bytes_total", &[("way", "in")])),
        (3.0, 5.0)
    );
    for name in ["jobs_done_created", "bytes_created", "lat_created", "size_created"] {
        assert_eq!(page.family(name).map(|family| family.kind), Some(Kind::Gauge), "{name}");
    }
    assert_eq!(page.value("lat_bucket", &[("le", "0.5")]), Some(1.0));
    assert_eq!(page.gauge("state", &[("state", "on")]), 1.0);
    // A family that only OpenMetrics would confuse with the counter.
    assert_eq!(page.value("jobs_done", &[]), Some(1.0));
}

/// Folders on which both agree in everything.
const ALIKE: [&[(&str, &str)]; 6] = [
    &[],
    &[
        (
            "one.prom",
            "# HELP shop_orders_total Orders.\n# TYPE shop_orders_total counter\nshop_orders_total{shop=\"north\"} 10\nshop_orders_total{shop=\"south\",paid=\"no\"} 2e3\n",
        ),
        (
            "two.prom",
            "# HELP shop_orders_total Orders.\n# TYPE shop_orders_total counter\nshop_orders_total{shop=\"west\"} 7\n",
        ),
        ("no.prom.1", "half {"),
        (".prom", "hidden 1\n"),
    ],
    // Without a help text, and with an empty one.
    &[
        ("one.prom", "# HELP depth \n# TYPE depth gauge\ndepth{q=\"a\"} 1\n"),
        ("two.prom", "# TYPE depth gauge\ndepth{q=\"b\"} -0.5\n"),
    ],
    &[
        (
            "one.prom",
            "# TYPE wait histogram\nwait_bucket{le=\"0.5\"} 1\nwait_bucket{le=\"+Inf\"} 3\nwait_sum 4.25\nwait_count 3\n\
                    wait_bucket{way=\"in\",le=\"0.5\"} 0\nwait_bucket{way=\"in\",le=\"+Inf\"} 0\nwait_sum{way=\"in\"} 0\nwait_count{way=\"in\"} 0\n",
        ),
        (
            "two.prom",
            "# TYPE wait histogram\nwait_bucket{way=\"out\",le=\"+Inf\"} 1\nwait_sum{way=\"out\"} 9\nwait_count{way=\"out\"} 1\n",
        ),
    ],
    &[(
        "one.prom",
        "# HELP size Sizes.\n# TYPE size summary\nsize{quantile=\"0.5\"} 3\nsize{quantile=\"0.9\"} NaN\nsize_sum 7\nsize_count 2\n\
                    # TYPE bare summary\nbare{kind=\"a\",quantile=\"0.5\"} 3\n# TYPE n counter\nn 1\nn{a=\"b\"} 2\n",
    )],
    // A file that cannot be read, and one with time stamps, cost themselves.
    &[
        ("a.prom", "half {"),
        ("b.prom", "# HELP x X.\nx{a=\"b\\\"\\\\\\n\"} +Inf\nx -Inf\n"),
        ("c.prom", "late 1 1500000000000\n"),
    ],
];

/// Our page and theirs of a folder.
fn both(files: &[(&str, &str)]) -> (Page, Page) {
    let tree = folder(files);
    tree.folder("text");
    let flags = flags(&tree);
    let ours = Exporter::start(EXPORTER, &flags).scrape();
    (ours, NodeExporter::start(&flags).get().unwrap())
}

/// Families with their kinds and help texts, those of the collector itself with their kinds.
fn families(page: &Page) -> Vec<(String, Kind, String)> {
    let other = |name: &str| name.starts_with("exporter_") || THEIR_OWN.contains(&name);
    let told =
        |name: &str| !name.starts_with("node_textfile_") && !name.starts_with("node_scrape_");
    let families = page.families.iter().filter(|family| !other(&family.name));
    let family = |family: &Family| {
        let help = family.help.clone().filter(|_| told(&family.name));
        (family.name.clone(), family.kind, help.unwrap_or_default())
    };
    families.map(family).collect()
}

/// Series with their values as text, in which a number that is none equals itself.
fn lines(page: &Page) -> Vec<String> {
    let series = series(page).into_iter();
    let other = |name: &str| name.starts_with("exporter_") || THEIR_OWN.contains(&name);
    series
        .filter(|((name, _), _)| !other(name))
        .map(|(key, value)| format!("{key:?} {value}"))
        .collect()
}

#[test]
fn it_serves_what_node_exporter_serves_of_text_files() {
    for files in ALIKE {
        let (ours, theirs) = both(files);
        assert_eq!(families(&ours), families(&theirs), "{files:?}");
        assert_eq!(lines(&ours), lines(&theirs), "{files:?}");
    }
}

#[test]
fn what_files_contradict_each_other_in_is_left_out_as_by_node_exporter_and_is_an_error() {
    // Another help text is an error since 1.8.0 (#2962). Of a series that comes twice its log tells alone.
    for files in [
        [
            ("a.prom", "# HELP x One.\nx{f=\"a\"} 1\ny 1\n"),
            ("b.prom", "# HELP x Two.\nx{f=\"b\"} 2\n"),
        ],
        [
            ("a.prom", "# HELP x One.\nx{f=\"a\",g=\"b\"} 1\n"),
            ("b.prom", "# HELP x One.\nx{g=\"b\",f=\"a\"} 2\n"),
        ],
    ] {
        let (ours, theirs) = both(&files);
        let other = |line: &String| !line.contains("node_textfile_scrape_error");
        let (our, their) = (lines(&ours).into_iter(), lines(&theirs).into_iter());
        assert_eq!(our.filter(other).collect::<Vec<_>>(), their.filter(other).collect::<Vec<_>>());
        let error = |page: &Page| page.gauge("node_textfile_scrape_error", &[]);
        assert_eq!((error(&ours), error(&theirs)), (1.0, 0.0));
    }
}
