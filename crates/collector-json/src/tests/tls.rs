//! Servers that speak TLS.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use exporter_testkit::Tree;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::server::{Proxy, start_tls};
use super::*;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn certify(&self, name: &str) -> (Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        roots
    }

    /// A server whose certificate has this name; it lets in who has a certificate of `clients`.
    fn server(&self, name: &str, clients: Option<&Self>) -> Server {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(clients) => {
                let roots = Arc::new(clients.roots());
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let (certificate, key) = self.certify(name);
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = builder.with_single_cert(vec![certificate.der().clone()], key).unwrap();
        start_tls(config, |_| Answer::json("8"))
    }

    /// A folder with the certificate of the authority.
    fn tree(&self) -> Tree {
        let tree = Tree::new();
        tree.write("ca.pem", self.0.pem());
        tree
    }
}

fn of(server: &Server, tls: &str) -> Probe {
    probe(&format!("https://localhost:{}/", server.port()), &format!("tls: {{{tls}}}\n{WHOLE}"))
}

fn ca(tree: &Tree) -> String {
    format!("ca: {{file: {}}}", tree.path("ca.pem").display())
}

#[test]
fn a_server_is_trusted_whose_authority_is() {
    let authority = Authority::new();
    let (server, tree) = (authority.server("localhost", None), authority.tree());
    assert_eq!(of(&server, &ca(&tree)).start().scrape().gauge("m", &[]), 8.0);
    let found = of(&server, &ca(&Authority::new().tree())).start().failure();
    assert!(found.starts_with(&format!("https://localhost:{}/: ", server.port())), "{found}");
    assert!(found.contains("UnknownIssuer") || found.contains("BadSignature"), "{found}");
    let found = of(&server, "").start().failure();
    assert!(
        found.contains("UnknownIssuer") || found.contains("no authorities to trust"),
        "{found}"
    );
    assert_eq!(of(&server, "insecure_skip_verify: true").start().scrape().gauge("m", &[]), 8.0);
}

#[test]
fn the_name_in_the_certificate_counts() {
    let authority = Authority::new();
    let (server, tree) = (authority.server("shop.example", None), authority.tree());
    let found = of(&server, &ca(&tree)).start().failure();
    assert!(found.contains("certificate not valid for name \"localhost\""), "{found}");
    let named = format!("{}, server_name: shop.example", ca(&tree));
    assert_eq!(of(&server, &named).start().scrape().gauge("m", &[]), 8.0);
}

#[test]
fn a_client_certificate_lets_us_in() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let (server, tree) = (authority.server("localhost", Some(&clients)), authority.tree());
    let found = of(&server, &ca(&tree)).start().failure();
    assert!(found.contains("CertificateRequired"), "{found}");
    let (certificate, key) = clients.certify("exporter");
    tree.write("cert.pem", certificate.pem());
    tree.write("key.pem", key.serialize_pem());
    let files = |key: &str| {
        let [cert, key] = ["cert.pem", key].map(|name| tree.path(name));
        format!(
            "{}, cert: {{file: {}}}, key: {{file: {}}}",
            ca(&tree),
            cert.display(),
            key.display()
        )
    };
    assert_eq!(of(&server, &files("key.pem")).start().scrape().gauge("m", &[]), 8.0);
    tree.write("other.pem", KeyPair::generate().unwrap().serialize_pem());
    let found = of(&server, &files("other.pem")).refused();
    assert!(found.contains("tls.cert and tls.key: keys may not be consistent"), "{found}");
}

#[test]
fn a_proxy_is_tunnelled_through() {
    let authority = Authority::new();
    let (server, tree, proxy) =
        (authority.server("localhost", None), authority.tree(), Proxy::start());
    let config =
        format!("proxy_url: http://127.0.0.1:{}\ntls: {{{}}}\n{WHOLE}", proxy.port(), ca(&tree));
    let url = format!("https://localhost:{}/", server.port());
    assert_eq!(probe(&url, &config).start().scrape().gauge("m", &[]), 8.0);
    let asked = proxy.requests().remove(0);
    assert_eq!(
        (asked.method, asked.target),
        ("CONNECT".to_owned(), format!("localhost:{}", server.port()))
    );
}

#[test]
fn what_is_not_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        // The client is to find an answer, not a connection that is gone.
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let found = probe(&format!("https://localhost:{port}/"), WHOLE).start().failure();
    assert!(found.contains("corrupt message"), "{found}");
}
