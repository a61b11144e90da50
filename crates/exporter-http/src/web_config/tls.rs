//! TLS as the file says it, made of rustls.
//!
//! What rustls does not have (TLS 1.0 and 1.1, CBC and RSA key exchange, P-521) is left out with a warning, unless nothing
//! would be left.

use std::fs;
use std::sync::Arc;

use exporter_config::{Node, Problem};
use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};

pub(crate) use self::clients::Asked;
use self::clients::Clients;
use super::Reading;
use super::keys::{Keys, TlsKeys};

mod clients;

/// The names that Go has for versions, oldest first.
const VERSIONS: [&str; 4] = ["TLS10", "TLS11", "TLS12", "TLS13"];

/// Cipher suites that Go has and rustls has not.
const GO_ONLY: [&str; 15] = [
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA",
    "TLS_RSA_WITH_RC4_128_SHA",
    "TLS_ECDHE_RSA_WITH_RC4_128_SHA",
];

/// What connections speak, or `None` for no TLS; and what clients have to show.
pub(super) fn server_config(
    keys: &Keys,
    read: &mut Reading<'_>,
) -> Result<(Option<Arc<ServerConfig>>, Asked), Problem> {
    let tls = &keys.tls_server_config;
    // Names are looked at whether they matter or not.
    let provider = Arc::new(CryptoProvider {
        cipher_suites: cipher_suites(tls, read)?,
        kx_groups: curves(tls, read)?,
        ..ring::default_provider()
    });
    let versions = versions(tls, read)?;
    if !tls.is_enabled() {
        let says_something = |node: &Node| node.entries().is_some_and(|keys| !keys.is_empty());
        if read.node.get("tls_server_config").is_some_and(says_something) {
            let message = "no certificate is named, so nothing is encrypted; write cert_file and key_file, or leave it out";
            read.warn(&["tls_server_config"], message);
        }
        return Ok((None, Asked::default()));
    }
    let mut files = Files(read);
    let chain = files.chain(&tls.cert, &tls.cert_file)?;
    let key = files.key(&tls.key.0, &tls.key_file)?;
    let clients = Clients::new(tls, &mut files, &provider)?;
    let asked = clients.as_ref().map_or_else(Asked::default, Clients::asked);
    let config = build(provider, &versions, clients, chain, key)
        .map_err(|message| read.problem(&["tls_server_config"], &message))?;
    Ok((Some(Arc::new(finish(config, keys))), asked))
}

fn build(
    provider: Arc<CryptoProvider>,
    versions: &[&'static SupportedProtocolVersion],
    clients: Option<Clients>,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, String> {
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(|error| error.to_string())?;
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(Arc::new(clients)),
        None => builder.with_no_client_auth(),
    };
    let config = builder.with_single_cert(chain, key);
    config.map_err(|error| format!("certificate and key: {error}"))
}

fn finish(mut config: ServerConfig, keys: &Keys) -> ServerConfig {
    config.ignore_client_order = keys.tls_server_config.prefer_server_cipher_suites.0;
    // What a client had to show is looked at in every session, and sessions of scrapers last.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if keys.http_server_config.http2.0 {
        config.alpn_protocols.insert(0, b"h2".to_vec());
    }
    config
}

/// Reads what a key has or a file that it names.
struct Files<'r, 'a>(&'r mut Reading<'a>);

impl Files<'_, '_> {
    fn problem(&self, key: &str, message: &str) -> Problem {
        self.0.problem(&["tls_server_config", key], message)
    }

    fn warn(&mut self, key: &str, message: &str) {
        self.0.warn(&["tls_server_config", key], message);
    }

    /// The text of `key`; the file goes before what stands in its place. Relative paths begin at the folder of the file.
    fn text(&mut self, key: &str, inline: &str, file: &str) -> Result<(String, Vec<u8>), Problem> {
        let file_key = format!("{key}_file");
        if file.is_empty() {
            return match inline {
                "" => Err(self.problem("", &format!("missing one of {key} or {file_key}"))),
                text => Ok((key.to_owned(), text.as_bytes().to_owned())),
            };
        }
        let path = self.0.folder.join(file);
        self.0.seen.add(&path);
        let text = fs::read(&path)
            .map_err(|error| self.problem(&file_key, &format!("{}: {error}", path.display())))?;
        Ok((file_key, text))
    }

    /// The certificates of `key` or its file, as far as they can be read; Go skips the others, too.
    fn certificates(
        &mut self,
        key: &str,
        inline: &str,
        file: &str,
    ) -> Result<Vec<CertificateDer<'static>>, Problem> {
        let (_, text) = self.text(key, inline, file)?;
        Ok(CertificateDer::pem_slice_iter(&text).filter_map(Result::ok).collect())
    }

    /// The certificate of this server, and those that lead from it to its authority.
    fn chain(&mut self, inline: &str, file: &str) -> Result<Vec<CertificateDer<'static>>, Problem> {
        let found = self.certificates("cert", inline, file)?;
        if found.is_empty() {
            let key = if file.is_empty() { "cert" } else { "cert_file" };
            return Err(self.problem(key, "there is no certificate in it; expected PEM format"));
        }
        Ok(found)
    }

    fn key(&mut self, inline: &str, file: &str) -> Result<PrivateKeyDer<'static>, Problem> {
        let (key, text) = self.text("key", inline, file)?;
        // Nothing of what stands there is told.
        PrivateKeyDer::pem_slice_iter(&text).find_map(Result::ok).ok_or_else(|| {
            self.problem(&key, "there is no private key in it; expected PEM format, not encrypted")
        })
    }
}

fn versions(
    tls: &TlsKeys,
    read: &mut Reading<'_>,
) -> Result<Vec<&'static SupportedProtocolVersion>, Problem> {
    let of =
        |key: &str, name: &str, otherwise: usize| match VERSIONS.iter().position(|v| *v == name) {
            _ if name.is_empty() => Ok(otherwise),
            Some(version) => Ok(version),
            None => {
                let message =
                    format!("unknown TLS version `{name}`; there are {}", VERSIONS.join(", "));
                Err(read.problem(&["tls_server_config", key], &message))
            }
        };
    let (min, max) =
        (of("min_version", &tls.min_version, 2)?, of("max_version", &tls.max_version, 3)?);
    if max < 2 {
        let message = "this exporter has TLS 1.2 and 1.3 only; write TLS12 or TLS13";
        return Err(read.problem(&["tls_server_config", "max_version"], message));
    }
    if min > max {
        let message = "newer than max_version, so there is no version left";
        return Err(read.problem(&["tls_server_config", "min_version"], message));
    }
    if min < 2 {
        let message = "the oldest version that this exporter has is TLS12";
        read.warn(&["tls_server_config", "min_version"], message);
    }
    let all = [(2, &TLS12), (3, &TLS13)];
    Ok(all.into_iter().filter(|(v, _)| (min..=max).contains(v)).map(|(_, v)| v).collect())
}

/// The suites of TLS 1.3 cannot be chosen, in Go neither.
fn cipher_suites(
    tls: &TlsKeys,
    read: &mut Reading<'_>,
) -> Result<Vec<SupportedCipherSuite>, Problem> {
    let mut suites = ring::default_provider().cipher_suites;
    if tls.cipher_suites.is_empty() {
        return Ok(suites);
    }
    let name = |suite: &SupportedCipherSuite| {
        suite.suite().as_str().unwrap_or_default().replace("TLS13_", "TLS_")
    };
    let mut missing = Vec::new();
    for wanted in &tls.cipher_suites {
        let known = suites.iter().any(|suite| name(suite) == *wanted);
        if !known && !GO_ONLY.contains(&wanted.as_str()) {
            let all: Vec<String> = suites.iter().map(name).collect();
            let message = format!("unknown cipher suite `{wanted}`; there are {}", all.join(", "));
            return Err(read.problem(&["tls_server_config", "cipher_suites"], &message));
        }
        if !known {
            missing.push(wanted.as_str());
        }
    }
    suites.retain(|suite| suite.tls13().is_some() || tls.cipher_suites.contains(&name(suite)));
    if !missing.is_empty() {
        let missing = missing.join(", ");
        let message = format!("this exporter has no {missing}");
        if suites.iter().all(|suite| suite.tls13().is_some()) && tls.max_version == "TLS12" {
            let message = format!("{message}, and TLS 1.3 is switched off: no suite is left");
            return Err(read.problem(&["tls_server_config", "cipher_suites"], &message));
        }
        read.warn(&["tls_server_config", "cipher_suites"], &message);
    }
    Ok(suites)
}

fn curves(
    tls: &TlsKeys,
    read: &mut Reading<'_>,
) -> Result<Vec<&'static dyn SupportedKxGroup>, Problem> {
    if tls.curve_preferences.is_empty() {
        return Ok(ring::default_provider().kx_groups);
    }
    let mut groups = Vec::new();
    for name in &tls.curve_preferences {
        match name.as_str() {
            "X25519" => groups.push(ring::kx_group::X25519),
            "CurveP256" => groups.push(ring::kx_group::SECP256R1),
            "CurveP384" => groups.push(ring::kx_group::SECP384R1),
            "CurveP521" | "X25519MLKEM768" | "SecP256r1MLKEM768" | "SecP384r1MLKEM1024" => {
                let message = format!("this exporter has no {name}");
                read.warn(&["tls_server_config", "curve_preferences"], &message);
            }
            _ => {
                let message =
                    format!("unknown curve `{name}`; there are X25519, CurveP256 and CurveP384");
                return Err(read.problem(&["tls_server_config", "curve_preferences"], &message));
            }
        }
    }
    if groups.is_empty() {
        let message = "none of these is left; write X25519, CurveP256 or CurveP384";
        return Err(read.problem(&["tls_server_config", "curve_preferences"], message));
    }
    Ok(groups)
}
