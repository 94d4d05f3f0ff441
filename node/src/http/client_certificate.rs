//! Certificates that clients of the HTTPS side show.
//!
//! One is asked for and never demanded: browsers and readers without one go on. No chain is built, for no
//! authority decides what is known here; a certificate that is shown counts for nothing until its key is one
//! that was enrolled. That whoever shows it holds its key is proven in each handshake (`CertificateVerify`).

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConnection, SignatureScheme};

use crate::certificate::ShownCertificate;

/// Whether clients are asked for a certificate now. A browser that has some asks its user which one, so none is
/// asked for as long as nothing is known by one.
pub type Asks = Arc<dyn Fn() -> bool + Send + Sync>;

/// Takes whatever certificate a client proves to hold the key of.
pub(super) struct AnyCertificate {
    pub(super) asks: Asks,
    pub(super) provider: Arc<CryptoProvider>,
}

impl std::fmt::Debug for AnyCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AnyCertificate").finish_non_exhaustive()
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn offer_client_auth(&self) -> bool {
        (self.asks)()
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        ParsedCertificate::try_from(shown)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, shown, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, shown, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// The certificate that a client proved to hold the key of, where it showed one.
pub(super) fn shown(connection: &ServerConnection) -> Option<ShownCertificate> {
    ShownCertificate::of(connection.peer_certificates()?.first()?).ok()
}
