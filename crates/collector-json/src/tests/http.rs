//! Servers that are good, slow, huge, broken and changing.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use exporter_testkit::Tree;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::server::Proxy;
use super::*;

/// The failure of a run, with the server's address as `URL`.
#[track_caller]
fn failure(server: &Server, config: &str) -> String {
    start(server, config).failure().replace(&server.url(), "URL")
}

fn raw(bytes: &'static [u8]) -> Server {
    Server::start(move |_| Answer::Bytes(bytes.to_vec()))
}

#[test]
fn a_connection_serves_run_after_run_and_every_run_reads_anew() {
    const RUNS: u32 = 20;

    let runs = AtomicUsize::new(0);
    let server =
        Server::start(move |_| Answer::json(&runs.fetch_add(1, Ordering::Relaxed).to_string()));
    let probed = start(&server, WHOLE);
    for expected in 0..RUNS {
        assert_eq!(probed.scrape().gauge("m", &[]), f64::from(expected));
    }
    // The HTTP client returns a connection to its pool in a task of its own, after the body was read to its end. A run that
    // begins before this task was polled makes a second connection. Both are in the pool from then on.
    let requests = server.requests();
    let connections: BTreeSet<usize> = requests.iter().map(|request| request.connection).collect();
    assert_eq!(requests.len(), RUNS as usize);
    assert!(connections.len() <= 4, "{RUNS} runs used {} connections", connections.len());
}

#[test]
fn the_request_is_the_configured_one() {
    let server = Server::of("1");
    let config = format!(
        "method: POST\nbody: 'query {{ m }}'\nheaders: {{X-Key: k1, accept: text/json}}\n\
         basic_auth: {{username: me, password: 'p:w'}}\n{WHOLE}"
    );
    probe(&format!("{}/a%20b?c=d#e", server.url()), &config).start().scrape();
    let request = server.requests().remove(0);
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/a%20b?c=d"));
    assert_eq!(request.body, "query { m }");
    assert_eq!(request.header("x-key"), Some("k1"));
    assert_eq!(request.header("accept"), Some("text/json"));
    assert_eq!(request.header("authorization"), Some("Basic bWU6cDp3"));
    assert!(request.header("user-agent").unwrap().starts_with("collector-json/"));

    let server = Server::of("1");
    start(&server, &format!("bearer_token: t0\n{WHOLE}")).scrape();
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer t0"));
    assert_eq!(server.requests()[0].header("accept"), Some("application/json"));
}

#[test]
fn secrets_come_from_files_or_the_url_and_are_in_no_message() {
    let tree = Tree::new();
    tree.write("token", "hunter2\n");
    let server = Server::start(|_| Answer::new(403, &[], b"no"));
    let config = format!("bearer_token: {{file: {}}}\n{WHOLE}", tree.path("token").display());
    assert_eq!(failure(&server, &config), "URL/: status 403 Forbidden: \"no\"");
    assert_eq!(server.requests()[0].header("authorization"), Some("Bearer hunter2"));

    let url = format!("http://me:hunter2@127.0.0.1:{}/x?key=hunter2", server.port());
    let found = probe(&url, WHOLE).start().failure();
    assert_eq!(found, format!("{}/x?...: status 403 Forbidden: \"no\"", server.url()));
    assert_eq!(server.requests()[1].header("authorization"), Some("Basic bWU6aHVudGVyMg=="));
}

#[test]
fn what_is_no_document_is_told() {
    for (server, expected) in [
        (
            Server::of("{\"a\": 1,\n \"b\": }"),
            "URL/: not JSON: expected value at line 2 column 7: \"{\\\"a\\\": 1,\\n \\\"b\\\": }\"",
        ),
        (
            Server::of("<html>Log in</html>"),
            "URL/: not JSON: expected value at line 1 column 1: \"<html>Log in</html>\"",
        ),
        (Server::of(""), "URL/: the answer has no body"),
        (Server::of("1 2"), "URL/: not JSON: trailing characters at line 1 column 3: \"1 2\""),
        (Server::of("1e400"), "URL/: not JSON: number out of range at line 1 column 5: \"1e400\""),
        (raw(b"HTTP/1.1 204 No Content\r\n\r\n"), "URL/: the answer has no body"),
        (
            raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n\"\xFF\xFE\"\n"),
            "URL/: not JSON: invalid unicode code point at line 1 column 2: \"\\\"\u{fffd}\u{fffd}\\\"\"",
        ),
        (
            Server::start(|_| Answer::new(503, &[], [b'x'; 300])),
            &format!("URL/: status 503 Service Unavailable: \"{}\"...", "x".repeat(80)),
        ),
        (Server::start(|_| Answer::new(304, &[], b"")), "URL/: status 304 Not Modified: \"\""),
        (
            Server::start(|_| Answer::new(302, &[], b"")),
            "URL/: status 302 Found without a Location",
        ),
    ] {
        assert_eq!(failure(&server, WHOLE), expected);
    }
    let deep = Server::start(|_| Answer::json(&"[".repeat(100_000)));
    assert!(
        failure(&deep, WHOLE).starts_with("URL/: not JSON: recursion limit exceeded at line 1")
    );
}

#[test]
fn a_byte_order_mark_and_chunks_are_read() {
    assert_eq!(start(&Server::of("\u{feff}7"), WHOLE).scrape().gauge("m", &[]), 7.0);
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n12\r\n1;x=y\r\n3\r\n0\r\n\r\n";
    assert_eq!(start(&raw(chunked), WHOLE).scrape().gauge("m", &[]), 123.0);
}

#[test]
fn broken_connections_are_told_and_the_next_run_succeeds() {
    let runs = AtomicUsize::new(0);
    let server = Server::start(move |_| match runs.fetch_add(1, Ordering::Relaxed) {
        0 => Answer::Bytes(
            b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\nConnection: close\r\n\r\n[1".to_vec(),
        ),
        1 => Answer::Bytes(b"SSH-2.0-OpenSSH Connection: close\r\n\r\n".to_vec()),
        _ => Answer::json("5"),
    });
    let probed = start(&server, WHOLE);
    let told = |failure: String| failure.replace(&server.url(), "URL");
    let first = told(probed.failure());
    assert!(
        first.starts_with("URL/: ") && first.contains("end of file before message length"),
        "{first}"
    );
    let second = told(probed.failure());
    assert!(second.starts_with("URL/: ") && second.contains("invalid HTTP version"), "{second}");
    assert_eq!(probed.scrape().gauge("m", &[]), 5.0);
}

#[test]
fn nobody_there_is_told_with_its_cause() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let found = probe(&format!("http://127.0.0.1:{port}/"), WHOLE).start().failure();
    assert!(found.contains("Connection refused (os error 111)"), "{found}");
    let found = probe("http://no-such-host.invalid/", WHOLE).start().failure();
    assert!(
        found.starts_with("http://no-such-host.invalid/: ") && found.contains("dns error"),
        "{found}"
    );
}

#[test]
fn a_server_that_does_not_answer_costs_the_run_its_time_only() {
    let runs = AtomicUsize::new(0);
    let server = Server::start(move |_| match runs.fetch_add(1, Ordering::Relaxed) {
        0 => Answer::Never,
        1 => Answer::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[".to_vec()),
        _ => Answer::json("5"),
    });
    let probed = probe(&server.url(), WHOLE).timeout(Duration::from_millis(300)).start();
    let late = "did not end within its time-out of 300ms; ";
    let failure = probed.failure();
    assert!(failure.starts_with(late), "{failure}");
    // A run may begin a moment after the page before was sent, when its predecessor is about to be given up.
    let end = Instant::now() + Duration::from_secs(20);
    let page = loop {
        match probed.attempt() {
            Ok(page) => break page,
            Err(failure) => assert!(failure.starts_with(late), "{failure}"),
        }
        assert!(Instant::now() < end, "it never recovers");
        thread::yield_now();
    };
    assert!(page.ends_with("m 5\n") && server.requests().len() == 3, "{page}");
}

#[test]
fn a_document_is_read_up_to_its_limit() {
    let limited = format!("max_body: 1MiB\n{WHOLE}");
    let expected = "URL/: the document is larger than 1MiB (`max_body`)";
    let endless = Server::start(|_| {
        Answer::Endless([b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'1'; 65536]].concat())
    });
    assert_eq!(failure(&endless, &limited), expected);

    // A bomb: a kilobyte for each megabyte.
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    (0..64).for_each(|_| packed.write_all(&vec![b' '; 1 << 20]).unwrap());
    let bomb = packed.finish().unwrap();
    let bomb = Server::start(move |_| Answer::new(200, &[("Content-Encoding", "gzip")], &bomb));
    assert_eq!(failure(&bomb, &limited), expected);
    let error = Server::start(|_| Answer::new(500, &[], vec![b'1'; 2 << 20]));
    assert_eq!(failure(&error, &limited), expected);

    let fits = Server::start(|_| Answer::json(&format!("{}1", " ".repeat((1 << 20) - 1))));
    assert_eq!(start(&fits, &limited).scrape().gauge("m", &[]), 1.0);
}

#[test]
fn gzip_is_asked_for_and_read() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(b"42").unwrap();
    let packed = packed.finish().unwrap();
    let server = Server::start(move |_| Answer::new(200, &[("Content-Encoding", "gzip")], &packed));
    assert_eq!(start(&server, WHOLE).scrape().gauge("m", &[]), 42.0);
    assert_eq!(server.requests()[0].header("accept-encoding"), Some("gzip"));
    let broken = Server::start(|_| Answer::new(200, &[("Content-Encoding", "gzip")], b"42"));
    let found = failure(&broken, WHOLE);
    assert!(found.contains("Invalid gzip header"), "{found}");
}

#[test]
fn statuses_are_those_that_the_operator_wants() {
    let server = Server::start(|_| Answer::new(418, &[], b"3"));
    assert_eq!(failure(&server, WHOLE), "URL/: status 418 I'm a teapot: \"3\"");
    let config = format!("valid_status: [200, 418]\n{WHOLE}");
    assert_eq!(start(&server, &config).scrape().gauge("m", &[]), 3.0);
}

#[test]
fn redirects_are_followed_so_far() {
    let server = Server::start(|request| match request.target.as_str() {
        "/" => Answer::new(302, &[("Location", "a/b?c")], b""),
        "/a/b?c" => Answer::new(308, &[("Location", "/end")], b""),
        "/end" => Answer::json("1"),
        other => Answer::new(307, &[("Location", other)], b""),
    });
    let config = format!("bearer_token: t0\nheaders: {{x-key: k}}\n{WHOLE}");
    assert_eq!(start(&server, &config).scrape().gauge("m", &[]), 1.0);
    for request in server.requests() {
        assert_eq!(request.header("authorization"), Some("Bearer t0"));
        assert_eq!(request.header("x-key"), Some("k"));
    }
    let found = failure(&server, &format!("max_redirects: 1\n{WHOLE}"));
    assert_eq!(found, "URL/: more than 1 redirects (`max_redirects`), the last to URL/end");
    let loops = probe(&format!("{}/loop", server.url()), WHOLE).start().failure();
    assert!(loops.contains("more than 10 redirects"), "{loops}");
    let away = Server::start(|_| Answer::new(302, &[("Location", "file:///etc/passwd")], b""));
    assert!(failure(&away, WHOLE).contains("which is not HTTP"));
}

#[test]
fn what_the_request_holds_does_not_follow_to_another_origin() {
    let other = Server::of("1");
    let there = other.url();
    let server = Server::start(move |request| {
        let status = if request.target == "/again" { 307 } else { 302 };
        Answer::new(status, &[("Location", &there)], b"")
    });
    let config = format!("bearer_token: t0\nheaders: {{x-key: k}}\nmethod: POST\nbody: b\n{WHOLE}");
    start(&server, &config).scrape();
    let request = other.requests().remove(0);
    assert_eq!((request.method.as_str(), request.body.as_str()), ("GET", ""));
    assert_eq!((request.header("authorization"), request.header("x-key")), (None, None));

    let url = format!("http://me:pw@127.0.0.1:{}/", server.port());
    probe(&url, WHOLE).start().scrape();
    assert_eq!(other.requests()[1].header("authorization"), None);

    let found = probe(&format!("{}/again", server.url()), &config).start().failure();
    assert!(
        found.contains("another origin, to which the body of the request is not sent"),
        "{found}"
    );
    assert_eq!(other.requests().len(), 2);
}

#[test]
fn the_user_of_the_url_stays_on_redirects_within_its_origin() {
    let server = Server::start(|request| match request.target.as_str() {
        "/" => {
            let host = request.header("host").unwrap();
            Answer::new(302, &[("Location", &format!("http://{host}/end"))], b"")
        }
        _ => Answer::json("1"),
    });
    let url = format!("http://me:pw@127.0.0.1:{}/", server.port());
    probe(&url, WHOLE).start().scrape();
    let users = server.requests();
    assert!(users.iter().all(|request| request.header("authorization") == Some("Basic bWU6cHc=")));
    assert_eq!(users.len(), 2);
}

#[test]
fn a_proxy_is_gone_through() {
    let (server, proxy) = (Server::of("1"), Proxy::start());
    let config = format!("proxy_url: http://me:pw@127.0.0.1:{}\n{WHOLE}", proxy.port());
    assert_eq!(start(&server, &config).scrape().gauge("m", &[]), 1.0);
    let asked = proxy.requests().remove(0);
    assert_eq!(asked.target, format!("{}/", server.url()));
    assert_eq!(asked.header("proxy-authorization"), Some("Basic bWU6cHc="));

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let found = failure(&server, &format!("proxy_url: http://127.0.0.1:{port}\n{WHOLE}"));
    let expected = format!("through the proxy http://127.0.0.1:{port}/: ");
    assert!(found.contains(&expected) && found.contains("Connection refused"), "{found}");
}
