//! An exporter on a hostile network: while others do what they should not, a scraper gets every page in time, and
//! afterwards the exporter is as it was.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use exporter_testkit::{Exporter, wait_until};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::Config;
use crate::web::{HASH, Keys, TLS};

/// What Prometheus gives a page by default.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long each attack goes on.
const ATTACK: Duration = Duration::from_secs(4);

fn connect(exporter: &Exporter) -> TcpStream {
    let stream = TcpStream::connect(exporter.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

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
    let exporter = config.start(&[&[file.as_str(), short], flags].concat());
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

/// Runs `attack` in some threads at once, again and again.
fn repeat<'scope>(scope: &'scope Scope<'scope, '_>, attack: impl Fn() + Copy + Send + 'scope) {
    for _ in 0..4 {
        scope.spawn(move || {
            let start = Instant::now();
            while start.elapsed() < ATTACK {
                attack();
            }
        });
    }
}

#[test]
fn a_scraper_gets_every_page_and_nothing_is_left_behind() {
    let (_config, exporter) = guarded(&["--web.max-connections=200"]);
    let _ = scrape_during(&exporter, || thread::sleep(Duration::from_secs(1)));
    let (before, small) = (held(&exporter), memory(&exporter));
    let target = &exporter;
    let attacks: [(&str, &(dyn Fn() + Sync)); 6] = [
        ("wrong passwords", &|| {
            let guess = format!("Basic {:?}", Instant::now());
            let headers = [("Authorization", guess.as_str())];
            let status = target.get_with("/metrics", &headers).status;
            assert!([401, 429].contains(&status), "{status}");
            let guess = ["Basic YWxpY2U6", &"Zm9v".repeat(fastrand())].concat();
            let status = target.get_with("/metrics", &[("Authorization", &guess)]).status;
            assert!([401, 429].contains(&status), "{status}");
        }),
        ("garbage", &|| {
            answer_nothing(target, &[0, 255, 22, 3, 1, 13, 10, 13, 10]);
            answer_nothing(target, &vec![b'x'; 300_000]);
            answer_nothing(target, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
        }),
        ("oversized heads", &|| {
            let header =
                format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(500_000));
            answer_nothing(target, header.as_bytes());
            let many: String = (0..5000).map(|i| format!("X-{i}: a\r\n")).collect();
            answer_nothing(target, format!("GET / HTTP/1.1\r\n{many}\r\n").as_bytes());
        }),
        ("half-open connections", &|| {
            let mut stream = connect(target);
            let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHo");
            let _ = stream.shutdown(Shutdown::Write);
            drop(stream);
            drop(connect(target));
        }),
        ("readers that stop", &|| {
            let mut stream = connect(target);
            let request = format!(
                "GET /metrics HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTHORIZATION}\r\nX-Prometheus-Scrape-Timeout-Seconds: 1\r\n\r\n"
            );
            let _ = stream.write_all(request.repeat(20).as_bytes());
            thread::sleep(Duration::from_millis(200));
        }),
        ("pipelines", &|| {
            let mut stream = connect(target);
            let _ = stream.write_all(&b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n".repeat(500));
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer);
        }),
    ];
    for (name, attack) in attacks {
        let pages = scrape_during(&exporter, || thread::scope(|scope| repeat(scope, attack)));
        assert!(pages >= 10, "{pages} pages during {name}");
    }
    wait_until("connections are gone", || {
        let now = held(&exporter);
        // The thread that checks passwords is there by now.
        now.0 <= before.0 + 2 && now.1 <= before.1 + 3
    });
    let grown = memory(&exporter).saturating_sub(small);
    assert!(grown < 32 << 20, "{grown} bytes more");
}

/// How often to repeat something, another number each time.
fn fastrand() -> usize {
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

#[test]
fn thousands_of_idle_connections_and_slow_ones_keep_nobody_out() {
    let (_config, exporter) = guarded(&[]);
    let pages = scrape_during(&exporter, || {
        let mut idle = Vec::new();
        for number in 0..5000 {
            match TcpStream::connect(exporter.address()) {
                Ok(mut stream) => {
                    if number % 2 == 0 {
                        let _ = stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: ");
                    }
                    idle.push(stream);
                }
                // The test has as many files as it may have.
                Err(error) if error.kind() == ErrorKind::Other => break,
                Err(_) => thread::sleep(Duration::from_millis(1)),
            }
        }
        for _ in 0..20 {
            for stream in idle.iter_mut().step_by(2) {
                let _ = stream.set_nonblocking(true);
                let _ = stream.write(b"x");
            }
            thread::sleep(Duration::from_millis(100));
        }
    });
    assert!(pages >= 10, "{pages}");
    wait_until("they are gone", || held(&exporter).1 < 60);
}

#[test]
fn requests_that_could_be_read_in_two_ways_are_refused() {
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
        assert!(!answer.contains("my_gauge"), "{head}: {answer}");
    }
}

#[test]
fn no_path_leads_to_a_file() {
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
    let keys = Keys::new();
    let exporter = keys.start(TLS, &["--web.read-timeout=2s"]);
    let attacks: [&[u8]; 4] = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 and no more than the beginning",
        b"\x16\x03\x01\xff\xff",
        b"\x80\x2e\x01\x00\x02 an older handshake",
        b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
    ];
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
        for _ in 0..20 {
            let page = keys.curl(exporter, &[]);
            assert!(page.contains("\nmy_gauge{") && page.ends_with("200 2\n"), "{page}");
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// A frame of HTTP/2: its length in three bytes, its type, its flags and its stream.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[test]
fn a_reader_that_gives_no_window_loses_its_connection() {
    let keys = Keys::new();
    let exporter = keys.start(TLS, &[]);
    let mut roots = RootCertStore::empty();
    let authority = fs::read(keys.path("ca.pem")).unwrap();
    roots.add(CertificateDer::from_pem_slice(&authority).unwrap()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let session = ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(session, connect(&exporter));
    // `GET /metrics` with a time-out of 2 s, in the words of HPACK: indexed fields, and literals with their lengths.
    let literal = |name: &str, value: &str| {
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        [&[0][..], &text(name), &text(value)].concat()
    };
    let head = [
        &[0x82, 0x87][..],
        &literal(":path", "/metrics"),
        &literal(":authority", "x"),
        &literal("x-prometheus-scrape-timeout-seconds", "2"),
    ]
    .concat();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    // SETTINGS: the initial window is 0.
    stream.write_all(&frame(4, 0, 0, &[0, 4, 0, 0, 0, 0])).unwrap();
    stream.write_all(&frame(1, 5, 1, &head)).unwrap();
    stream.flush().unwrap();
    let (start, mut answer) = (Instant::now(), Vec::new());
    // It ends without the page: what comes is frames of control, and the head of the answer.
    let _ = stream.read_to_end(&mut answer);
    let took = start.elapsed();
    assert!((1.0..15.0).contains(&took.as_secs_f64()), "{took:?}");
    assert!(answer.len() < 1000 && !String::from_utf8_lossy(&answer).contains("my_gauge"));
}
