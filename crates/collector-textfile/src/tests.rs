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
        // What cannot stand beside what is on the page already.
        "exporter_collector_success 1\n",
        "# TYPE good histogram\ngood_bucket{le=\"+Inf\"} 1\n",
        "# TYPE x_count gauge\nx_count{a=\"b\"} 1\n# TYPE x summary\nx_sum 1\n",
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

/// What is on the page of these files besides the metrics of the collector itself, and whether there was an error.
fn check(files: &[(&str, &str)], expected: &str, wrong: bool) {
    let tree = Tree::new();
    for (name, content) in files {
        tree.write(&format!("text/{name}"), content);
    }
    let (text, folder) = (start(&tree).text(), tree.path("text").display().to_string());
    let own = |line: &&str| !OWN.iter().any(|name| line.contains(name));
    let lines: Vec<&str> = text.lines().filter(own).collect();
    assert_eq!(lines.join("\n").replace(&folder, "DIR"), expected);
    assert_eq!(text.contains("\nnode_textfile_scrape_error 1\n"), wrong, "{files:?}");
}

#[test]
fn families_are_merged_across_files_as_node_exporter_does_it() {
    let part = |help: &str, labels: &str| {
        let help = if help == "-" { String::new() } else { format!("# HELP jobs_total {help}\n") };
        format!("{help}# TYPE jobs_total counter\njobs_total{{{labels}}} 1\n")
    };
    let expected = |help: &str, lines: &str| {
        format!("# HELP jobs_total {help}\n# TYPE jobs_total counter\n{lines}")
    };
    let both = "jobs_total{q=\"a\"} 1\njobs_total{more=\"x\",q=\"b\"} 1";
    let one = "jobs_total{q=\"a\"} 1";
    let check = |first: &str, second: &str, help: &str, lines: &str, wrong: bool| {
        let files = [part(first, "q=\"a\""), part(second, "q=\"b\",more=\"x\"")];
        let files = [("a.prom", files[0].as_str()), ("b.prom", files[1].as_str())];
        check(&files, &expected(help, lines), wrong);
    };
    check("Jobs.", "Jobs.", "Jobs.", both, false);
    check("-", "-", "Metric read from DIR/a.prom, DIR/b.prom", both, false);
    check("", "-", "Metric read from DIR/a.prom, DIR/b.prom", both, false);
    // There, what has no help text is lost where another file has one; here, nothing is.
    check("-", "Jobs.", "Jobs.", both, false);
    check("Jobs.", "-", "Jobs.", both, false);
    // The first text counts, and who has another one loses this family.
    check("Jobs.", "Other.", "Jobs.", one, true);
}

#[test]
fn what_has_another_help_text_costs_no_third_file() {
    let file = |help: &str, label: &str| format!("# HELP x {help}\nx{{file=\"{label}\"}} 1\n");
    let files = [file("One.", "a"), file("Two.", "b") + "y 1\n", file("One.", "c")];
    check(
        &[("a.prom", &files[0]), ("b.prom", &files[1]), ("c.prom", &files[2])],
        "# HELP x One.\n# TYPE x untyped\nx{file=\"a\"} 1\nx{file=\"c\"} 1\n\
         # HELP y Metric read from DIR/b.prom\n# TYPE y untyped\ny 1",
        true,
    );
}

#[test]
fn another_type_is_not_merged() {
    check(
        &[("a.prom", "# TYPE x gauge\nx 1\n"), ("b.prom", "# TYPE x counter\nx{a=\"b\"} 1\n")],
        "# HELP x Metric read from DIR/a.prom\n# TYPE x gauge\nx 1",
        true,
    );
}

#[test]
fn of_a_series_that_two_files_have_the_first_counts_and_the_file_is_told_of() {
    check(
        &[("a.prom", "x{a=\"1\",b=\"2\"} 1\n"), ("b.prom", "x{b=\"2\",a=\"1\",c=\"\"} 2\nx 3\n")],
        "# HELP x Metric read from DIR/a.prom, DIR/b.prom\n# TYPE x untyped\nx{a=\"1\",b=\"2\"} 1\nx 3",
        true,
    );
}

#[test]
fn what_a_library_writes_for_openmetrics_beside_its_counters_is_exposed() {
    let created = "# HELP jobs_done_total Jobs.\n# TYPE jobs_done_total counter\njobs_done_total 3\n\
                   # HELP jobs_done_created Jobs.\n# TYPE jobs_done_created gauge\njobs_done_created 1.7e+09\n\
                   # HELP lat Latency.\n# TYPE lat histogram\nlat_bucket{le=\"+Inf\"} 1\nlat_sum 0.5\nlat_count 1\n\
                   # HELP lat_created Latency.\n# TYPE lat_created gauge\nlat_created 1.7e+09\n";
    let page = page(&[("a.prom", created), ("b.prom", "# TYPE jobs_done gauge\njobs_done 1\n")]);
    assert_eq!(
        (page.gauge("jobs_done_created", &[]), page.gauge("lat_created", &[])),
        (1.7e9, 1.7e9)
    );
    assert_eq!((page.gauge("jobs_done", &[]), page.counter("jobs_done_total", &[])), (1.0, 3.0));
    assert_eq!(error(&page), 0.0);
}

/// What is told of the second of two files.
fn told(first: &str, second: &str) -> String {
    let mut told = String::new();
    let mut recorder = exporter_sdk::Recorder::new(Vec::new(), true);
    let end = recorder.record(None, |scrape| {
        let mut merged = Merged::default();
        for (name, text) in [("a.prom", first), ("b.prom", second)] {
            let page = exporter_parse::parse_text_ungrouped(text)?;
            told = match merged.add(Path::new(name), &page.families, scrape) {
                Ok(told) => told.unwrap_or_default(),
                Err(error) => error.to_string(),
            };
        }
        Ok(())
    });
    end.unwrap();
    told
}

#[test]
fn what_is_wrong_is_told_with_line_metric_and_the_other_file() {
    assert_eq!(
        told("# TYPE x gauge\nx 1\n", "y 1\n# TYPE x counter\nx{a=\"b\"} 1\n"),
        "line 2: `x` has the type counter, but gauge in a.prom"
    );
    assert_eq!(
        told("# TYPE x histogram\nx_bucket{le=\"+Inf\"} 1\n", "y 1\n\nx_count{a=\"b\"} 1\n"),
        "line 3: the unknown `x_count` and `x` in a.prom both have lines `x_count`"
    );
    assert_eq!(
        told("# HELP x One.\nx 1\n", "# HELP x Two.\nx{a=\"b\"} 1\n"),
        "line 1: `x` has another help text than in a.prom, so its samples are left out"
    );
    assert_eq!(
        told("x 1\n", "y 1\nx{a=\"b\"} 1\nx 1\n"),
        "line 3: this series of `x` is in a.prom already, and left out here"
    );
    let both = "# TYPE x_count gauge\nx_count{a=\"b\"} 1\n# TYPE x summary\nx_sum 1\n";
    assert_eq!(
        told("", both),
        "line 3: the summary `x` and `x_count` in this file both have lines `x_count`"
    );
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
fn sums_and_counts_that_a_file_leaves_out_are_0_as_node_exporter_has_them() {
    check(
        &[(
            "a.prom",
            "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\n# TYPE s summary\ns{a=\"b\",quantile=\"0.5\"} 2\n",
        )],
        "# HELP h Metric read from DIR/a.prom\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 3\nh_sum 0\nh_count 3\n\
         # HELP s Metric read from DIR/a.prom\n# TYPE s summary\ns{a=\"b\",quantile=\"0.5\"} 2\ns_sum{a=\"b\"} 0\ns_count{a=\"b\"} 0",
        false,
    );
}

#[test]
fn times_are_whole_seconds_as_node_exporter_has_them() {
    let tree = Tree::new();
    tree.write("text/a.prom", "x 1\n");
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_700_000_000_900);
    fs::File::open(tree.path("text/a.prom")).unwrap().set_modified(time).unwrap();
    let page = start(&tree).scrape();
    assert_eq!(page.samples("node_textfile_mtime_seconds")[0].value, 1.7e9);
}

#[test]
fn openmetrics_is_read_too() {
    let page = page(&[(
        "a.prom",
        concat!(
            "# TYPE c counter\nc_total 17 # {id=\"a\"} 0.5\nc_created 1.0\n# TYPE i info\ni_info{v=\"1\"} 1\n",
            "# TYPE state stateset\nstate{state=\"a\"} 1\n# TYPE gh gaugehistogram\ngh_bucket{le=\"+Inf\"} 4\ngh_gcount 4\ngh_gsum 1\n# EOF\n",
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
fn a_file_of_openmetrics_follows_the_specification() {
    let path = "# TYPE c counter\n# HELP c In C:\\dir.\nc_total{path=\"C:\\dir\"} 1\n# EOF\n";
    let page = page(&[
        ("a.prom", path),
        ("b.prom", "# TYPE g gauge\ng{x=\"1\",} 1\n# EOF\n"),
        ("c.prom", "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\n# EOF\n"),
    ]);
    assert_eq!(page.counter("c_total", &[("path", "C:\\dir")]), 1.0);
    assert_eq!(page.family("c_total").unwrap().help.as_deref(), Some("In C:\\dir."));
    assert!(page.family("g").is_none() && page.family("h").is_none());
    assert_eq!((page.samples("node_textfile_mtime_seconds").len(), error(&page)), (1, 1.0));
}

#[test]
fn a_name_that_was_there_before_a_summary_is_not_of_it() {
    let page = page(&[(
        "a.prom",
        "# TYPE x_count gauge\nx_count{a=\"b\"} 1\n# TYPE x summary\nx_count 2\n",
    )]);
    assert_eq!((page.gauge("x_count", &[("a", "b")]), page.samples("x_count").len()), (1.0, 2));
    assert_eq!(error(&page), 0.0);
}

#[test]
fn what_is_no_file_does_not_block() {
    let tree = Tree::new();
    tree.write("text/good.prom", "good 1\n").folder("text/folder.prom");
    tree.write("linked", "linked 1\n");
    tree.link("text/link.prom", "../linked");
    let probe = start(&tree);
    let page = probe.scrape();
    assert_eq!((page.samples("node_textfile_mtime_seconds").len(), error(&page)), (2, 1.0));
    tree.remove("text/folder.prom").remove("text/link.prom");
    assert_eq!(error(&probe.scrape()), 0.0);
    // A link to nothing stays one, unlike a file that is being renamed.
    tree.link("text/dangling.prom", "nowhere");
    assert_eq!(error(&probe.scrape()), 1.0);
    tree.remove("text/dangling.prom");
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
    // What is no pattern is a name, which may be there.
    assert_eq!(error(&probe("[three")), 1.0);
    tree.write("text/[four/.prom", "four 1\n");
    assert_eq!(probe("[four").gauge("node_textfile_scrape_error", &[]), 0.0);
    assert!(probe("[four").family("four").is_some());
    let empty = Probe::of::<Textfile, _>().config("directory: ['']").start().scrape();
    assert_eq!((empty.all_samples().len(), error(&empty)), (1, 0.0));
    let nothing = Probe::of::<Textfile, _>().start().scrape();
    assert_eq!((nothing.all_samples().len(), error(&nothing)), (1, 0.0));
}

#[test]
fn folders_are_read_in_the_order_of_the_configuration_and_once() {
    let tree = Tree::new();
    tree.write("text/one/a.prom", "# HELP x One.\nx 1\n");
    tree.write("text/two/a.prom", "# HELP x Two.\nx 2\n");
    let folder = tree.path("text").display().to_string();
    let config = format!("directory: [{folder}/two, '{folder}/*']");
    let page = Probe::of::<Textfile, _>().config(&config).start().scrape();
    assert_eq!(page.family("x").and_then(|family| family.help.as_deref()), Some("Two."));
    assert_eq!((page.samples("node_textfile_mtime_seconds").len(), error(&page)), (2, 1.0));
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
