//! Certificates of clients that signed them themselves.

use std::process::Command;

use exporter_testkit::Exporter;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use crate::web::Keys;

/// Makes a certificate as everyone does who has no authority.
fn sign_oneself(keys: &Keys, name: &str) {
    let (certificate, key) = (keys.path(&format!("{name}.pem")), keys.path(&format!("{name}.key")));
    let output = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=client", "-out", &certificate, "-keyout", &key])
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn gets_in(keys: &Keys, exporter: &Exporter, client: &str) -> bool {
    let (certificate, key) =
        (keys.path(&format!("{client}.pem")), keys.path(&format!("{client}.key")));
    keys.curl(exporter, &["--cert", &certificate, "--key", &key]).ends_with("200 2\n")
}

fn asking_for(keys: &Keys, pinned: &str, more: &str) -> Exporter {
    let web = format!(
        "tls_server_config: {{client_ca_file: {pinned}.pem, cert_file: server.pem, key_file: server.key, {more}}}\n"
    );
    keys.start(&web, &[])
}

#[test]
fn a_certificate_that_is_its_own_authority_gets_in_while_it_is_valid() {
    let keys = Keys::new();
    sign_oneself(&keys, "pinned");
    sign_oneself(&keys, "other");
    let exporter = asking_for(&keys, "pinned", "client_auth_type: RequireAndVerifyClientCert");
    assert!(gets_in(&keys, &exporter, "pinned"));
    assert!(!gets_in(&keys, &exporter, "other"), "it has the same name, and that is all");
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    let key = KeyPair::generate().unwrap();
    keys.write("old.pem", &params.self_signed(&key).unwrap().pem());
    keys.write("old.key", &key.serialize_pem());
    let exporter = asking_for(&keys, "old", "client_auth_type: RequireAndVerifyClientCert");
    assert!(!gets_in(&keys, &exporter, "old"));
}

#[test]
fn who_shows_no_certificate_has_none_of_the_allowed_names() {
    let keys = Keys::new();
    let names =
        "client_auth_type: VerifyClientCertIfGiven, client_allowed_sans: [prometheus.example]";
    let exporter = asking_for(&keys, "ca", names);
    assert!(gets_in(&keys, &exporter, "client"));
    let page = keys.curl(&exporter, &[]);
    assert!(!page.contains("my_gauge"), "{page}");
    assert!(exporter.log().contains("is refused, whatever VerifyClientCertIfGiven says"));
}
