//! What one connection can do in HTTP/2, where it is many at once.

use std::io::Write;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, wait_until};
use rustls::ClientConfig;

use super::attackers::{
    CONTINUATION, PING, PREFACE, RESET, SETTINGS, Tls, ends, frame, get, half_a_head, literal,
    plain, send_until_it_ends, tls, tls_client, without_window,
};
use super::memory;
use crate::web::{HASH, Keys, TLS};

fn connect(exporter: &Exporter, client: &Arc<ClientConfig>, first: &[u8]) -> Tls {
    let mut stream = tls(client, plain(exporter));
    stream.write_all(first).unwrap();
    stream
}

/// A page for a scraper in time, by its own connection.
fn scrape(keys: &Keys, exporter: &Exporter, args: &[&str]) {
    let start = Instant::now();
    let page = keys.curl(exporter, args);
    assert!(page.contains("\nmy_gauge{") && page.ends_with("200 2\n"), "{page}");
    assert!(start.elapsed() < super::PATIENCE, "{:?}", start.elapsed());
}

#[test]
fn a_reader_that_gives_no_window_loses_its_connection() {
    let _alone = crate::alone();
    let keys = Keys::new();
    let exporter = keys.start(TLS, &[]);
    let client = tls_client(&keys, b"h2");
    let mut stream = connect(&exporter, &client, &[without_window(), get(1, "2")].concat());
    let (start, mut answer) = (Instant::now(), Vec::new());
    // It ends without the page: what comes is frames of control, and the head of the answer.
    let _ = std::io::Read::read_to_end(&mut stream, &mut answer);
    let took = start.elapsed();
    assert!((1.0..15.0).contains(&took.as_secs_f64()), "{took:?}");
    assert!(answer.len() < 1000 && !String::from_utf8_lossy(&answer).contains("my_gauge"));
}

#[test]
fn who_takes_every_place_with_a_few_connections_keeps_nobody_out() {
    let _alone = crate::alone();
    let keys = Keys::new();
    let exporter = keys.start(TLS, &["--web.max-requests=40"]);
    let client = tls_client(&keys, b"h2");
    let streams = |number: u32| {
        let requests = (0..number).flat_map(|number| get(1 + 2 * number, "120"));
        [without_window(), requests.collect()].concat()
    };
    // More at once than a connection may have.
    assert!(ends(connect(&exporter, &client, &streams(600))));
    let held: Vec<Tls> = (0..4).map(|_| connect(&exporter, &client, &streams(30))).collect();
    for _ in 0..10 {
        scrape(&keys, &exporter, &[]);
        thread::sleep(Duration::from_millis(100));
    }
    drop(held);
}

#[test]
fn a_flood_of_refused_requests_leaves_nothing_behind() {
    let _alone = crate::alone();
    let keys = Keys::new();
    let exporter = keys.start(&format!("{TLS}basic_auth_users: {{alice: {HASH}}}\n"), &[]);
    let client = tls_client(&keys, b"h2");
    let user = ["--user", "alice:secret"];
    scrape(&keys, &exporter, &user);
    let before = memory(&exporter);
    for _ in 0..8 {
        let mut stream = connect(&exporter, &client, &without_window());
        // The buffers of the sockets may take all of them before the exporter ends the connection.
        let sent = (0..20_000).take_while(|n| stream.write_all(&get(1 + 2 * n, "120")).is_ok());
        assert!(sent.count() < 20_000 || ends(stream), "it was not ended");
        scrape(&keys, &exporter, &user);
    }
    let grown = memory(&exporter).saturating_sub(before);
    assert!(grown < 48 << 20, "{grown} bytes more");
}

#[test]
fn a_head_without_an_end_is_not_kept() {
    let _alone = crate::alone();
    let keys = Keys::new();
    let exporter = keys.start(TLS, &[]);
    let client = tls_client(&keys, b"h2");
    let more = frame(CONTINUATION, 0, 1, &literal("x-a", &"a".repeat(16_000)));
    let first = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &half_a_head()].concat();
    let stream = connect(&exporter, &client, &first);
    let sent = send_until_it_ends(stream, &more, 1000);
    // A few megabytes fit the buffers of the sockets.
    assert!(sent < 12 << 20, "{sent} bytes were taken");
    scrape(&keys, &exporter, &[]);
    let malformed = [("reason", "malformed")];
    let page = exporter_testkit::Page::parse(&keys.curl(&exporter, &[]).replace("\n200 2\n", "\n"));
    assert_eq!(page.value("exporter_http_refused_total", &malformed), Some(1.0));
}

#[test]
fn a_connection_without_a_request_ends_in_time_whatever_else_it_sends() {
    let _alone = crate::alone();
    let keys = Keys::new();
    // Its own pings to a client that does not answer them end no connection before the test does.
    let patient = &keys.start(TLS, &["--web.read-timeout=1s", "--web.idle-timeout=10m"]);
    let exporter = &keys.start(TLS, &["--web.idle-timeout=2s"]);
    let client = &tls_client(&keys, b"h2");
    let settings = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
    let head = [&settings[..], &half_a_head()].concat();
    let asked = [&settings[..], &get(1, "10")].concat();
    let (ping, nothing) = (frame(PING, 0, 0, b"12345678"), frame(CONTINUATION, 0, 1, b""));
    let cases: [(&str, &Exporter, &[u8], &[u8]); 7] = [
        ("nothing", patient, b"", b""),
        ("a preface", patient, PREFACE, b""),
        ("settings", patient, &settings, b""),
        ("half of a head", patient, &head, b""),
        ("a head that goes on", patient, &head, &nothing),
        ("pings", patient, &settings, &ping),
        ("pings behind a request", exporter, &asked, &ping),
    ];
    thread::scope(|scope| {
        for (name, exporter, first, again) in cases {
            let mut stream = connect(exporter, client, first);
            stream.flush().unwrap();
            scope.spawn(move || {
                stream.sock.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
                wait_until(&format!("the connection ends that sends {name}"), || {
                    let gone = !again.is_empty() && stream.write_all(again).is_err();
                    gone || ends(&mut stream)
                });
            });
        }
    });
    scrape(&keys, exporter, &[]);
}

#[test]
fn requests_that_are_taken_back_at_once_cost_nobody_a_page() {
    let _alone = crate::alone();
    let keys = Keys::new();
    let exporter = keys.start(TLS, &[]);
    let client = tls_client(&keys, b"h2");
    for _ in 0..5 {
        let mut stream =
            connect(&exporter, &client, &[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat());
        for number in 0..2000 {
            let stream_id = 1 + 2 * number;
            let reset = frame(RESET, 0, stream_id, &8_u32.to_be_bytes());
            if stream.write_all(&[get(stream_id, "10"), reset].concat()).is_err() {
                break;
            }
        }
        scrape(&keys, &exporter, &[]);
    }
}
