//! Many at once who take what there is: places for readers, connections, checks of passwords.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, wait_until};

use super::attackers::{from, plain};
use super::{AUTHORIZATION, PATIENCE, memory};
use crate::Config;

/// The hash of `secret`, with the cost that people use.
const COSTLY_HASH: &str = "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u";

fn refused(exporter: &Exporter, reason: &str) -> f64 {
    let page = exporter.scrape();
    // A series begins with the first refusal.
    page.value("exporter_http_refused_total", &[("reason", reason)]).unwrap_or_default()
}

#[test]
fn more_readers_that_stop_than_there_may_be_cost_nobody_a_page() {
    let _alone = crate::alone();
    let exporter = Exporter::start(crate::LAB, ["--collector.bulk.series=100000"]);
    let length = exporter.get("/metrics").body.len();
    let before = memory(&exporter);
    let request =
        "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 120\r\n\r\n";
    let mut stalled: Vec<TcpStream> = Vec::new();
    for _ in 0..4 {
        for host in 0..50 {
            let mut stream = from(&exporter, 2 + host % 5);
            stream.write_all(request.as_bytes()).unwrap();
            stalled.push(stream);
        }
        // Some have stopped for a while when more come.
        thread::sleep(Duration::from_secs(1));
        let start = Instant::now();
        let page = exporter.get("/metrics");
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(page.body.len() > length / 2 && start.elapsed() < PATIENCE);
    }
    wait_until("those that are too many are gone", || {
        let page = exporter.scrape();
        page.value("exporter_http_requests_in_flight", &[]).unwrap() <= 130.0
    });
    let grown = memory(&exporter).saturating_sub(before);
    assert!(grown < 1200 << 20, "{grown} bytes more");
    assert!(refused(&exporter, "evicted") >= 60.0);
    assert!(refused(&exporter, "unread_pages") < 1.0);
}

#[test]
fn one_client_with_every_connection_busy_makes_room_for_another() {
    let _alone = crate::alone();
    let config = Config::new("collectors: {slow: {delay: 8000}}\n");
    let exporter = config.start(&["--web.max-connections=50"]);
    let busy: Vec<TcpStream> = (0..300)
        .filter_map(|_| {
            let mut stream = from(&exporter, 2);
            stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").ok().map(|()| stream)
        })
        .collect();
    for _ in 0..5 {
        let start = Instant::now();
        let page = exporter.get("/metrics?exclude[]=slow");
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
    drop(busy);
}

/// Ends attacks at the end of a test, also of one that fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Asks with one wrong password after the other, until `stop`.
fn guess(exporter: &Exporter, host: u8, stop: &AtomicBool) {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut stream = from(exporter, host);
        // Who does not wait takes no place.
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        for _ in 0..10 {
            number += 1;
            // `alice:` and as many characters as make it a new one.
            let guess = format!("YWxpY2U6{host:04}{number:08}");
            let request =
                format!("GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {guess}\r\n\r\n");
            let mut answer = [0; 1024];
            if stream.write_all(request.as_bytes()).is_err()
                || !stream.read(&mut answer).is_ok_and(|read| read > 0)
            {
                break;
            }
            let answer = String::from_utf8_lossy(&answer);
            assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
            if stop.load(Ordering::Relaxed) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn a_password_that_is_new_is_checked_while_many_guess() {
    let _alone = crate::alone();
    let config = Config::new("");
    let file = config.path("web.yml");
    fs::write(&file, format!("basic_auth_users: {{alice: {COSTLY_HASH}}}\n")).unwrap();
    let exporter = config.start(&[&format!("--web.config.file={}", file.display())]);
    let (stop, exporter) = (&AtomicBool::new(false), &exporter);
    thread::scope(|scope| {
        let _guard = Stop(stop);
        for host in 0..40 {
            scope.spawn(move || guess(exporter, 10 + host, stop));
        }
        thread::sleep(Duration::from_secs(2));
        // It was not seen before, and is not remembered.
        for _ in 0..3 {
            let start = Instant::now();
            let page = exporter.get_with("/metrics", &[("Authorization", AUTHORIZATION)]);
            assert_eq!(page.status, 200, "{}", page.body);
            assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
        }
    });
}

#[test]
fn a_pipeline_of_refused_requests_that_nobody_reads_is_not_kept() {
    let _alone = crate::alone();
    let (_config, exporter) = super::guarded(&[]);
    let before = memory(&exporter);
    let requests = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500);
    let mut streams: Vec<TcpStream> = (0..64).map(|_| plain(&exporter)).collect();
    let pages = super::scrape_during(&exporter, || {
        for _ in 0..200 {
            for stream in &mut streams {
                stream.set_nonblocking(true).unwrap();
                let _ = stream.write(&requests);
            }
            thread::sleep(Duration::from_millis(10));
        }
    });
    assert!(pages >= 10, "{pages}");
    let grown = memory(&exporter).saturating_sub(before);
    assert!(grown < 16 << 20, "{grown} bytes more");
}

#[test]
fn more_connections_than_there_may_be_that_do_not_read_refusals_keep_nobody_out() {
    let _alone = crate::alone();
    let (_config, exporter) = super::guarded(&["--web.max-connections=200"]);
    let requests = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500);
    let mut streams: Vec<TcpStream> = Vec::new();
    let pages = super::scrape_during(&exporter, || {
        for _ in 0..400 {
            let mut stream = from(&exporter, 3);
            stream.set_nonblocking(true).unwrap();
            let _ = stream.write(&requests);
            streams.push(stream);
        }
        thread::sleep(Duration::from_secs(2));
    });
    assert!(pages >= 10, "{pages}");
}
