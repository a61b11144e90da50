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
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::time::ASN1Time;

use super::Files;
use crate::web_config::keys::TlsKeys;

/// Go's names for what is asked of clients.
const TYPES: [&str; 5] = [
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
];

/// What clients have to show.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// A certificate, or nothing is answered.
    pub(crate) mandatory: bool,
    signed_by: SignedBy,
    named: bool,
}

/// Who has to have signed a client's certificate, the least trusted first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum SignedBy {
    #[default]
    Anyone,
    /// An authority that the system trusts.
    System,
    /// An authority of `client_ca` or `client_ca_file`.
    Named,
}

impl Asked {
    /// Whether someone may get in with this who did not before.
    pub(crate) fn is_less_than(self, before: Self) -> bool {
        let Self { mandatory, signed_by, named } = self;
        before.mandatory && !mandatory || signed_by < before.signed_by || before.named && !named
    }
}

/// Looks at the certificates of clients.
#[derive(Debug)]
pub(super) struct Clients {
    signed_by: SignedBy,
    /// Follows the chain to an authority, where that is wanted and there is one.
    chain: Option<Arc<dyn ClientCertVerifier>>,
    /// Certificates that are trusted themselves, whoever signed them.
    pinned: Vec<CertificateDer<'static>>,
    mandatory: bool,
    /// One of these has to be among the certificate's names; empty for any.
    allowed: Vec<String>,
    provider: Arc<CryptoProvider>,
}

impl Clients {
    /// `None` where no certificate is asked for.
    pub(super) fn new(
        tls: &TlsKeys,
        read: &mut Files<'_, '_>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Option<Self>, Problem> {
        let kind = kind(tls, read)?;
        if kind == "NoClientCert" {
            return not_asked(tls, read).map(|()| None);
        }
        let signed_by = match (kind.contains("Verify"), authorities_key(tls)) {
            (false, _) => SignedBy::Anyone,
            (true, None) => SignedBy::System,
            (true, Some(_)) => SignedBy::Named,
        };
        // Read in any case, so that a broken file is told.
        let mut pinned = named_authorities(tls, signed_by, read)?;
        let mut chain = None;
        match signed_by {
            SignedBy::Anyone => pinned.clear(),
            SignedBy::System => chain = system_verifier(kind, provider, read)?,
            SignedBy::Named => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(pinned.iter().cloned());
                chain = verifier(roots, signed_by, provider)
                    .map_err(|message| read.problem("client_auth_type", &message))?;
            }
        }
        let allowed = tls.client_allowed_sans.clone();
        if !allowed.is_empty() {
            warn_of_names(kind, read);
        }
        // Who shows none has none of the names. (Go's way to say so is a panic.)
        let mandatory = kind.starts_with("Require") || !allowed.is_empty();
        let provider = Arc::clone(provider);
        Ok(Some(Self { signed_by, chain, pinned, mandatory, allowed, provider }))
    }

    pub(super) fn asked(&self) -> Asked {
        let named = !self.allowed.is_empty();
        Asked { mandatory: self.mandatory, signed_by: self.signed_by, named }
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

/// One of [`TYPES`].
fn kind<'t>(tls: &'t TlsKeys, read: &Files<'_, '_>) -> Result<&'t str, Problem> {
    let kind = match tls.client_auth_type.as_str() {
        "" => "NoClientCert",
        // An older name.
        "RequireClientCert" => "RequireAnyClientCert",
        kind => kind,
    };
    if TYPES.contains(&kind) {
        return Ok(kind);
    }
    let message = format!("invalid ClientAuth `{kind}`; there are {}", TYPES.join(", "));
    Err(read.problem("client_auth_type", &message))
}

/// The key that says whose certificates are taken.
fn authorities_key(tls: &TlsKeys) -> Option<&'static str> {
    match (tls.client_ca.is_empty(), tls.client_ca_file.is_empty()) {
        (_, false) => Some("client_ca_file"),
        (false, true) => Some("client_ca"),
        (true, true) => None,
    }
}

/// Refuses or warns of keys that say how a certificate is looked at, where none is asked for.
fn not_asked(tls: &TlsKeys, read: &mut Files<'_, '_>) -> Result<(), Problem> {
    if let Some(key) = authorities_key(tls) {
        let message = "no certificate is asked for; write a client_auth_type that does";
        return Err(read.problem(key, message));
    }
    if !tls.client_allowed_sans.is_empty() {
        let message = "no certificate is asked for, so no name is looked at and everyone gets in; write \
                       RequireAndVerifyClientCert in client_auth_type";
        read.warn("client_allowed_sans", message);
    }
    Ok(())
}

/// The certificates of `client_ca` or its file, with a warning if there is none.
fn named_authorities(
    tls: &TlsKeys,
    signed_by: SignedBy,
    read: &mut Files<'_, '_>,
) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let Some(key) = authorities_key(tls) else { return Ok(Vec::new()) };
    let certificates = read.certificates("client_ca", &tls.client_ca, &tls.client_ca_file)?;
    if certificates.is_empty() {
        let effect = match signed_by {
            SignedBy::Anyone => "",
            _ => ", so every client certificate is refused",
        };
        let message = format!("there is no certificate in it{effect}; expected PEM format");
        read.warn(key, &message);
    }
    Ok(certificates)
}

/// Follows chains to the authorities that the system trusts, as Go does where no other is named.
fn system_verifier(
    kind: &str,
    provider: &Arc<CryptoProvider>,
    read: &mut Files<'_, '_>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, Problem> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let effect = match roots.len() {
        0 => "this system trusts no authority, so every client certificate is refused".to_owned(),
        count => format!(
            "those that this system trusts are taken ({count}), and whoever has a certificate of one of them gets in"
        ),
    };
    let message = format!(
        "{kind} verifies client certificates, and neither client_ca nor client_ca_file names the authorities: {effect}; \
         write client_ca_file"
    );
    read.warn("client_auth_type", &message);
    verifier(roots, SignedBy::System, provider)
        .map_err(|message| read.problem("client_auth_type", &message))
}

/// Follows chains to one of `roots`; `None` where there is none. Clients are told the names of authorities only where
/// these are few.
fn verifier(
    roots: RootCertStore,
    signed_by: SignedBy,
    provider: &Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, String> {
    if roots.is_empty() {
        return Ok(None);
    }
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder = match signed_by {
        SignedBy::System => builder.clear_root_hint_subjects(),
        _ => builder,
    };
    builder.build().map(Some).map_err(|error| error.to_string())
}

fn warn_of_names(kind: &str, read: &mut Files<'_, '_>) {
    if !kind.starts_with("Require") {
        let message = format!(
            "a client without a certificate has none of these names and is refused, whatever {kind} says; write \
             RequireAndVerifyClientCert to say the same"
        );
        read.warn("client_allowed_sans", &message);
    }
    if !kind.contains("Verify") {
        let message = format!(
            "{kind} does not look at who signed a certificate, so anyone can write these names into one; write \
             RequireAndVerifyClientCert"
        );
        read.warn("client_allowed_sans", &message);
    }
}

/// Whether a certificate that is trusted itself may be used by a client now. webpki takes none for both an authority and
/// a client; but a client that signed its own certificate is pinned like that, and Go lets it in.
fn check_pinned(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let (_, parsed) =
        X509Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let now = i64::try_from(now.as_secs()).map_err(|_| CertificateError::Expired)?;
    let now = ASN1Time::from_timestamp(now).map_err(|_| CertificateError::Expired)?;
    if now < parsed.validity().not_before {
        return Err(CertificateError::NotValidYet);
    }
    if now > parsed.validity().not_after {
        return Err(CertificateError::Expired);
    }
    let usage = parsed.extended_key_usage().map_err(|_| CertificateError::BadEncoding)?;
    if usage.is_some_and(|usage| !usage.value.any && !usage.value.client_auth) {
        return Err(CertificateError::InvalidPurpose);
    }
    Ok(())
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
        if self.pinned.contains(certificate) {
            check_pinned(certificate, now)?;
        } else if let Some(chain) = &self.chain {
            chain.verify_client_cert(certificate, intermediates, now)?;
        } else if self.signed_by != SignedBy::Anyone {
            return Err(CertificateError::UnknownIssuer.into());
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
