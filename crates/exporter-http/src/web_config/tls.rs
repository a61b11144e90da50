//! TLS as the file says it, made of rustls.
//!
//! What rustls does not have (TLS 1.0 and 1.1, CBC and RSA key exchange, P-521) is left out with a warning, unless nothing
//! would be left.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use exporter_config::Problem;
use rustls::crypto::{CryptoProvider, SupportedKxGroup, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedCipherSuite, SupportedProtocolVersion};

use self::clients::Clients;
use super::Place;
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

/// What connections speak, or `None` for no TLS. Files that were read are added to `files`.
pub(super) fn server_config(
    keys: &Keys,
    place: Place<'_>,
    files: &mut Vec<PathBuf>,
    warnings: &mut Vec<String>,
) -> Result<Option<Arc<ServerConfig>>, Problem> {
    let tls = &keys.tls_server_config;
    if !tls.is_enabled() {
        return Ok(None);
    }
    let mut read = Reader { place, files };
    let chain = read.certificates("cert", &tls.cert, &tls.cert_file)?;
    let key = read.key(&tls.key.0, &tls.key_file)?;
    let provider = Arc::new(CryptoProvider {
        cipher_suites: cipher_suites(tls, place, warnings)?,
        kx_groups: curves(tls, place, warnings)?,
        ..ring::default_provider()
    });
    let versions = versions(tls, place, warnings)?;
    let problem = |message: &str| place.problem(&["tls_server_config"], message);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions)
        .map_err(|error| problem(&error.to_string()))?;
    let builder = match Clients::new(tls, &mut read, &provider)? {
        Some(clients) => builder.with_client_cert_verifier(Arc::new(clients)),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| problem(&format!("certificate and key: {error}")))?;
    config.ignore_client_order = tls.prefer_server_cipher_suites.0;
    // What a client had to show is looked at in every session, and sessions of scrapers last.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if keys.http_server_config.http2.0 {
        config.alpn_protocols.insert(0, b"h2".to_vec());
    }
    Ok(Some(Arc::new(config)))
}

/// Reads what a key has or a file that it names.
struct Reader<'a> {
    place: Place<'a>,
    files: &'a mut Vec<PathBuf>,
}

impl Reader<'_> {
    fn problem(&self, key: &str, message: &str) -> Problem {
        self.place.problem(&["tls_server_config", key], message)
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
        let path = self.place.folder.join(file);
        let text = fs::read(&path)
            .map_err(|error| self.problem(&file_key, &format!("{}: {error}", path.display())))?;
        self.files.push(path);
        Ok((file_key, text))
    }

    fn certificates(
        &mut self,
        key: &str,
        inline: &str,
        file: &str,
    ) -> Result<Vec<CertificateDer<'static>>, Problem> {
        let (key, text) = self.text(key, inline, file)?;
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
        let found =
            found.map_err(|error| self.problem(&key, &format!("not in PEM format: {error}")))?;
        if found.is_empty() {
            return Err(self.problem(&key, "there is no certificate in it; expected PEM format"));
        }
        Ok(found)
    }

    fn key(&mut self, inline: &str, file: &str) -> Result<PrivateKeyDer<'static>, Problem> {
        let (key, text) = self.text("key", inline, file)?;
        // Nothing of what stands there is told.
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| {
            self.problem(&key, "there is no private key in it; expected PEM format, not encrypted")
        })
    }
}

fn versions(
    tls: &TlsKeys,
    place: Place<'_>,
    warnings: &mut Vec<String>,
) -> Result<Vec<&'static SupportedProtocolVersion>, Problem> {
    let of =
        |key: &str, name: &str, otherwise: usize| match VERSIONS.iter().position(|v| *v == name) {
            _ if name.is_empty() => Ok(otherwise),
            Some(version) => Ok(version),
            None => {
                let message =
                    format!("unknown TLS version `{name}`; there are {}", VERSIONS.join(", "));
                Err(place.problem(&["tls_server_config", key], &message))
            }
        };
    let (min, max) =
        (of("min_version", &tls.min_version, 2)?, of("max_version", &tls.max_version, 3)?);
    if max < 2 {
        let message = "this exporter has TLS 1.2 and 1.3 only; write TLS12 or TLS13";
        return Err(place.problem(&["tls_server_config", "max_version"], message));
    }
    if min > max {
        let message = "newer than max_version, so there is no version left";
        return Err(place.problem(&["tls_server_config", "min_version"], message));
    }
    if min < 2 {
        warnings.push(format!(
            "tls_server_config.min_version is {}; the oldest version that this exporter has is TLS12",
            tls.min_version
        ));
    }
    let all = [(2, &TLS12), (3, &TLS13)];
    Ok(all.into_iter().filter(|(v, _)| (min..=max).contains(v)).map(|(_, v)| v).collect())
}

/// The suites of TLS 1.3 cannot be chosen, in Go neither.
fn cipher_suites(
    tls: &TlsKeys,
    place: Place<'_>,
    warnings: &mut Vec<String>,
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
            return Err(place.problem(&["tls_server_config", "cipher_suites"], &message));
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
            return Err(place.problem(&["tls_server_config", "cipher_suites"], &message));
        }
        warnings.push(format!("tls_server_config.cipher_suites: {message}"));
    }
    Ok(suites)
}

fn curves(
    tls: &TlsKeys,
    place: Place<'_>,
    warnings: &mut Vec<String>,
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
            "CurveP521" | "X25519MLKEM768" => warnings
                .push(format!("tls_server_config.curve_preferences: this exporter has no {name}")),
            _ => {
                let message =
                    format!("unknown curve `{name}`; there are X25519, CurveP256 and CurveP384");
                return Err(place.problem(&["tls_server_config", "curve_preferences"], &message));
            }
        }
    }
    if groups.is_empty() {
        let message = "none of these is left; write X25519, CurveP256 or CurveP384";
        return Err(place.problem(&["tls_server_config", "curve_preferences"], message));
    }
    Ok(groups)
}
