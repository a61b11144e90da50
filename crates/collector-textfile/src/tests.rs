//! Folders of files, good and bad.

use std::process::Command;

use exporter_testkit::{Kind, Page, Probe, Probed, Tree};

use super::*;

fn start(tree: &Tree) -> Probed {
    let config = format!("directory: [\"{}\"]", tree.path("text").display());
    Probe::of::<Textfile, _>().config(&config).tree(tree).start()
}

/// The page of a folder with these files, by name and content.
fn page(files: &[(&str, &str)]) -> Page {
    let tree = Tree::new();
    tree.folder("text");
    for (name, content) in files {
        tree.write(&format!("text/{name}"), content);
    }
    start(&tree).scrape()
}

fn error(page: &Page) -> f64 {
    page.gauge("node_textfile_scrape_error", &[])
}

#[test]
fn files_are_read_and_others_are_not() {
    let page = page(&[
        ("a.prom", "# HELP jobs Jobs.\n# TYPE jobs gauge\njobs{queue=\"in\"} 1\n"),
        ("b.prom", "alone 2\n"),
        ("c.prom.123", "half"),
        ("empty.prom", ""),
    ]);
    assert_eq!(page.gauge("jobs", &[("queue", "in")]), 1.0);
    let family = page.family("alone").unwrap();
    let help = family.help.as_deref().unwrap();
    assert!(
        family.kind == Kind::Unknown
            && help.starts_with("Metric read from ")
            && help.ends_with("/text/b.prom"),
        "{help}"
    );
    assert_eq!((page.samples("node_textfile_mtime_seconds").len(), error(&page)), (3, 0.0));
}

#[test]
fn a_file_that_is_wrong_costs_itself() {
    for wrong in [
        "half {",
        "x 1 1500\n",
        "x 1",
        "node_textfile_scrape_error 0\n",
        "{\"a.b\"} 1\n",
        "x{le=\"1\"} 1\n",
        "x{__name=\"1\"} 1\n",
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1.5\nh_count 2\n",
        "# TYPE h histogram\nh_bucket{le=\"1\"} 3\nh_bucket{le=\"2\"} 2\nh_count 3\n",
        "# TYPE h histogram\nh_bucket{le=\"1\"} 1\n",
        "# TYPE s summary\ns{quantile=\"0.5\"} 1\n",
    ] {
        let page = page(&[("a.prom", "good 1\n"), ("b.prom", wrong), ("c.prom", "fine 1\n")]);
        assert_eq!(page.names().len(), 4, "{wrong}: {:?}", page.names());
        assert_eq!(
            (page.samples("node_textfile_mtime_seconds").len(), error(&page)),
            (2, 1.0),
            "{wrong}"
        );
    }
}

#[test]
fn families_are_merged_across_files() {
    let one = "# HELP jobs Jobs.\n# TYPE jobs counter\njobs{queue=\"in\"} 1\n";
    let two = "# HELP jobs Jobs.\n# TYPE jobs counter\njobs{queue=\"out\",more=\"labels\"} 2\n";
    let merged = page(&[("a.prom", one), ("b.prom", two)]);
    assert_eq!((merged.samples("jobs").len(), error(&merged)), (2, 0.0));
    // Another help text is a contradiction that does no harm; another type is not merged.
    let other = two.replace("Jobs.", "Other.");
    let merged = page(&[("a.prom", one), ("b.prom", &other)]);
    assert_eq!((merged.samples("jobs").len(), error(&merged)), (2, 1.0));
    let family = merged.family("jobs").unwrap();
    assert_eq!((family.kind, family.help.as_deref()), (Kind::Counter, Some("Jobs.")));
    let other = two.replace("counter", "gauge");
    let merged = page(&[("a.prom", one), ("b.prom", &other)]);
    assert_eq!((merged.samples("jobs").len(), error(&merged)), (1, 1.0));
}

#[test]
fn histograms_and_summaries_come_through() {
    let page = page(&[(
        "a.prom",
        "# TYPE h histogram\nh_bucket{a=\"b\",le=\"0.5\"} 1\nh_bucket{a=\"b\",le=\"+Inf\"} 3\nh_sum{a=\"b\"} 4.5\nh_count{a=\"b\"} 3\n\
         # TYPE s summary\ns{quantile=\"0.5\"} NaN\ns_sum 1e3\ns_count 2\n",
    )]);
    assert_eq!(page.value("h_bucket", &[("a", "b"), ("le", "0.5")]), Some(1.0));
    assert_eq!(page.value("h_sum", &[("a", "b")]), Some(4.5));
    assert!(page.value("s", &[("quantile", "0.5")]).unwrap().is_nan());
    assert_eq!((page.value("s_count", &[]), error(&page)), (Some(2.0), 0.0));
}

#[test]
fn openmetrics_is_read_too() {
    let page = page(&[(
        "a.prom",
        concat!(
            "# TYPE c counter\nc_total 17 # {id=\"a\"} 0.5\nc_created 1.0\n# TYPE i info\ni_info{v=\"1\"} 1\n",
            "# TYPE state stateset\nstate{state=\"a\"} 1\n# TYPE gh gaugehistogram\ngh_bucket{le=\"+Inf\"} 4\ngh_gcount 4\n# EOF\n",
        ),
    )]);
    // A bucket of a gauge histogram would need the label `le`, which a gauge cannot have.
    assert_eq!(error(&page), 1.0);
    let page = self::page(&[(
        "a.prom",
        "# TYPE c counter\nc_total 17\nc_created 1.0\n# TYPE i info\ni_info{v=\"1\"} 1\n# EOF\n",
    )]);
    assert_eq!((page.counter("c_total", &[]), page.gauge("i_info", &[("v", "1")])), (17.0, 1.0));
    assert!(error(&page) == 0.0 && page.family("c_created").is_none());
}

#[test]
fn what_is_no_file_does_not_block() {
    let tree = Tree::new();
    tree.write("text/good.prom", "good 1\n").folder("text/folder.prom");
    tree.write("linked", "linked 1\n");
    tree.link("text/dangling.prom", "nowhere").link("text/link.prom", "../linked");
    let probe = start(&tree);
    let page = probe.scrape();
    assert_eq!((page.samples("node_textfile_mtime_seconds").len(), error(&page)), (2, 1.0));
    tree.remove("text/folder.prom").remove("text/link.prom");
    assert_eq!(error(&probe.scrape()), 0.0);
    let pipe = tree.path("text/pipe.prom");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert_eq!(error(&probe.scrape()), 1.0);
    tree.remove("text/pipe.prom").write("text/latin1.prom", b"a 1\nb{x=\"\xe9\"} 1\n");
    assert_eq!(error(&probe.scrape()), 1.0);
}

#[test]
fn folders_are_patterns_and_one_that_is_missing_is_an_error() {
    let tree = Tree::new();
    tree.write("text/one/a.prom", "one 1\n").write("text/two/a.prom", "two 1\n");
    let probe = |pattern: &str| {
        let config = format!("directory: [\"{}/{pattern}\"]", tree.path("text").display());
        Probe::of::<Textfile, _>().config(&config).start().scrape()
    };
    assert_eq!(probe("*").names().len(), 4);
    assert_eq!(error(&probe("three")), 1.0);
    let nothing = Probe::of::<Textfile, _>().start().scrape();
    assert_eq!((nothing.all_samples().len(), error(&nothing)), (1, 0.0));
    let why = Probe::of::<Textfile, _>().config("directory: ['/a/***']").refused();
    assert!(why.contains("directory `/a/***`: Pattern syntax error"), "{why}");
}

#[test]
fn files_that_are_swapped_all_the_time_are_read_whole() {
    let tree = Tree::new();
    tree.folder("text");
    let probe = start(&tree);
    for i in 0..200 {
        let lines: String = (0..100).map(|line| format!("job{{line=\"{line}\"}} {i}\n")).collect();
        tree.write("text/x.prom.tmp", lines);
        fs::rename(tree.path("text/x.prom.tmp"), tree.path("text/x.prom")).unwrap();
        let page = probe.scrape();
        assert_eq!((page.samples("job").len(), error(&page)), (100, 0.0));
    }
}

#[test]
fn a_thousand_files_and_a_large_one_are_read() {
    let tree = Tree::new();
    for i in 0..1000 {
        tree.write(&format!("text/{i}.prom"), format!("job{{file=\"{i}\"}} {i}\n"));
    }
    let large: String = (0..10_000).map(|i| format!("large{{line=\"{i}\"}} {i}\n")).collect();
    tree.write("text/large.prom", &large);
    let page = start(&tree).scrape();
    assert_eq!((page.samples("job").len(), page.samples("large").len()), (1000, 10_000));
    let config =
        format!("{{directory: [\"{}\"], max_file_size: 1KiB}}", tree.path("text").display());
    let page = Probe::of::<Textfile, _>().config(&config).start().scrape();
    assert_eq!((page.samples("large").len(), error(&page)), (0, 1.0));
}
