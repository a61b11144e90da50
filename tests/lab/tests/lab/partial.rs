//! A line that cannot be read costs its own samples only.

use std::fs;

use exporter_testkit::{Exporter, Page};

use crate::{LAB, success};

fn partial(page: &Page) -> Option<f64> {
    page.value("exporter_collector_partial", &[("collector", "partial")])
}

#[test]
fn a_line_that_cannot_be_read_costs_itself_and_is_logged_when_it_begins_and_when_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("levels");
    fs::write(&file, "0.5\nmuch\n2\n").unwrap();
    let key = format!("--collector.partial.file={}", file.display());
    let exporter = Exporter::start(LAB, ["--collector.partial", &key]);
    let place = format!("{}:2", file.display());
    let logged = |message: &str| {
        let log = exporter.log();
        log.lines().filter(|line| line.contains(message) && line.contains(&place)).count()
    };
    for _ in 0..3 {
        let page = exporter.scrape();
        assert_eq!(page.value("lab_partial", &[("line", "1")]), Some(0.5));
        assert_eq!(page.value("lab_partial", &[("line", "2")]), None);
        assert_eq!(page.value("lab_partial", &[("line", "3")]), Some(2.0));
        assert_eq!(success(&page, "partial"), Some(1.0));
        assert_eq!(partial(&page), Some(1.0));
    }
    assert_eq!(logged("left out what it could not read"), 1, "{}", exporter.log());
    assert!(exporter.log().contains("invalid float literal"), "{}", exporter.log());
    let shown = exporter.get("/collectors/partial").body;
    assert!(shown.contains(&format!("{place}</code>: invalid float literal")), "{shown}");

    fs::write(&file, "0.5\n1\n2\n").unwrap();
    let page = exporter.scrape();
    assert_eq!(page.value("lab_partial", &[("line", "2")]), Some(1.0));
    assert_eq!(partial(&page), None, "nothing is left out");
    assert_eq!(logged("no longer leaves this out"), 1, "{}", exporter.log());
    assert!(!exporter.get("/collectors/partial").body.contains("Left out"));

    fs::write(&file, "much\nmore\n").unwrap();
    let page = exporter.scrape();
    assert_eq!(success(&page, "partial"), Some(0.0), "nothing is left");
    assert_eq!(partial(&page), None);
    let failed = format!("{}:1: invalid float literal (and 1 more)", file.display());
    assert!(exporter.log().contains(&failed), "{}", exporter.log());
}
