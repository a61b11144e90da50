//! Which client certificates are asked for, and which are good enough.

use std::net::IpAddr;
use std::sync::Arc;

use exporter_config::Problem;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use x509_parser::extensions::GeneralName;

use super::Reader;
use crate::web_config::keys::TlsKeys;

/// Go's names for what is asked of clients.
const TYPES: [&str; 5] = [
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
];

/// Looks at the certificates of clients.
#[derive(Debug)]
pub(super) struct Clients {
    /// Follows the chain to an authority, where that is wanted.
    chain: Option<Arc<dyn ClientCertVerifier>>,
    mandatory: bool,
    /// One of these has to be among the certificate's names; empty for any.
    allowed: Vec<String>,
    provider: Arc<CryptoProvider>,
}

impl Clients {
    /// `None` where no certificate is asked for.
    pub(super) fn new(
        tls: &TlsKeys,
        read: &mut Reader<'_>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Self>, Problem> {
        let kind = match tls.client_auth_type.as_str() {
            "" => "NoClientCert",
            // An older name.
            "RequireClientCert" => "RequireAnyClientCert",
            kind => kind,
        };
        if !TYPES.contains(&kind) {
            let message = format!("invalid ClientAuth `{kind}`; there are {}", TYPES.join(", "));
            return Err(read.problem("client_auth_type", &message));
        }
        let has_authorities = !(tls.client_ca.is_empty() && tls.client_ca_file.is_empty());
        let key = if tls.client_ca_file.is_empty() { "client_ca" } else { "client_ca_file" };
        if kind == "NoClientCert" {
            return if has_authorities {
                let message = "client CA's have been configured without a client_auth_type that asks for certificates";
                Err(read.problem(key, message))
            } else if tls.client_allowed_sans.is_empty() {
                Ok(None)
            } else {
                let message = "no certificate is asked for; write a client_auth_type that does";
                Err(read.problem("client_allowed_sans", message))
            };
        }
        let mandatory = kind.starts_with("Require");
        let verify = kind.contains("Verify");
        if verify && !has_authorities {
            let message = format!(
                "{kind} needs client_ca or client_ca_file, of which certificates are to be"
            );
            return Err(read.problem("client_auth_type", &message));
        }
        let mut chain = None;
        if has_authorities {
            // Read in any case, so that a broken file is told.
            let roots = authorities(tls, read, key)?;
            let builder = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(provider));
            let verifier =
                builder.build().map_err(|error| read.problem(key, &error.to_string()))?;
            chain = Some(verifier).filter(|_| verify);
        }
        let allowed = tls.client_allowed_sans.clone();
        Ok(Some(Self { chain, mandatory, allowed, provider: Arc::clone(provider) }))
    }

    fn check_names(&self, certificate: &CertificateDer<'_>) -> Result<(), Error> {
        if self.allowed.is_empty() {
            return Ok(());
        }
        let names = names(certificate).ok_or(CertificateError::BadEncoding)?;
        if names.iter().any(|name| self.allowed.contains(name)) {
            return Ok(());
        }
        let error = NotAllowed(names.join(", "));
        Err(CertificateError::Other(OtherError(Arc::new(error))).into())
    }
}

fn authorities(
    tls: &TlsKeys,
    read: &mut Reader<'_>,
    key: &str,
) -> Result<Arc<RootCertStore>, Problem> {
    let mut roots = RootCertStore::empty();
    for certificate in read.certificates("client_ca", &tls.client_ca, &tls.client_ca_file)? {
        roots.add(certificate).map_err(|error| read.problem(key, &error.to_string()))?;
    }
    Ok(Arc::new(roots))
}

#[derive(Debug)]
struct NotAllowed(String);

impl std::fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "none of the client's names is among client_allowed_sans: {}", self.0)
    }
}

impl std::error::Error for NotAllowed {}

/// The subject alternative names of a certificate, spelled as Go spells them.
fn names(certificate: &CertificateDer<'_>) -> Option<Vec<String>> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let Some(extension) = parsed.subject_alternative_name().ok()? else { return Some(Vec::new()) };
    let names = extension.value.general_names.iter();
    let names = names.filter_map(|name| match name {
        GeneralName::DNSName(text) | GeneralName::RFC822Name(text) | GeneralName::URI(text) => {
            Some((*text).to_owned())
        }
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    });
    Some(names.collect())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

impl ClientCertVerifier for Clients {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.as_ref().map_or(&[], |chain| chain.root_hint_subjects())
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if let Some(chain) = &self.chain {
            chain.verify_client_cert(certificate, intermediates, now)?;
        }
        self.check_names(certificate)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
