//! An exporter on a hostile network: while others do what they should not, a scraper gets every page in time, and
//! afterwards the exporter is as it was.

mod attackers;
mod http2;
mod shares;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, wait_until};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use self::attackers::{from, plain as connect, tls, tls_client};
use crate::Config;
use crate::web::{HASH, Keys, TLS};

/// What Prometheus gives a page by default.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long each attack goes on.
const ATTACK: Duration = Duration::from_secs(4);

/// What is answered to these bytes, until the connection ends or nothing more comes for a while.
fn answer(exporter: &Exporter, bytes: &[u8]) -> String {
    let mut stream = connect(exporter);
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    // It may be closed before all was sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A scraper with its password: one page after the other while `attack` goes on. Returns how many pages it got.
fn scrape_during(exporter: &Exporter, attack: impl FnOnce()) -> usize {
    let (stop, pages) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let scraper = scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let start = Instant::now();
                let page = exporter.get_with("/metrics", &[("Authorization", AUTHORIZATION)]);
                assert_eq!(page.status, 200, "{}", page.body);
                assert!(page.body.contains("\nmy_gauge{"));
                assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
                pages.fetch_add(1, Ordering::Relaxed);
                thread::sleep(Duration::from_millis(50));
            }
        });
        attack();
        stop.store(true, Ordering::Relaxed);
        scraper.join().unwrap();
    });
    pages.into_inner()
}

/// `alice:secret`.
const AUTHORIZATION: &str = "Basic YWxpY2U6c2VjcmV0";

fn guarded(flags: &[&str]) -> (Config, Exporter) {
    let config = Config::new("");
    let file = config.path("web.yml");
    fs::write(&file, format!("basic_auth_users: {{alice: {HASH}}}\n")).unwrap();
    let file = format!("--web.config.file={}", file.display());
    let short = "--web.read-timeout=2s";
    let exporter = Exporter::start(crate::LAB, [&[file.as_str(), short], flags].concat());
    assert_eq!(exporter.get_with("/metrics", &[("Authorization", AUTHORIZATION)]).status, 200);
    (config, exporter)
}

/// Threads and open files.
fn held(exporter: &Exporter) -> (usize, usize) {
    let count =
        |folder: &str| fs::read_dir(format!("/proc/{}/{folder}", exporter.pid())).unwrap().count();
    (count("task"), count("fd"))
}

/// Resident memory in bytes.
fn memory(exporter: &Exporter) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", exporter.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// What an attacker does once.
type Attack = fn(&Exporter);

const ATTACKS: [(&str, Attack); 8] = [
    ("wrong passwords", wrong_passwords),
    ("garbage", |target| {
        answer_nothing(target, &[0, 255, 22, 3, 1, 13, 10, 13, 10]);
        answer_nothing(target, &vec![b'x'; 300_000]);
        answer_nothing(target, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
    }),
    ("oversized heads", |target| {
        let header =
            format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(500_000));
        answer_nothing(target, header.as_bytes());
        let many: String = (0..5000).map(|i| format!("X-{i}: a\r\n")).collect();
        answer_nothing(target, format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes());
    }),
    ("half-open connections", |target| {
        let mut stream = connect(target);
        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHo");
        let _ = stream.shutdown(Shutdown::Write);
        drop(stream);
        drop(connect(target));
    }),
    ("readers that stop", |target| {
        // In kernels that take less than a page.
        let mut stream = from(target, 7);
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTHORIZATION}\r\nX-Prometheus-Scrape-Timeout-Seconds: 1\r\n\r\n"
        );
        let _ = stream.write_all(request.repeat(20).as_bytes());
        thread::sleep(Duration::from_millis(500));
    }),
    ("pipelines", |target| {
        let mut stream = connect(target);
        let _ = stream.write_all(&b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500));
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer);
    }),
    ("pipelines that nobody reads", |target| {
        let mut stream = from(target, 8);
        stream.set_nonblocking(true).unwrap();
        for _ in 0..20 {
            let _ = stream.write(&b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500));
            thread::sleep(Duration::from_millis(10));
        }
    }),
    ("slow bodies", |target| {
        let mut stream = from(target, 9);
        let head =
            format!("POST /-/healthy HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTHORIZATION}\r\n");
        let _ = write!(stream, "{head}Content-Length: 100000\r\n\r\n");
        for _ in 0..10 {
            let _ = stream.write_all(b"x");
            thread::sleep(Duration::from_millis(50));
        }
    }),
];

fn wrong_passwords(target: &Exporter) {
    let guess = format!("Basic {:?}", Instant::now());
    let status = target.get_with("/metrics", &[("Authorization", guess.as_str())]).status;
    assert!([401, 429].contains(&status), "{status}");
    let guess = ["Basic YWxpY2U6", &"Zm9v".repeat(another_number())].concat();
    let status = target.get_with("/metrics", &[("Authorization", &guess)]).status;
    assert!([401, 429].contains(&status), "{status}");
}

/// Runs `attack` in some threads at once, again and again.
fn repeat<'scope>(scope: &'scope Scope<'scope, '_>, target: &'scope Exporter, attack: Attack) {
    for _ in 0..4 {
        scope.spawn(move || {
            let start = Instant::now();
            while start.elapsed() < ATTACK {
                attack(target);
            }
        });
    }
}

#[test]
fn a_scraper_gets_every_page_and_nothing_is_left_behind() {
    let _alone = crate::alone();
    // A page of several megabytes: no kernel takes it for a client that does not read.
    let (_config, exporter) =
        guarded(&["--web.max-connections=200", "--collector.bulk.series=100000"]);
    let _ = scrape_during(&exporter, || thread::sleep(Duration::from_secs(2)));
    let (before, small) = (held(&exporter), memory(&exporter));
    for (name, attack) in ATTACKS {
        let attack = || thread::scope(|scope| repeat(scope, &exporter, attack));
        let pages = scrape_during(&exporter, attack);
        assert!(pages >= 2, "{pages} pages during {name}");
    }
    // And all of them together.
    let pages = scrape_during(&exporter, || {
        thread::scope(|scope| {
            for (_, attack) in ATTACKS {
                repeat(scope, &exporter, attack);
            }
        });
    });
    assert!(pages >= 2, "{pages} pages during all");
    wait_until("connections are gone", || {
        let now = held(&exporter);
        // The thread that checks passwords is there by now.
        now.0 <= before.0 + 2 && now.1 <= before.1 + 3
    });
    let grown = memory(&exporter).saturating_sub(small);
    assert!(grown < 64 << 20, "{grown} bytes more");
    // A line each for what began, and not for each of them.
    let lines = exporter.log().lines().count();
    assert!(lines < 40, "{lines} lines:\n{}", exporter.log());
}

/// How often to repeat something, another number each time.
fn another_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed) % 500
}

/// Sends bytes that are no request, and checks that no page comes back.
fn answer_nothing(exporter: &Exporter, bytes: &[u8]) {
    let mut stream = connect(exporter);
    // It may be closed before all was sent.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer);
    assert!(!answer.contains("my_gauge") && !answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// As many files as the system lets a process have.
fn more_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    limit.maximum.unwrap_or(u64::MAX)
}

#[test]
fn thousands_of_idle_connections_and_slow_ones_keep_nobody_out() {
    const THOUSANDS: usize = 5000;
    let _alone = crate::alone();
    assert!(more_files() > 6000, "this test needs more files than it may have");
    let (_config, exporter) = guarded(&[]);
    let mut idle = Vec::new();
    let pages = scrape_during(&exporter, || {
        for number in 0..THOUSANDS {
            let mut stream = TcpStream::connect(exporter.address()).unwrap();
            if number % 2 == 0 {
                let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ");
            }
            idle.push(stream);
        }
        for _ in 0..60 {
            for stream in idle.iter_mut().step_by(2) {
                let _ = stream.set_nonblocking(true);
                let _ = stream.write(b"x");
            }
            thread::sleep(Duration::from_millis(100));
        }
    });
    assert!(pages >= 10, "{pages}");
    assert_eq!(idle.len(), THOUSANDS);
    wait_until("they are gone", || held(&exporter).1 < 60);
}

#[test]
fn requests_that_could_be_read_in_two_ways_are_refused() {
    let _alone = crate::alone();
    let exporter = Exporter::start(crate::LAB, ["--web.read-timeout=2s"]);
    let hidden = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    for head in [
        "POST /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "POST /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\n",
        "POST /-/healthy HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
        "POST /-/healthy HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n",
        "GET /-/healthy HTTP/1.1\nHost\x00: x\r\n\r\n",
    ] {
        let answer = answer(&exporter, format!("{head}{hidden}").as_bytes());
        // In words, once, and nothing after it.
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}: {answer}");
        assert!(
            answer.ends_with("\r\n\r\n400: this is no request of HTTP/1.1, lacks its Host, or has too long a path\n"),
            "{head}: {answer}"
        );
        assert_eq!(answer.matches("HTTP/1.1").count(), 2, "{head}: {answer}");
    }
}

#[test]
fn no_path_leads_to_a_file() {
    let _alone = crate::alone();
    let exporter = Exporter::start(crate::LAB, [""; 0]);
    for path in [
        "/../../../etc/passwd",
        "/metrics/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/metrics/..%2f..%2fetc%2fpasswd",
        "//etc/passwd",
        "/metrics/%00",
        "/metrics/bulk%0d%0aX-Injected: yes",
    ] {
        let answer = answer(
            &exporter,
            format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes(),
        );
        assert!(
            answer.starts_with("HTTP/1.1 404 ") || answer.starts_with("HTTP/1.1 400 "),
            "{path}: {answer}"
        );
        assert!(
            !answer.contains("root:") && !answer.contains("\r\nX-Injected"),
            "{path}: {answer}"
        );
    }
}

#[test]
fn what_is_no_tls_is_refused_and_costs_nobody_a_page() {
    let _alone = crate::alone();
    let keys = Keys::new();
    let exporter = keys.start(TLS, &["--web.read-timeout=2s"]);
    let attacks: [&[u8]; 4] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and no more than the beginning",
        b"\x16\x03\x01\xff\xff",
        b"\x80\x2e\x01\x00\x02 an older handshake",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
    let client = &tls_client(&keys, b"http/1.1");
    let (exporter, stop) = (&exporter, &AtomicBool::new(false));
    thread::scope(|scope| {
        for attack in attacks {
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    answer_nothing(exporter, attack);
                    drop(connect(exporter));
                }
            });
        }
        // And handshakes, one after the other.
        for _ in 0..4 {
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let mut stream = tls(client, connect(exporter));
                    stream.write_all(b"GET / HTTP/1.1\r\n").unwrap();
                }
            });
        }
        for _ in 0..20 {
            let page = keys.curl(exporter, &[]);
            assert!(page.contains("\nmy_gauge{") && page.ends_with("200 2\n"), "{page}");
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn the_head_of_a_page_is_that_of_the_page_and_costs_no_page() {
    let _alone = crate::alone();
    let exporter = Exporter::start(crate::LAB, ["--collector.bulk.series=100000"]);
    let bytes = || exporter.scrape().value("exporter_http_response_bytes_total", &[]).unwrap();
    let head = |method: &str, encoding: &str| {
        let mut stream = connect(&exporter);
        let rest = format!("Host: x\r\nAccept-Encoding: {encoding}\r\nConnection: close\r\n\r\n");
        write!(stream, "{method} /metrics HTTP/1.1\r\n{rest}").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        // In any order, which differs from answer to answer.
        let lines = head.lines().filter(|line| !line.starts_with("date: ")).map(str::to_owned);
        (lines.collect::<BTreeSet<_>>(), answer.len() - end - 4)
    };
    for encoding in ["identity", "gzip"] {
        let (of_page, length) = head("GET", encoding);
        assert!(length > 500_000, "{length}");
        let before = bytes();
        let page = bytes() - before;
        let (of_head, nothing) = head("HEAD", encoding);
        assert_eq!((of_head, nothing), (of_page, 0));
        // The two pages that say so, but not a third.
        assert!(bytes() - before < 2.5 * page, "{} {page}", bytes() - before);
    }
}

#[test]
fn what_is_no_request_is_answered_in_words_counted_and_told_once() {
    let _alone = crate::alone();
    let exporter = Exporter::start(crate::LAB, ["--web.read-timeout=1s"]);
    for _ in 0..50 {
        let garbage = answer(&exporter, b"\0\xff\r\n\r\n");
        assert!(
            garbage.ends_with(
                "400: this is no request of HTTP/1.1, lacks its Host, or has too long a path\n"
            ),
            "{garbage}"
        );
    }
    let large = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(300_000));
    let large = answer(&exporter, large.as_bytes());
    // The rest of it may cost the client the answer.
    assert!(large.is_empty() || large.ends_with("than this server takes\n"), "{large}");
    // On a new connection, and on one that was used.
    for before in ["", "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let mut stream = connect(&exporter);
        write!(stream, "{before}GET / HTTP/1.1\r\nX-Slow: ").unwrap();
        let mut late = String::new();
        stream.read_to_string(&mut late).unwrap();
        assert!(late.contains("HTTP/1.1 408 Request Timeout\r\n"), "{late}");
        assert!(
            late.ends_with("408: no request arrived within what --web.read-timeout gives\n"),
            "{late}"
        );
    }
    let page = exporter.scrape();
    let refused = |reason| page.value("exporter_http_refused_total", &[("reason", reason)]);
    assert_eq!((refused("malformed"), refused("read_timeout")), (Some(51.0), Some(2.0)));
    let log = exporter.log();
    assert_eq!(log.matches("reason=malformed peer=127.0.0.1").count(), 1, "{log}");
    assert!(!log.contains("level=error"), "{log}");
}
