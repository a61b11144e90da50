//! Files as they are, and as they should not be.

use std::fs;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tempfile::TempDir;

use super::*;

/// A folder with a certificate, its key, and a file that says this.
fn folder(text: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(folder.path().join("cert.pem"), cert.pem()).unwrap();
    fs::write(folder.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
    fs::write(folder.path().join("other.pem"), "not PEM").unwrap();
    fs::write(folder.path().join("web.yml"), text).unwrap();
    folder
}

fn read(text: &str) -> Result<WebConfig, String> {
    let folder = folder(text);
    let place = format!("{}/", folder.path().display());
    let mut config = WebConfig::read(&folder.path().join("web.yml"), &mut Seen::default())
        .map_err(|problem| problem.to_string().replace(&place, ""))?;
    config.warnings.iter_mut().for_each(|warning| *warning = warning.replace(&place, ""));
    Ok(config)
}

fn warned(text: &str, expected: &[&str]) {
    assert_eq!(read(text).expect(text).warnings, expected, "{text}");
}

fn refused(text: &str, expected: &str) {
    assert_eq!(read(text).expect_err(text), expected);
}

const TLS: &str = "tls_server_config: {cert_file: cert.pem, key_file: key.pem";

#[test]
fn a_file_that_says_nothing_changes_nothing() {
    for text in [
        "",
        "{}",
        "tls_server_config:\nhttp_server_config: {}\nbasic_auth_users:\n",
        "rate_limit: {burst: 5}",
    ] {
        let config = read(text).unwrap();
        assert!(
            config.tls.is_none() && config.users.is_empty() && config.headers.is_empty(),
            "{text}"
        );
        assert!(config.rate_limit.is_none(), "{text}");
    }
    for text in ["", "{}", "# nothing\n", "~"] {
        warned(
            text,
            &["web.yml:1:1: there is nothing in it: everyone gets in, and nothing is encrypted"],
        );
    }
    warned("tls_server_config:\nhttp_server_config: {}\nbasic_auth_users:\n", &[]);
}

#[test]
fn everything_is_read() {
    let hash = bcrypt::hash("secret", 4).unwrap();
    let config = read(&format!(
        "{TLS}, client_ca_file: cert.pem, client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [a], \
         min_version: TLS13, max_version: TLS13, curve_preferences: [CurveP256, X25519], \
         cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256], prefer_server_cipher_suites: no}}\n\
         http_server_config:\n  http2: off\n  headers:\n    X-Frame-Options: deny\n    \
         Strict-Transport-Security: max-age=31536000\n\
         basic_auth_users: {{alice: {hash}}}\nrate_limit: {{interval: 1s, burst: 2}}\n"
    ))
    .unwrap();
    let tls = config.tls.unwrap();
    assert_eq!(tls.alpn_protocols, [b"http/1.1".to_vec()]);
    assert!(!tls.ignore_client_order);
    assert_eq!(tls.crypto_provider().kx_groups.len(), 2);
    assert_eq!(config.users["alice"], hash);
    assert_eq!(config.headers.len(), 2);
    assert!(config.rate_limit.is_some());
    assert_eq!(config.warnings, [""; 0]);
}

#[test]
fn certificates_stand_in_the_file_as_well() {
    let pem = folder("");
    let indented = |file: &str| {
        let text = fs::read_to_string(pem.path().join(file)).unwrap();
        text.lines().map(|line| format!("    {line}\n")).collect::<String>()
    };
    let (cert, key) = (indented("cert.pem"), indented("key.pem"));
    let text = format!("tls_server_config:\n  cert: |\n{cert}  key: |\n{key}");
    assert!(read(&text).unwrap().tls.is_some());
    // A file goes before what stands here.
    let problem = read(&format!("{text}  cert_file: other.pem\n")).unwrap_err();
    let expected =
        ":14: tls_server_config.cert_file: there is no certificate in it; expected PEM format";
    assert!(problem.ends_with(expected), "{problem}");
}

#[test]
fn what_rustls_does_not_have_is_left_out_with_a_warning_or_refused() {
    warned(
        &format!(
            "{TLS}, min_version: TLS10, curve_preferences: [CurveP521, CurveP256], \
             cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]}}\n\
             rate_limit: {{interval: 1s}}\n"
        ),
        &[
            "web.yml:1:139: tls_server_config.cipher_suites: this exporter has no TLS_RSA_WITH_AES_128_CBC_SHA",
            "web.yml:1:100: tls_server_config.curve_preferences: this exporter has no CurveP521",
            "web.yml:1:74: tls_server_config.min_version: the oldest version that this exporter has is TLS12",
            "web.yml:2:13: rate_limit.burst: missing or less than 1; it is taken for 1",
        ],
    );
    refused(
        &format!("{TLS}, max_version: TLS11}}"),
        "web.yml:1:74: tls_server_config.max_version: this exporter has TLS 1.2 and 1.3 only; write TLS12 or TLS13",
    );
    refused(
        &format!("{TLS}, max_version: TLS12, cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]}}"),
        "web.yml:1:96: tls_server_config.cipher_suites: this exporter has no \
         TLS_RSA_WITH_AES_128_CBC_SHA, and TLS 1.3 is switched off: no suite is left",
    );
    refused(
        &format!("{TLS}, curve_preferences: [CurveP521]}}"),
        "web.yml:1:80: tls_server_config.curve_preferences: none of these is left; write X25519, CurveP256 or CurveP384",
    );
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, expected) in [
        (
            "tls_server_confg: {}\n",
            "web.yml:1:1: tls_server_confg: unknown key; did you mean `tls_server_config`? (allowed: `basic_auth_users`, \
             `http_server_config`, `rate_limit`, `tls_server_config`)",
        ),
        (
            "tls_server_config: {cert_file: cert.pem}",
            "web.yml:1:20: tls_server_config: missing one of key or key_file",
        ),
        (
            "tls_server_config: {client_auth_type: NoClientCert}",
            "web.yml:1:20: tls_server_config: missing one of cert or cert_file",
        ),
        (
            "tls_server_config: {cert_file: none.pem, key_file: key.pem}",
            "web.yml:1:32: tls_server_config.cert_file: none.pem: No such file or directory (os error 2)",
        ),
        (
            "tls_server_config: {cert_file: cert.pem, key_file: other.pem}",
            "web.yml:1:52: tls_server_config.key_file: there is no private key in it; expected PEM format, not encrypted",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}",
            "web.yml:1:49: http_server_config.headers.X-Frame-Options: `allow` is not allowed; write deny or sameorigin",
        ),
        (
            "http_server_config: {headers: {X-Other: a}}",
            "web.yml:1:32: http_server_config.headers.X-Other: unknown key (allowed: `Content-Security-Policy`, \
             `Strict-Transport-Security`, `X-Content-Type-Options`, `X-Frame-Options`, `X-XSS-Protection`)",
        ),
        (
            "basic_auth_users: {alice: hunter2}",
            "web.yml:1:27: basic_auth_users.alice: expected a bcrypt hash, such as `htpasswd -nBC 10 \"\"` prints behind \
             the colon",
        ),
        (
            "basic_auth_users: {alice: [hunter2]}",
            "web.yml:1:27: basic_auth_users.alice: expected text",
        ),
        (
            "rate_limit: {interval: often}",
            "web.yml:1:24: rate_limit.interval: invalid value: string \"often\", expected a duration such as `1s`, `250ms` \
             or `1m30s`",
        ),
        (
            "http_server_config: {headers: {Content-Security-Policy: \"a\\0b\"}}",
            "web.yml:1:57: http_server_config.headers.Content-Security-Policy: a header has no control characters",
        ),
        (
            "http_server_config: {headers: {X-XSS-Protection: [0]}}",
            "web.yml:1:50: http_server_config.headers.X-XSS-Protection: invalid type: list, expected text",
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: '${FRAMES}'}}",
            "web.yml:1:49: http_server_config.headers.X-Frame-Options: `${FRAMES}` is not allowed; write deny or sameorigin; \
             variables such as `${NAME}` are not expanded",
        ),
    ] {
        refused(text, expected);
    }
}

#[test]
fn names_and_numbers_are_looked_at_whether_they_matter_or_not() {
    for (text, expected) in [
        (
            "basic_auth_users: {alice: $2b$03$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW}",
            "web.yml:1:27: basic_auth_users.alice: bcrypt has no cost 3; expected 4 to 14",
        ),
        (
            "basic_auth_users: {alice: $2b$32$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW}",
            "web.yml:1:27: basic_auth_users.alice: bcrypt has no cost 32; expected 4 to 14",
        ),
        (
            "tls_server_config: {min_version: TLS14}",
            "web.yml:1:34: tls_server_config.min_version: unknown TLS version `TLS14`; there are TLS10, TLS11, TLS12, TLS13",
        ),
        (
            "tls_server_config: {curve_preferences: [P256]}",
            "web.yml:1:40: tls_server_config.curve_preferences: unknown curve `P256`; there are X25519, CurveP256 and CurveP384",
        ),
    ] {
        refused(text, expected);
    }
    for (keys, expected) in [
        (
            "client_auth_type: Maybe",
            "client_auth_type: invalid ClientAuth `Maybe`; there are NoClientCert, RequestClientCert, \
             RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert",
        ),
        (
            "client_ca_file: cert.pem",
            "client_ca_file: no certificate is asked for; write a client_auth_type that does",
        ),
        (
            "min_version: SSL3",
            "min_version: unknown TLS version `SSL3`; there are TLS10, TLS11, TLS12, TLS13",
        ),
        (
            "min_version: TLS13, max_version: TLS12",
            "min_version: newer than max_version, so there is no version left",
        ),
        (
            "curve_preferences: [P256]",
            "curve_preferences: unknown curve `P256`; there are X25519, CurveP256 and CurveP384",
        ),
    ] {
        let error = read(&format!("{TLS}, {keys}}}")).expect_err(keys);
        assert_eq!(error.split_once("tls_server_config.").unwrap().1, expected);
    }
    let error = read(&format!("{TLS}, cipher_suites: [AES]}}")).unwrap_err();
    assert!(
        error.contains("unknown cipher suite `AES`; there are TLS_AES_256_GCM_SHA384, "),
        "{error}"
    );
}

#[test]
fn a_key_that_belongs_to_another_certificate_is_refused() {
    let other = folder("");
    let here = folder(&format!("{TLS}}}"));
    fs::copy(other.path().join("key.pem"), here.path().join("key.pem")).unwrap();
    let file = here.path().join("web.yml");
    let problem = WebConfig::read(&file, &mut Seen::default()).unwrap_err().to_string();
    assert!(problem.contains("tls_server_config: certificate and key: "), "{problem}");
}

#[test]
fn what_was_hardly_meant_is_told() {
    warned(
        "tls_server_config: {min_version: TLS13}",
        &[
            "web.yml:1:20: tls_server_config: no certificate is named, so nothing is encrypted; write cert_file and key_file, \
           or leave it out",
        ],
    );
    let hash =
        |cost: &str| format!("$2y${cost}$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW");
    warned(
        &format!("basic_auth_users: {{alice: {}, bob: {}}}", hash("15"), hash("10")),
        &[
            "web.yml:1:27: basic_auth_users.alice: a hash of cost 15 takes very long to check, and logins wait for each other; \
             write one of cost 10 to 14",
            "web.yml:1:19: basic_auth_users: the hashes have different costs (10, 15), so the time that a login takes tells \
             which users there are; give all the same",
        ],
    );
    warned(&format!("basic_auth_users: {{alice: {0}, bob: {0}}}", hash("14")), &[]);
    let names = |kind: &str| {
        format!(
            "{TLS}, client_ca_file: cert.pem, client_allowed_sans: [a], client_auth_type: {kind}}}"
        )
    };
    let mandatory = |kind: &str| read(&names(kind)).unwrap().clients.mandatory;
    warned(&names("RequireAndVerifyClientCert"), &[]);
    assert!(mandatory("VerifyClientCertIfGiven"), "who shows none has none of the names");
    warned(
        &names("VerifyClientCertIfGiven"),
        &[
            "web.yml:1:108: tls_server_config.client_allowed_sans: a client without a certificate has none of these names and \
           is refused, whatever VerifyClientCertIfGiven says; write RequireAndVerifyClientCert to say the same",
        ],
    );
    let unverified = "web.yml:1:108: tls_server_config.client_allowed_sans: RequireAnyClientCert does not look at who signed a \
                      certificate, so anyone can write these names into one; write RequireAndVerifyClientCert";
    warned(&names("RequireAnyClientCert"), &[unverified]);
}

#[test]
fn plain_scalars_are_text_where_text_is_expected() {
    let hash = bcrypt::hash("secret", 4).unwrap();
    let config = read(&format!(
        "common: &common {{X-XSS-Protection: 0}}\nbasic_auth_users: {{007: {hash}, null: {hash}, 1.10: {hash}}}\n"
    ));
    assert!(config.unwrap_err().contains("common: unknown key"));
    let config = read(&format!(
        "http_server_config:\n  headers: {{X-XSS-Protection: 0, Strict-Transport-Security: 1.10, Content-Security-Policy: null}}\n\
         basic_auth_users: {{007: {hash}, ~: {hash}, 1.10: {hash}}}\n"
    ))
    .unwrap();
    let headers: Vec<(&str, &[u8])> =
        config.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let expected: [(&str, &[u8]); 2] =
        [("x-xss-protection", b"0"), ("strict-transport-security", b"1.10")];
    assert_eq!(headers, expected, "null is no header, as in Go");
    assert!(config.users.keys().eq(["007", "1.10", "~"]));
}

#[test]
fn what_go_starts_with_is_used() {
    for (text, interval) in [
        ("rate_limit: {interval: 48h, burst: 1_000}", true),
        ("rate_limit: {interval: 200000h, burst: 9223372036854775807}", true),
        ("rate_limit: {interval: 1e9, burst: 5.0}", true),
        ("rate_limit: {interval: 1_000_000, burst: 0b11}", true),
        ("rate_limit: {interval: .5s, burst: -1}", true),
        ("rate_limit: {interval: -1s}", false),
    ] {
        let config = read(text).expect(text);
        assert_eq!(config.rate_limit.is_some_and(|limit| limit.admits()), interval, "{text}");
    }
    let text = "http_server_config:\n  headers:\n    Content-Security-Policy: |\n      default-src 'self';\n      img-src ü\n";
    let config = read(text).unwrap();
    assert_eq!(config.headers[0].1.as_bytes(), "default-src 'self'; img-src ü".as_bytes());
    warned(
        &format!("basic_auth_users: {{'a:b': {}}}", bcrypt::hash("secret", 4).unwrap()),
        &[
            "web.yml:1:19: basic_auth_users: a name with a colon, at which it ends when it is sent: this user never gets in",
        ],
    );
    warned(
        &format!("{TLS}, client_allowed_sans: [a]}}"),
        &[
            "web.yml:1:82: tls_server_config.client_allowed_sans: no certificate is asked for, so no name is looked at and \
           everyone gets in; write RequireAndVerifyClientCert in client_auth_type",
        ],
    );
    warned(
        &format!("{TLS}, client_ca_file: other.pem, client_auth_type: RequireClientCert}}"),
        &[
            "web.yml:1:77: tls_server_config.client_ca_file: there is no certificate in it; expected PEM format",
        ],
    );
    warned(
        &format!("{TLS}, client_ca_file: other.pem, client_auth_type: VerifyClientCertIfGiven}}"),
        &[
            "web.yml:1:77: tls_server_config.client_ca_file: there is no certificate in it, so every client certificate is \
           refused; expected PEM format",
        ],
    );
}

#[test]
fn what_surrounds_certificates_and_keys_is_skipped() {
    let folder = folder(&format!("{TLS}}}"));
    for name in ["cert.pem", "key.pem"] {
        let file = folder.path().join(name);
        let pem = fs::read_to_string(&file).unwrap();
        let broken = "-----BEGIN EC PARAMETERS-----\n%%\n-----END EC PARAMETERS-----\n";
        fs::write(&file, format!("Bag Attributes\n{broken}{pem}")).unwrap();
    }
    let config = WebConfig::read(&folder.path().join("web.yml"), &mut Seen::default()).unwrap();
    assert!(config.tls.is_some());
}

#[test]
fn certificates_are_verified_by_those_of_the_system_where_no_other_is_named() {
    for kind in ["VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] {
        let config = read(&format!("{TLS}, client_auth_type: {kind}}}")).unwrap();
        let [warning] = config.warnings.as_slice() else { panic!("{:?}", config.warnings) };
        let expected = format!(
            "web.yml:1:79: tls_server_config.client_auth_type: {kind} verifies client certificates, and neither client_ca nor \
             client_ca_file names the authorities: "
        );
        assert!(warning.starts_with(&expected), "{warning}");
        assert_eq!(config.clients.mandatory, kind.starts_with("Require"));
    }
}

#[test]
fn what_protects_is_not_taken_away_while_it_runs() {
    let user =
        "basic_auth_users: {alice: $2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW}\n";
    let tls = format!("{TLS}}}\n");
    let clients = |keys: &str| format!("{TLS}, client_ca_file: cert.pem, {keys}}}\n");
    let verified = clients("client_auth_type: RequireAndVerifyClientCert");
    let optional = clients("client_auth_type: VerifyClientCertIfGiven");
    let any = clients("client_auth_type: RequireAnyClientCert");
    let system = format!("{TLS}, client_auth_type: RequireAndVerifyClientCert}}\n");
    let named = clients("client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [a]");
    let refusal = |before: &str, after: &str| {
        let [before, after] = [before, after].map(|text| read(text).unwrap());
        after.may_follow(&before, Path::new("web.yml")).err().map(|problem| problem.to_string())
    };
    let both = format!("{tls}{user}");
    for (before, after, expected) in [
        (user, "", ": there is nothing in it"),
        ("rate_limit: {interval: 1s}", "# cut off", ": there is nothing in it"),
        (
            &both,
            user,
            ": tls_server_config: no certificate is named any more, so nothing would be encrypted",
        ),
        (&both, &tls, ": basic_auth_users: no user is left, so no password would be asked for"),
        (&verified, &tls, ": tls_server_config: less would be asked of clients than before"),
        (&verified, &optional, ": tls_server_config: less would be asked of clients than before"),
        (&verified, &any, ": tls_server_config: less would be asked of clients than before"),
        (&verified, &system, ": tls_server_config: less would be asked of clients than before"),
        (&system, &any, ": tls_server_config: less would be asked of clients than before"),
        (&named, &verified, ": tls_server_config: less would be asked of clients than before"),
    ] {
        let expected = format!("web.yml{expected}; if that is meant, start the exporter again");
        assert_eq!(refusal(before, after), Some(expected), "{before} {after}");
    }
    for (before, after) in [
        ("", "{}"),
        ("", &both),
        (user, &both),
        (&both, &both),
        (&optional, &verified),
        (&system, &verified),
        (&verified, &named),
    ] {
        assert_eq!(refusal(before, after), None, "{before} {after}");
    }
}

#[test]
fn files_that_could_not_be_read_are_seen_as_well_and_as_they_were_before() {
    let folder = folder("tls_server_config: {cert_file: cert.pem, key_file: later.pem}");
    let mut seen = Seen::default();
    WebConfig::read(&folder.path().join("web.yml"), &mut seen).unwrap_err();
    assert_eq!(seen.now(), seen);
    fs::write(folder.path().join("later.pem"), "").unwrap();
    assert_ne!(seen.now(), seen);
}
