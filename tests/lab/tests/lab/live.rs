//! The web configuration changes while the exporter runs: at once, and never so that a mistake lets somebody in.

use std::fs;

use exporter_testkit::wait_until;
use rustix::process::Signal;

use crate::Config;
use crate::web::{HASH, Keys, TLS, curl};

#[test]
fn users_headers_and_certificates_change_while_it_runs() {
    let keys = Keys::new();
    let exporter = keys.start(TLS, &[]);
    let ends = |page: &str, code: &str| page.ends_with(&format!("{code} 2\n"));
    assert!(ends(&keys.curl(&exporter, &[]), "200"));
    keys.write("web.yml", &format!("{TLS}basic_auth_users: {{alice: {HASH}}}\n"));
    wait_until("a password is asked for", || ends(&keys.curl(&exporter, &[]), "401"));
    let alice = ["--user", "alice:secret"];
    assert!(ends(&keys.curl(&exporter, &alice), "200"));
    // A broken file changes nothing.
    keys.write("web.yml", "tls_server_config: {cert_file: gone.pem}\n");
    wait_until("the mistake is told", || exporter.log().contains("gone.pem: No such file"));
    let page = keys.curl(&exporter, &alice);
    assert!(page.contains("\nexporter_web_config_last_reload_successful 0\n"), "{page}");
    assert!(ends(&keys.curl(&exporter, &[]), "401"));
    let headers = "http_server_config: {headers: {X-Frame-Options: deny}}\n";
    keys.write("web.yml", &format!("{TLS}{headers}basic_auth_users: {{bob: {HASH}}}\n"));
    let bob = ["--user", "bob:secret", "--include"];
    wait_until("it has another user and a header", || {
        keys.curl(&exporter, &bob).to_lowercase().contains("\nx-frame-options: deny\r\n")
    });
    assert!(ends(&keys.curl(&exporter, &alice), "401"));
    // Another authority has signed it by now.
    let renewed = Keys::new();
    for file in ["server.pem", "server.key"] {
        keys.write(file, &fs::read_to_string(renewed.path(file)).unwrap());
    }
    wait_until("it has another certificate", || ends(&renewed.curl(&exporter, &bob), "200"));
    assert!(!ends(&keys.curl(&exporter, &bob), "200"));
}

#[test]
fn a_file_that_was_emptied_or_cut_off_opens_nothing() {
    let keys = Keys::new();
    let web = format!("{TLS}basic_auth_users: {{alice: {HASH}}}\n");
    let exporter = keys.start(&web, &[]);
    for (left, told) in [
        ("", "web.yml: there is nothing in it; if that is meant, start the exporter again"),
        ("# users follow\n", "web.yml: there is nothing in it; if that is meant"),
        (
            TLS,
            "web.yml: basic_auth_users: no user is left, so no password would be asked for; if that is meant",
        ),
        (
            &web[TLS.len()..],
            "web.yml: tls_server_config: no certificate is named any more, so nothing would be encrypted",
        ),
    ] {
        let before = exporter.log().matches(told).count();
        fs::write(keys.path("web.yml"), left).unwrap();
        wait_until("it is told", || exporter.log().matches(told).count() > before);
        assert!(keys.curl(&exporter, &[]).ends_with("401 2\n"), "{left}");
        assert!(curl(&[&format!("http://{}/metrics", exporter.address())]).ends_with("400 1.1\n"));
        let page = keys.curl(&exporter, &["--user", "alice:secret"]);
        assert!(page.contains("\nexporter_web_config_last_reload_successful 0\n"), "{page}");
    }
    fs::write(keys.path("web.yml"), &web).unwrap();
    wait_until("it can be used again", || {
        let page = keys.curl(&exporter, &["--user", "alice:secret"]);
        page.contains("\nexporter_web_config_last_reload_successful 1\n")
    });
}

#[test]
fn a_reload_takes_the_last_token_away_only_where_passwords_are_asked_for() {
    let config = Config::new("web: {bearer_tokens: [t0ken]}\n");
    fs::write(config.path("web.yml"), "").unwrap();
    let web = format!("--web.config.file={}", config.path("web.yml").display());
    let exporter = config.start(&[&web]);
    let reload = |told: &str| {
        let before = exporter.log().matches(told).count();
        exporter.signal(Signal::HUP);
        wait_until(told, || exporter.log().matches(told).count() > before);
    };
    config.write("scrape: {timeout: 5s}\n");
    reload("web.bearer_tokens: no token is left, so everybody would get in");
    assert_eq!(exporter.get("/metrics").status, 401);
    config.write("web: {bearer_tokens: [an0ther]}\n");
    reload("Reloaded the configuration");
    let token = |token: &str| {
        exporter.get_with("/metrics", &[("Authorization", &format!("Bearer {token}"))]).status
    };
    assert_eq!([token("an0ther"), token("t0ken")], [200, 401]);
    fs::write(config.path("web.yml"), format!("basic_auth_users: {{alice: {HASH}}}\n")).unwrap();
    wait_until("there are users", || exporter.log().contains("Read the web configuration again"));
    config.write("scrape: {timeout: 5s}\n");
    reload("Reloaded the configuration");
    assert_eq!([token("an0ther"), exporter.get("/metrics").status], [401, 401]);
}

#[test]
fn a_certificate_that_comes_after_the_file_that_names_it_is_used() {
    let keys = Keys::new();
    let exporter = keys.start(TLS, &[]);
    keys.write("web.yml", "tls_server_config: {cert_file: later.pem, key_file: later.key}\n");
    wait_until("it is missed", || exporter.log().contains("later.pem: No such file"));
    let renewed = Keys::new();
    for (from, to) in [("server.pem", "later.pem"), ("server.key", "later.key")] {
        keys.write(to, &fs::read_to_string(renewed.path(from)).unwrap());
    }
    wait_until("it is used", || renewed.curl(&exporter, &[]).ends_with("200 2\n"));
}
