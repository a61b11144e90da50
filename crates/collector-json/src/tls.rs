//! Who is trusted, and who we are.

use std::sync::Arc;

use exporter_sdk::{At as _, Result, Secret};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use crate::config::Tls;

/// The keys below `tls`, checked.
pub(crate) struct Identity {
    provider: Arc<CryptoProvider>,
    /// Where the system's authorities are trusted, nothing.
    authorities: Option<RootCertStore>,
    shown: Option<Arc<dyn ResolvesClientCert>>,
    name: Option<ServerName<'static>>,
    anyone: bool,
}

impl Identity {
    pub(crate) fn new(config: &Tls) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let shown = match (&config.cert, &config.key) {
            (Some(cert), Some(key)) => Some(identity(cert, key, &provider)?),
            (None, None) => None,
            (Some(_), None) => return Err("tls.key is missing: `cert` needs its key".into()),
            (None, Some(_)) => {
                return Err("tls.cert is missing: `key` needs its certificate".into());
            }
        };
        let name = config.server_name.clone().map(|name| {
            ServerName::try_from(name)
                .map_err(|_| "tls.server_name: expected a host name or an address")
        });
        Ok(Self {
            authorities: config.ca.as_ref().map(authorities).transpose()?,
            shown,
            name: name.transpose()?,
            anyone: config.insecure_skip_verify,
            provider,
        })
    }

    /// What connections are made with. The authorities of the system are read for it where a server will show its
    /// certificate: most URLs are `http`.
    pub(crate) fn client_config(&self, encrypted: bool) -> Result<ClientConfig> {
        let roots = match &self.authorities {
            Some(roots) => Some(roots.clone()),
            None => (encrypted && !self.anyone).then(system_authorities),
        };
        let verifier = Verifier {
            authorities: roots.and_then(|roots| Verifier::of(roots, &self.provider)),
            anyone: self.anyone,
            name: self.name.clone(),
            provider: Arc::clone(&self.provider),
        };
        let builder = ClientConfig::builder_with_provider(Arc::clone(&self.provider));
        let builder = builder
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        Ok(match &self.shown {
            Some(shown) => builder.with_client_cert_resolver(Arc::clone(shown)),
            None => builder.with_no_client_auth(),
        })
    }
}

fn system_authorities() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn certificates(pem: &Secret) -> Result<Vec<CertificateDer<'static>>> {
    let certificates = CertificateDer::pem_slice_iter(pem.expose().as_bytes());
    let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(|_| "it is not PEM")?;
    if certificates.is_empty() {
        return Err("expected certificates in PEM (`-----BEGIN CERTIFICATE-----`)".into());
    }
    Ok(certificates)
}

fn authorities(pem: &Secret) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).at("tls.ca")? {
        roots.add(certificate).at("tls.ca")?;
    }
    Ok(roots)
}

fn identity(
    cert: &Secret,
    key: &Secret,
    provider: &CryptoProvider,
) -> Result<Arc<dyn ResolvesClientCert>> {
    let chain = certificates(cert).at("tls.cert")?;
    // What the error says of the key is of no use, and might be part of it.
    let key = PrivateKeyDer::from_pem_slice(key.expose().as_bytes())
        .map_err(|_| "tls.key: expected a private key in PEM (`-----BEGIN PRIVATE KEY-----`)")?;
    let identity = CertifiedKey::from_der(chain, key, provider).at("tls.cert and tls.key")?;
    Ok(Arc::new(SingleCertAndKey::from(identity)))
}

/// Verifies the server's certificate as always, but for what the configuration changes about it.
#[derive(Debug)]
struct Verifier {
    /// `None` where there are none.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    anyone: bool,
    /// Expected instead of the name in the URL.
    name: Option<ServerName<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn of(
        roots: RootCertStore,
        provider: &Arc<CryptoProvider>,
    ) -> Option<Arc<WebPkiServerVerifier>> {
        let builder =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        // It fails where there are none.
        builder.build().ok()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.anyone {
            return Ok(ServerCertVerified::assertion());
        }
        let name = self.name.as_ref().unwrap_or(name);
        let Some(authorities) = &self.authorities else {
            let problem = "this machine has no authorities to trust (on Debian, the package ca-certificates \
                           has them), and `tls.ca` names none";
            return Err(Error::General(problem.to_owned()));
        };
        authorities.verify_server_cert(certificate, intermediates, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, schemes)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let schemes = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, schemes)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
