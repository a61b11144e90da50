//! Who gets in: TLS, users, tokens, headers and rate limits, with the clients that people use.

use std::fs;
use std::process::{Command, Output, Stdio};

use exporter_testkit::{Exporter, Prometheus, run, wait_until};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};

use crate::{Config, LAB, stderr};

/// The hash of `secret`, cost 4.
pub(crate) const HASH: &str = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

/// A folder with an authority, a certificate for the exporter and one for a client.
pub(crate) struct Keys(Config);

impl Keys {
    pub(crate) fn new() -> Self {
        let keys = Self(Config::new(""));
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        keys.write("ca.pem", &authority.pem());
        let address = SanType::IpAddress([127, 0, 0, 1].into());
        let client = SanType::DnsName("prometheus.example".try_into().unwrap());
        for (name, san) in [("server", address), ("client", client)] {
            let mut params = CertificateParams::new(Vec::new()).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.subject_alt_names.push(san);
            let key = KeyPair::generate().unwrap();
            let certificate = params.signed_by(&key, &authority).unwrap();
            keys.write(&format!("{name}.pem"), &certificate.pem());
            keys.write(&format!("{name}.key"), &key.serialize_pem());
        }
        keys
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path(name).display().to_string()
    }

    /// Puts a new file in the place of another at once, as whoever renews certificates does.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path("new"), text).unwrap();
        fs::rename(self.path("new"), self.path(name)).unwrap();
    }

    pub(crate) fn start(&self, web: &str, flags: &[&str]) -> Exporter {
        self.write("web.yml", web);
        let file = format!("--web.config.file={}", self.path("web.yml"));
        Exporter::start(LAB, [&[file.as_str()], flags].concat())
    }

    /// What curl prints of a page, in front of it the status code.
    pub(crate) fn curl(&self, exporter: &Exporter, args: &[&str]) -> String {
        let url = format!("https://{}/metrics", exporter.address());
        let authority = self.path("ca.pem");
        curl(&[&["--cacert", &authority, &url], args].concat())
    }
}

pub(crate) fn curl(args: &[&str]) -> String {
    let output = Command::new("curl")
        .args([
            "--silent",
            "--show-error",
            "--max-time",
            "20",
            "--write-out",
            "%{http_code} %{http_version}\n",
        ])
        .args(args)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap() + &stderr(&Output { stdout: Vec::new(), ..output })
}

pub(crate) const TLS: &str = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n";

#[test]
fn pages_are_encrypted_for_curl_openssl_and_prometheus() {
    let keys = Keys::new();
    let exporter = keys.start(TLS, &[]);
    let page = keys.curl(&exporter, &[]);
    assert!(page.contains("\nmy_gauge{") && page.ends_with("200 2\n"), "{page}");
    let page = keys.curl(&exporter, &["--http1.1"]);
    assert!(page.contains("\nmy_gauge{") && page.ends_with("200 1.1\n"), "{page}");
    assert!(curl(&[&format!("https://{}/metrics", exporter.address())]).contains("certificate"));
    let plain = curl(&[&format!("http://{}/metrics", exporter.address())]);
    assert_eq!(plain, "400: this port speaks HTTPS; write https:// in place of http://\n400 1.1\n");
    for (flag, expected) in
        [("-tls1_3", "TLSv1.3"), ("-tls1_2", "TLSv1.2"), ("-tls1_1", "alert handshake failure")]
    {
        let said = openssl(&exporter, &[flag, "-brief"]);
        assert!(said.contains(expected), "{flag}: {said}");
    }
    let prometheus = Prometheus::scraping_with(
        exporter.address(),
        &format!("scheme: https\n  tls_config: {{ca_file: {}}}", keys.path("ca.pem")),
    );
    assert_eq!(prometheus.query("up")[0]["value"][1], "1");
}

/// What openssl says of a connection.
fn openssl(exporter: &Exporter, args: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(["s_client", "-connect", exporter.address()])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat()
}

#[test]
fn http2_can_be_switched_off_and_versions_chosen() {
    let keys = Keys::new();
    let web = "tls_server_config: {cert_file: server.pem, key_file: server.key, min_version: TLS13}\n\
               http_server_config: {http2: false}\n";
    let exporter = keys.start(web, &[]);
    assert!(keys.curl(&exporter, &[]).ends_with("200 1.1\n"));
    assert!(openssl(&exporter, &["-tls1_2", "-brief"]).contains("alert"));
}

#[test]
fn clients_show_certificates_as_they_are_asked_for() {
    let keys = Keys::new();
    let stranger = Keys::new();
    let own = [keys.path("client.pem"), keys.path("client.key")];
    let other = [stranger.path("client.pem"), stranger.path("client.key")];
    let with = |[certificate, key]: &[String; 2]| {
        ["--cert", certificate, "--key", key].map(str::to_owned).to_vec()
    };
    let clients = [Vec::new(), with(&own), with(&other)];
    for (kind, expected) in [
        ("NoClientCert", [true, true, true]),
        ("RequestClientCert", [true, true, true]),
        ("RequireAnyClientCert", [false, true, true]),
        ("VerifyClientCertIfGiven", [true, true, false]),
        ("RequireAndVerifyClientCert", [false, true, false]),
    ] {
        let authority = if kind == "NoClientCert" { "" } else { "client_ca_file: ca.pem, " };
        let exporter = keys.start(
            &format!("tls_server_config: {{{authority}cert_file: server.pem, key_file: server.key, client_auth_type: {kind}}}"),
            &[],
        );
        for (client, expected) in clients.iter().zip(expected) {
            let args: Vec<&str> = client.iter().map(String::as_str).collect();
            let page = keys.curl(&exporter, &args);
            assert_eq!(page.contains("\nmy_gauge{"), expected, "{kind} {client:?}: {page}");
        }
    }
    let named = |san: &str| {
        let web = format!(
            "tls_server_config: {{client_ca_file: ca.pem, cert_file: server.pem, key_file: server.key, \
             client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [x, {san}]}}"
        );
        let exporter = keys.start(&web, &[]);
        let args = with(&own);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        keys.curl(&exporter, &args).contains("\nmy_gauge{")
    };
    assert!(named("prometheus.example"));
    assert!(!named("example"));
}

#[test]
fn the_authorities_of_the_system_verify_where_no_other_is_named() {
    let keys = Keys::new();
    let stranger = Keys::new();
    keys.write(
        "web.yml",
        "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n  \
         client_auth_type: VerifyClientCertIfGiven\n",
    );
    let file = format!("--web.config.file={}", keys.path("web.yml"));
    let none = keys.path("none.pem");
    keys.write("none.pem", "");
    let own = [keys.path("client.pem"), keys.path("client.key")];
    let other = [stranger.path("client.pem"), stranger.path("client.key")];
    for (system, count, expected) in [
        (keys.path("ca.pem"), "(1)", [true, true, false]),
        (none, "no authority", [true, false, false]),
    ] {
        let mut command = Command::new(LAB);
        command.args(["--web.listen-address=127.0.0.1:0", &file]);
        command.env("SSL_CERT_FILE", system).env_remove("SSL_CERT_DIR");
        let exporter = Exporter::spawn(command);
        let warning =
            format!("{}:4:21: tls_server_config.client_auth_type: ", keys.path("web.yml"));
        wait_until("the warning", || exporter.log().contains(&warning));
        assert!(exporter.log().contains(count), "{}", exporter.log());
        let shown = [[].as_slice(), &own, &other];
        for (client, expected) in shown.into_iter().zip(expected) {
            let args = match client {
                [certificate, key] => vec!["--cert", certificate, "--key", key],
                _ => Vec::new(),
            };
            let page = keys.curl(&exporter, &args);
            assert_eq!(page.contains("\nmy_gauge{"), expected, "{client:?}: {page}");
        }
    }
}

#[test]
fn prometheus_scrapes_with_a_certificate_and_a_password() {
    let keys = Keys::new();
    let web = format!(
        "tls_server_config: {{client_ca_file: ca.pem, cert_file: server.pem, key_file: server.key, \
         client_auth_type: RequireAndVerifyClientCert}}\nbasic_auth_users: {{alice: {HASH}}}\n"
    );
    let exporter = keys.start(&web, &[]);
    let files = ["ca.pem", "client.pem", "client.key"].map(|name| keys.path(name));
    let job = |password: &str| {
        let [ca, cert, key] = &files;
        format!(
            "scheme: https\n  tls_config: {{ca_file: {ca}, cert_file: {cert}, key_file: {key}}}\n  \
             basic_auth: {{username: alice, password: {password}}}"
        )
    };
    let prometheus = Prometheus::scraping_with(exporter.address(), &job("secret"));
    assert_eq!(prometheus.query("up")[0]["value"][1], "1");
    let refused = Prometheus::scraping_with(exporter.address(), &job("guess"));
    assert_eq!(refused.query("up")[0]["value"][1], "0");
}

#[test]
fn every_page_asks_for_a_password_or_a_token() {
    let web = Config::new("");
    fs::write(web.path("web.yml"), format!("basic_auth_users: {{alice: {HASH}}}\n")).unwrap();
    fs::write(web.path("token"), "t0ken\n").unwrap();
    web.write("web: {bearer_tokens: [{file: token}], unauthenticated_paths: [/-/healthy]}\n");
    let exporter = web.start(&[&format!("--web.config.file={}", web.path("web.yml").display())]);
    for path in [
        "/metrics",
        "/metrics/bulk",
        "/",
        "/-/ready",
        "/-/reload",
        "/nosuch",
        "/-/healthy/",
        "//-/healthy",
    ] {
        let answer = exporter.get(path);
        assert_eq!((answer.status, answer.body.as_str()), (401, "401: Unauthorized\n"), "{path}");
        let asked: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "www-authenticate")
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(asked, ["Basic", "Bearer"]);
    }
    assert_eq!(exporter.get("/-/healthy").status, 200);
    let url = format!("http://{}/metrics", exporter.address());
    for (args, expected) in [
        (&["--user", "alice:secret"][..], "200"),
        (&["--user", "alice:guess"], "401"),
        (&["--user", "bob:secret"], "401"),
        (&["--oauth2-bearer", "t0ken"], "200"),
        (&["--oauth2-bearer", "guess"], "401"),
    ] {
        let page = curl(&[args, &[&url]].concat());
        assert!(page.ends_with(&format!("{expected} 1.1\n")), "{args:?}: {page}");
    }
    let page = curl(&["--user", "alice:secret", &url]);
    assert!(page.contains("\nexporter_http_refused_total{reason=\"unauthenticated\"} 1"), "{page}");
    for secret in ["t0ken", HASH, "secret"] {
        assert!(!exporter.log().contains(secret));
    }
}

#[test]
fn a_rate_limit_spares_health_checks() {
    let keys = Keys::new();
    let exporter = keys.start("rate_limit: {interval: 1h, burst: 3}\n", &[]);
    let statuses: Vec<u16> = (0..5).map(|_| exporter.get("/metrics").status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let refused = exporter.get("/metrics");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(
        refused.body,
        "429: more requests than rate_limit in the web configuration allows\n"
    );
    assert_eq!([exporter.get("/-/healthy").status, exporter.get("/-/ready").status], [200, 200]);
}

#[test]
fn the_web_configuration_is_checked() {
    let keys = Keys::new();
    let file = keys.path("web.yml");
    let check = |text: &str| {
        keys.write("web.yml", text);
        let output = run(LAB, ["check", "web-config", &file]);
        let said = String::from_utf8(output.stdout.clone()).unwrap() + &stderr(&output);
        (output.status.code().unwrap(), said.replace(&file, "FILE"))
    };
    assert_eq!(check(TLS), (0, "FILE can be used. Connections speak HTTPS\n".to_owned()));
    let (code, said) = check("rate_limit: {interval: 1s}\n");
    assert_eq!(code, 0);
    assert!(
        said.ends_with(
            "warning: FILE:1:13: rate_limit.burst: missing or less than 1; it is taken for 1\n"
        ),
        "{said}"
    );
    assert_eq!(
        check("tls_server_config: {min_version: TLS13}\n"),
        (
            0,
            "FILE can be used. Connections speak HTTP\nwarning: FILE:1:20: tls_server_config: no certificate is named, so \
             nothing is encrypted; write cert_file and key_file, or leave it out\n"
                .to_owned()
        )
    );
    let (code, said) = check("tls_config: {}\n");
    assert_eq!(code, 1);
    assert!(said.starts_with("error: FILE:1:1: tls_config: unknown key"), "{said}");
    // Neither does the exporter start with it.
    let output = run(LAB, [format!("--web.config.file={file}")]);
    assert_eq!(
        (output.status.code(), stderr(&output).contains("tls_config: unknown key")),
        (Some(1), true)
    );
}

#[test]
fn no_secret_of_the_web_side_is_in_any_output() {
    const CANARY: &str = "c4n4ry";
    let keys = Keys::new();
    keys.write("token", CANARY);
    keys.write("exporter.yml", "web: {bearer_tokens: [{file: token}, plain-c4n4ry]}\n");
    let key = fs::read_to_string(keys.path("server.key")).unwrap();
    let secret_lines: Vec<&str> = key.lines().filter(|line| !line.starts_with('-')).collect();
    let file = format!("--config.file={}", keys.path("exporter.yml"));
    let web = format!("{TLS}basic_auth_users: {{alice: {HASH}}}\n");
    let exporter = keys
        .start(&web, &[&file, "--web.enable-debug", "--web.enable-lifecycle", "--log.level=debug"]);
    let mut seen = String::new();
    let url = |path: &str| format!("https://{}{path}", exporter.address());
    let authority = keys.path("ca.pem");
    let token = format!("Authorization: Bearer {CANARY}");
    for path in ["/", "/config", "/sd", "/metrics", "/collectors/bulk", "/nosuch", "/-/reload"] {
        seen += &curl(&["--cacert", &authority, "--header", &token, &url(path)]);
        seen += &curl(&["--cacert", &authority, "--user", "alice:secret", &url(path)]);
        seen += &curl(&[
            "--cacert",
            &authority,
            "--user",
            "alice:c4n4ry",
            "--request",
            "POST",
            &url(path),
        ]);
    }
    // Mistakes where a secret stands.
    let inline = key.replace('\n', "\n    ").replace("PRIVATE", "PUBLIC");
    for broken in [
        format!("tls_server_config:\n  cert_file: server.pem\n  key: |\n    {inline}\n"),
        format!("basic_auth_users: {{alice: {CANARY}}}\n"),
        format!("basic_auth_users: {{alice: [{CANARY}]}}\n"),
        format!("basic_auth_users: {{alice: {{{CANARY}: {CANARY}}}}}\n"),
        format!("basic_auth_users: {{'a:{HASH}': {HASH}}}\n"),
        format!("tls_server_config: {{key: [{CANARY}]}}\n"),
    ] {
        keys.write("broken.yml", &broken);
        seen += &stderr(&run(LAB, ["check", "web-config", &keys.path("broken.yml")]));
        keys.write("web.yml", &broken);
    }
    for broken in [
        "web: {bearer_tokens: [{file: token}, 'with blank c4n4ry']}\n",
        "web: {bearer_tokens: [[c4n4ry]]}\n",
        "web: {bearer_tokens: c4n4ry}\n",
    ] {
        keys.write("exporter.yml", broken);
        seen += &curl(&[
            "--cacert",
            &authority,
            "--header",
            &token,
            "--request",
            "POST",
            &url("/-/reload"),
        ]);
    }
    wait_until("the mistake was read", || {
        exporter.log().contains("The web configuration cannot be used")
    });
    seen += &exporter.log();
    let shown = run(LAB, ["config", &file]);
    seen += &String::from_utf8_lossy(&shown.stdout);
    seen += &stderr(&shown);
    assert!(seen.contains("expected a bcrypt hash") && seen.contains("my_gauge"), "{seen}");
    for secret in [CANARY, "ryRhXzNpZ0", &HASH[10..]].iter().chain(&secret_lines) {
        let at = seen.find(secret).map(|at| &seen[at.saturating_sub(200)..]);
        assert_eq!(at, None, "{secret}");
    }
}
