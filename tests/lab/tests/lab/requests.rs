//! What a request may ask for: filters, one collector, too many at once; and readers that do not read.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, Page, wait_until};

use crate::{Config, LAB, success};

const TWO: &str = "collectors: {slow: {enabled: true}, unavailable: {enabled: true}}";

fn collectors(exporter: &Exporter, path: &str) -> Vec<String> {
    let answer = exporter.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let page = Page::parse(&answer.body);
    let evidence = page.samples("exporter_collector_duration_seconds").into_iter();
    evidence.map(|sample| sample.label("collector").unwrap().to_owned()).collect()
}

fn refused(exporter: &Exporter, path: &str, status: u16, text: &str) {
    let answer = exporter.get(path);
    assert_eq!((answer.status, answer.body.as_str()), (status, text), "{path}");
}

#[test]
fn collectors_are_picked_by_name() {
    let exporter = Config::new(TWO).start(&[]);
    let check =
        |path: &str, expected: &[&str]| assert_eq!(collectors(&exporter, path), expected, "{path}");
    check("/metrics", &["bulk", "slow", "unavailable"]);
    check("/metrics?collect[]=slow", &["slow"]);
    check("/metrics?collect%5B%5D=slow&collect[]=bulk", &["bulk", "slow"]);
    check("/metrics?exclude[]=slow", &["bulk", "unavailable"]);
    check("/metrics/slow", &["slow"]);
    check("/metrics/slow?name[]=lab_slow_runs", &["slow"]);
    // Linked, and switched off.
    check("/metrics?collect[]=error", &[]);
    check("/metrics?exclude[]=error", &["bulk", "slow", "unavailable"]);
    // What this exporter does not know is somebody else's.
    check("/metrics?foo=bar&collect=slow", &["bulk", "slow", "unavailable"]);
    let nothing = exporter.get("/metrics?exclude[]=slow&exclude[]=bulk&exclude[]=unavailable");
    assert_eq!((nothing.status, nothing.body.as_str()), (200, ""));
}

#[test]
fn a_filter_that_cannot_be_meant_is_refused_in_words() {
    let exporter = Config::new(TWO).start(&[]);
    refused(
        &exporter,
        "/metrics?collect[]=slow&exclude[]=bulk",
        400,
        "400: collect[] and exclude[] cannot be combined: name what is wanted, or what is not\n",
    );
    let answer = exporter.get("/metrics?collect[]=nosuch");
    assert_eq!(answer.status, 400);
    assert!(
        answer.body.starts_with("400: no collector `nosuch` in this binary; it has: bulk, "),
        "{}",
        answer.body
    );
    refused(
        &exporter,
        "/metrics/error",
        404,
        "404: no collector `error` runs here; those that do: bulk, slow, unavailable\n",
    );
    assert_eq!(exporter.get("/metrics/nosuch").status, 404);
}

#[test]
fn metrics_are_picked_by_name_and_collectors_without_them_do_not_run() {
    let config = Config::new("");
    let journal = config.path("journal");
    config
        .write(&format!("collectors: {{slow: {{enabled: true, journal: {}}}}}", journal.display()));
    let exporter = config.start(&[]);
    let page = Page::parse(
        &exporter.get("/metrics?name[]=my_gauge&name[]=process_threads&name[]=nosuch").body,
    );
    let evidence = ["exporter_collector_duration_seconds", "exporter_collector_success"];
    assert_eq!(page.names(), [evidence, ["my_gauge", "process_threads"]].concat());
    assert_eq!((success(&page, "bulk"), success(&page, "slow")), (Some(1.0), None));
    assert!(!journal.exists(), "it ran");
}

#[test]
fn ten_thousand_filters_are_answered_and_leave_nothing_behind() {
    let exporter = Config::new(TWO).start(&[]);
    let start = Instant::now();
    let answer = exporter.get(&format!("/metrics?{}", "name[]=x&".repeat(5_000)));
    assert_eq!(answer.status, 200);
    // A path of more than 64 KiB is refused by the web server.
    let mut stream = TcpStream::connect(exporter.address()).unwrap();
    let query = "collect[]=slow&".repeat(10_000);
    // It may be refused before all of it was written.
    let _ = write!(stream, "GET /metrics?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 4"), "{}", String::from_utf8_lossy(&answer));
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(collectors(&exporter, "/metrics").len(), 3);
}

#[test]
fn more_requests_than_allowed_are_told_so_while_health_is_still_answered() {
    let config = Config::new("");
    let journal = config.path("journal");
    config.write(&format!("collectors: {{slow: {{delay: 1500, journal: {}}}}}", journal.display()));
    let exporter = config.start(&["--web.max-requests=1"]);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| exporter.get("/metrics").status);
        wait_until("it waits", || journal.exists());
        let text = "503: 1 requests are being answered, as many as --web.max-requests allows\n";
        refused(&exporter, "/metrics/bulk", 503, text);
        assert_eq!(exporter.get("/-/healthy").status, 200);
        assert_eq!(exporter.get("/").status, 200);
        assert_eq!(waiting.join().unwrap(), 200);
    });
    assert_eq!(exporter.get("/metrics").status, 200);
}

#[test]
fn a_reader_that_stops_reading_loses_its_connection_and_others_are_served() {
    let exporter = Exporter::start(LAB, ["--collector.bulk.series=200000"]);
    let mut idle: Vec<TcpStream> = (0..8)
        .map(|_| {
            let mut stream = TcpStream::connect(exporter.address()).unwrap();
            let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 2\r\n\r\n";
            stream.write_all(request.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert_eq!(exporter.scrape().samples("my_gauge").len(), 100_000);
    let in_flight = || exporter.scrape().value("exporter_http_requests_in_flight", &[]).unwrap();
    wait_until("the idle readers are gone", || in_flight() <= 1.0);
    for stream in &mut idle {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut read = Vec::new();
        // What the kernel had taken may be read; then the connection is at its end, or reset.
        let _ = stream.read_to_end(&mut read);
        assert!(read.len() < 14_000_000 && !read.ends_with(b"0\r\n\r\n"), "{} bytes", read.len());
    }
}

#[test]
fn health_and_readiness_are_answered() {
    let exporter = Config::new("").start(&[]);
    refused(&exporter, "/-/healthy", 200, "lab-exporter is healthy.\n");
    refused(&exporter, "/-/ready", 200, "lab-exporter is ready.\n");
    assert_eq!(exporter.get("/-/nosuch").status, 404);
}
