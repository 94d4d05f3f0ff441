//! The security upgrade: libp2p's TLS, with AES-256-GCM and nothing else.
//!
//! The stock upgrade offers ChaCha20 first, and justice networks demand AES (CJIS SC-13). On the
//! wire this is the same protocol (`/tls/1.0.0`): both sides prove their libp2p key by an extension
//! of a self-signed certificate. No resumption and no tickets, since a resumed session would skip
//! that proof; no key log.

use std::net::Ipv4Addr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::future::BoxFuture;
use futures::{AsyncRead, AsyncWrite};
use futures_rustls::{TlsAcceptor, TlsConnector, TlsStream};
use libp2p::PeerId;
use libp2p::core::UpgradeInfo;
use libp2p::core::upgrade::{InboundConnectionUpgrade, OutboundConnectionUpgrade};
use libp2p::identity::Keypair;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, sign};
use rustls::crypto::{CryptoProvider, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    ClientConfig, CommonState, DigitallySignedStruct, DistinguishedName, Error, ServerConfig,
    SignatureScheme,
};

use super::certificate::{self, Proof, Unproven};
use super::write_timeout::WriteTimeout;

/// The application protocol that libp2p's TLS names.
const ALPN: &[u8] = b"libp2p";

/// Why a connection was not secured.
#[derive(Debug, thiserror::Error)]
pub(super) enum TlsError {
    /// The handshake failed.
    #[error("handshake: {0}")]
    Handshake(#[from] std::io::Error),
    /// This side's configuration could not be made.
    #[error("configuration: {0}")]
    Configuration(String),
    /// The other side's certificate proves no libp2p key.
    #[error("certificate: {0}")]
    Certificate(#[from] Unproven),
    /// The other side did not agree on the application protocol.
    #[error("the other side does not speak libp2p")]
    Protocol,
}

/// The upgrade, for both directions. Clones prove the same identity, also once it is another.
#[derive(Clone)]
pub(super) struct Tls(Arc<ArcSwap<Proving>>);

/// What proves an identity.
struct Proving {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

/// Which cipher suite is offered and taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// AES-256-GCM: what nodes speak.
    Aes,
    /// ChaCha20-Poly1305: what no node takes, to see that none does.
    ChaCha,
}

impl Tls {
    /// An upgrade that proves `identity` and speaks the suite of `offer`.
    ///
    /// # Errors
    /// When no certificate can be made for it.
    pub(super) fn new(identity: &Keypair, offer: Offer) -> Result<Self, TlsError> {
        Ok(Self(Arc::new(ArcSwap::from_pointee(Proving::new(identity, offer)?))))
    }

    /// Proves another identity in every handshake from now on.
    ///
    /// # Errors
    /// As [`Self::new`]; then the one before stays.
    pub(super) fn prove(&self, identity: &Keypair) -> Result<(), TlsError> {
        self.0.store(Arc::new(Proving::new(identity, Offer::Aes)?));
        Ok(())
    }
}

impl Proving {
    fn new(identity: &Keypair, offer: Offer) -> Result<Self, TlsError> {
        let suite = match offer {
            Offer::Aes => cipher_suite::TLS13_AES_256_GCM_SHA384,
            Offer::ChaCha => cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        };
        let configuration = |e: &dyn std::fmt::Display| TlsError::Configuration(e.to_string());
        let (chain, key) = certificate::make(identity).map_err(|e| configuration(&e))?;
        let key = sign::any_ecdsa_type(&key).map_err(|e| configuration(&e))?;
        let resolver = Arc::new(SingleCertAndKey::from(CertifiedKey::new(vec![chain], key)));
        let provider =
            Arc::new(CryptoProvider { cipher_suites: vec![suite], ..default_provider() });
        let versions = [&rustls::version::TLS13];

        let mut server = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&versions)
            .map_err(|e| configuration(&e))?
            .with_client_cert_verifier(Arc::new(Libp2pProof))
            .with_cert_resolver(resolver.clone());
        server.alpn_protocols = vec![ALPN.to_vec()];
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;

        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .map_err(|e| configuration(&e))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Libp2pProof))
            .with_client_cert_resolver(resolver);
        client.alpn_protocols = vec![ALPN.to_vec()];
        client.resumption = Resumption::disabled();

        Ok(Self { server: Arc::new(server), client: Arc::new(client) })
    }
}

/// Who is at the other end, once the handshake is done.
fn proven(connection: &CommonState) -> Result<PeerId, TlsError> {
    if connection.alpn_protocol() != Some(ALPN) {
        return Err(TlsError::Protocol);
    }
    let [shown] = connection.peer_certificates().unwrap_or_default() else {
        return Err(TlsError::Certificate(Unproven::Count));
    };
    Ok(certificate::check(shown)?.peer())
}

impl UpgradeInfo for Tls {
    type Info = &'static str;
    type InfoIter = std::iter::Once<&'static str>;

    fn protocol_info(&self) -> Self::InfoIter {
        std::iter::once("/tls/1.0.0")
    }
}

impl<C> InboundConnectionUpgrade<C> for Tls
where
    C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    type Output = (PeerId, WriteTimeout<TlsStream<C>>);
    type Error = TlsError;
    type Future = BoxFuture<'static, Result<Self::Output, TlsError>>;

    fn upgrade_inbound(self, socket: C, _: Self::Info) -> Self::Future {
        Box::pin(async move {
            let acceptor = TlsAcceptor::from(self.0.load().server.clone());
            let stream = acceptor.accept(socket).await?;
            let peer = proven(stream.get_ref().1)?;
            Ok((peer, WriteTimeout::new(stream.into())))
        })
    }
}

impl<C> OutboundConnectionUpgrade<C> for Tls
where
    C: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    type Output = (PeerId, WriteTimeout<TlsStream<C>>);
    type Error = TlsError;
    type Future = BoxFuture<'static, Result<Self::Output, TlsError>>;

    fn upgrade_outbound(self, socket: C, _: Self::Info) -> Self::Future {
        Box::pin(async move {
            // An address instead of a name: the specification wants no server name indication.
            let nobody = ServerName::IpAddress(Ipv4Addr::UNSPECIFIED.into());
            let connector = TlsConnector::from(self.0.load().client.clone());
            let stream = connector.connect(nobody, socket).await?;
            let peer = proven(stream.get_ref().1)?;
            Ok((peer, WriteTimeout::new(stream.into())))
        })
    }
}

/// Accepts whoever proves a libp2p key; which keys may talk is decided once that is done.
#[derive(Debug)]
struct Libp2pProof;

fn bad(error: impl std::fmt::Display) -> Error {
    Error::General(format!("libp2p certificate: {error}"))
}

/// Checks what a peer shows: one certificate, which proves a libp2p key and is valid now.
fn check<'a>(
    certificate: &'a CertificateDer<'_>,
    more: &[CertificateDer<'_>],
    now: UnixTime,
) -> Result<Proof<'a>, Error> {
    if !more.is_empty() {
        return Err(bad(Unproven::Count));
    }
    let proof = certificate::check(certificate).map_err(bad)?;
    if proof.is_valid_at(now) { Ok(proof) } else { Err(bad(Unproven::Time)) }
}

fn verify(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let proof = certificate::check(certificate).map_err(bad)?;
    let known = default_provider().signature_verification_algorithms;
    verify_tls13_signature_with_raw_key(message, &proof.key(), signed, &known)
}

/// TLS 1.2 is not offered; whoever speaks it anyway is refused.
fn too_old() -> Result<HandshakeSignatureValid, Error> {
    Err(bad("TLS 1.2 is not spoken"))
}

fn schemes() -> Vec<SignatureScheme> {
    vec![
        SignatureScheme::ECDSA_NISTP384_SHA384,
        SignatureScheme::ECDSA_NISTP256_SHA256,
        SignatureScheme::ED25519,
    ]
}

impl ServerCertVerifier for Libp2pProof {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        check(end_entity, intermediates, now).map(|_| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        too_old()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        schemes()
    }
}

impl ClientCertVerifier for Libp2pProof {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        check(end_entity, intermediates, now).map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        too_old()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        schemes()
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
