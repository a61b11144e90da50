//! Where the exporter listens, and what it says of where it is.

use std::net::TcpStream;
use std::process::Command;

use exporter_testkit::{Exporter, run, wait_until};

use crate::web::{HASH, Keys, TLS, curl};
use crate::{Config, LAB, stderr};

#[test]
fn a_unix_socket_is_one_of_its_addresses() {
    let config = Config::new("");
    let path = config.path("exporter.sock");
    let socket = format!("--web.listen-address=unix:{},mode=0600", path.display());
    let exporter = Exporter::start(LAB, [socket.as_str()]);
    let page = curl(&["--unix-socket", path.to_str().unwrap(), "http://x/metrics"]);
    assert!(page.contains("\nmy_gauge{") && page.ends_with("200 1.1\n"), "{page}");
    assert_eq!(exporter.get("/-/healthy").status, 200);
    assert!(exporter.addresses().contains(&format!("unix:{}", path.display())));
    let ended = exporter.terminate();
    assert!(ended.success() && !path.exists());
}

/// The URLs of the lines that say where the exporter listens.
fn urls(exporter: &Exporter) -> Vec<String> {
    let log = exporter.log();
    let lines = log.lines().filter(|line| line.contains("Listening on"));
    lines
        .filter_map(|line| Some(line.split_once(" url=")?.1.split(' ').next()?.to_owned()))
        .collect()
}

#[test]
fn the_log_has_a_url_that_opens_the_metrics() {
    let config = Config::new("");
    let socket = format!("--web.listen-address=unix:{}", config.path("x.sock").display());
    let flags = [
        "--web.listen-address=:0",
        "--web.listen-address=0.0.0.0:0",
        &socket,
        "--web.route-prefix=/lab",
        "--web.telemetry-path=/numbers",
    ];
    let exporter = Exporter::start(LAB, flags);
    wait_until("all addresses are logged", || exporter.addresses().len() == 4);
    let urls_of_tcp = urls(&exporter);
    // The test kit's own address is no wildcard. A Unix socket has no URL.
    let hosts: Vec<_> = urls_of_tcp.iter().map(|url| url.rsplit_once(':').unwrap().0).collect();
    assert_eq!(
        hosts.iter().filter(|host| **host == "http://localhost").count(),
        2,
        "{urls_of_tcp:?}"
    );
    assert_eq!(
        hosts.iter().filter(|host| **host == "http://127.0.0.1").count(),
        1,
        "{urls_of_tcp:?}"
    );
    for url in urls_of_tcp {
        assert!(url.ends_with("/lab/numbers"), "{url}");
        assert!(curl(&[&url]).contains("\nmy_gauge{"), "{url}");
    }
    let keys = Keys::new();
    let exporter = keys.start(TLS, &[]);
    assert_eq!(urls(&exporter), [format!("https://{}/metrics", exporter.address())]);
}

#[test]
fn systemd_hands_sockets_over() {
    // What systemd does, in Python: sockets from descriptor 3 on, and two variables.
    const SYSTEMD: &str = "import os, socket, sys\n\
        tcp = socket.create_server(('127.0.0.1', 0)); unix = socket.socket(socket.AF_UNIX)\n\
        unix.bind(sys.argv[1]); unix.listen()\n\
        os.dup2(tcp.fileno(), 13); os.dup2(unix.fileno(), 14); os.dup2(13, 3); os.dup2(14, 4)\n\
        os.environ.update(LISTEN_FDS='2', LISTEN_PID=str(os.getpid()))\n\
        os.execv(sys.argv[2], [sys.argv[2], '--web.systemd-socket'])";
    let config = Config::new("");
    let path = config.path("handed.sock");
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", SYSTEMD, path.to_str().unwrap(), LAB]);
    let exporter = Exporter::spawn(command);
    assert_eq!(exporter.get("/-/healthy").status, 200);
    let page = curl(&["--unix-socket", path.to_str().unwrap(), "http://x/-/healthy"]);
    assert!(page.ends_with("200 1.1\n"), "{page}");
    let output = run(LAB, ["--web.systemd-socket"]);
    let expected = "cannot listen on the sockets of systemd: no socket was handed over; start it from a .socket unit";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
}

#[test]
fn a_unix_socket_that_asks_for_nothing_is_warned_of() {
    let keys = Keys::new();
    let web = "tls_server_config: {client_ca_file: ca.pem, cert_file: server.pem, key_file: server.key, \
               client_auth_type: RequireAndVerifyClientCert}\n";
    let socket = keys.path("exporter.sock");
    let flag = format!("--web.listen-address=unix:{socket},mode=0600");
    let warning = "Clients show no certificates on a Unix socket";
    let exporter = keys.start(web, &[&flag]);
    assert!(exporter.log().contains(warning), "{}", exporter.log());
    assert!(curl(&["--unix-socket", &socket, "http://x/metrics"]).ends_with("200 1.1\n"));
    drop(exporter);
    let exporter = keys.start(&format!("{web}basic_auth_users: {{alice: {HASH}}}\n"), &[&flag]);
    assert!(!exporter.log().contains(warning), "{}", exporter.log());
    assert!(curl(&["--unix-socket", &socket, "http://x/metrics"]).ends_with("401 1.1\n"));
}

#[test]
fn the_limit_of_open_files_lowers_that_of_connections_so_that_everyone_gets_in() {
    let mut command = Command::new("sh");
    // Without requests they go by making room, or not before the test has ended.
    let flags = "--web.listen-address=127.0.0.1:0 --web.read-timeout=2m";
    let start = format!("ulimit -n 300; exec {LAB} {flags}");
    let exporter = Exporter::spawn({
        command.args(["-c", &start]);
        command
    });
    let told = "The limit of open files, 300, leaves room for 108 of the 1024 connections of --web.max-connections";
    assert!(exporter.log().contains(told), "{}", exporter.log());
    let idle: Vec<TcpStream> =
        (0..400).map(|_| TcpStream::connect(exporter.address()).unwrap()).collect();
    for _ in 0..10 {
        let page = curl(&[&format!("http://{}/metrics", exporter.address())]);
        assert!(page.ends_with("200 1.1\n"), "{page}");
    }
    drop(idle);
}

#[test]
fn so_few_files_that_nobody_could_be_served_are_an_error() {
    let start = format!("ulimit -n 20; exec {LAB} --web.listen-address=127.0.0.1:0");
    let output = run("sh", ["-c", &start]);
    let expected = "error: the limit of open files, 20, is too low to serve anybody; raise it";
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stderr(&output).starts_with(expected), "{output:?}");
}

#[test]
fn zero_is_no_limit() {
    let exporter = Exporter::start(LAB, ["--web.max-requests=0", "--web.max-connections=0"]);
    assert_eq!(exporter.get("/metrics").status, 200);
    assert!(!exporter.log().contains("--web.max-connections"), "{}", exporter.log());
}

#[test]
fn an_address_that_cannot_be_listened_on_says_which_can() {
    let output = run(LAB, ["--web.listen-address=vsock://:9100"]);
    let expected = "`vsock://` is not supported; write `:PORT` or `unix:PATH`";
    assert!(output.status.code() == Some(2) && stderr(&output).contains(expected), "{output:?}");
}

#[test]
fn paths_behind_a_prefix_are_listed_without_it() {
    let config =
        Config::new("web: {bearer_tokens: [t0ken], unauthenticated_paths: [/-/healthy]}\n");
    let exporter = config.start(&["--web.route-prefix=/exp"]);
    for (path, expected) in [
        ("/exp/-/healthy", 200),
        ("/exp/-/ready", 401),
        ("/-/healthy", 401),
        ("/exp/exp/-/healthy", 401),
    ] {
        assert_eq!(exporter.get(path).status, expected, "{path}");
    }
    let with_token =
        |path: &str| exporter.get_with(path, &[("authorization", "Bearer t0ken")]).body;
    assert_eq!(
        with_token("/exp/nosuch"),
        "404: nothing at /exp/nosuch; this exporter's pages are listed at /exp/\n"
    );
    assert_eq!(
        with_token("/exp/collectors/nosuch"),
        "404: no collector `nosuch` runs here; those that do are listed at /exp/\n"
    );
}

#[test]
fn what_discovery_says_is_where_the_client_found_it() {
    let config = Config::new("collectors: {kinds: {scrape: {min_interval: 15s}}}\n");
    let exporter = config.start(&[]);
    let found = exporter
        .get_with("/sd", &[("x-forwarded-host", "evil.example"), ("host", "here.example:1")]);
    assert!(
        found.body.contains("\"here.example:1\"") && !found.body.contains("evil"),
        "{}",
        found.body
    );
    // A time-out that is longer than the interval would have Prometheus refuse the target.
    for expected in ["\"__scrape_interval__\": \"15s\"", "\"__scrape_timeout__\": \"10s\""] {
        assert!(found.body.contains(expected), "{}", found.body);
    }
    let url = format!("http://{}/sd", exporter.address());
    let lost = curl(&["--http1.0", "--header", "Host:", &url]);
    assert!(
        lost.starts_with("400: the request has no Host header") && lost.ends_with("400 1\n"),
        "{lost}"
    );
}
