//! A client of a node's HTTPS side that trusts one public key, told to it out of band.

use std::sync::Arc;

use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use schemas::digest::Digest;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::permission::ActError;
use host::cipher_suites;

/// The body of a request.
pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// Takes a certificate for its public key alone: whose it says it is, and how long it lasts, says
/// nothing beside a key that a person has told.
#[derive(Debug)]
pub struct Pin {
    key: Digest,
    provider: Arc<CryptoProvider>,
}

impl Pin {
    /// Takes the key with this SHA-256 alone.
    #[must_use]
    pub fn of(key: Digest, provider: Arc<CryptoProvider>) -> Self {
        Self { key, provider }
    }
}

impl ServerCertVerifier for Pin {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = ParsedCertificate::try_from(shown)?.subject_public_key_info();
        if Digest::of(&key) == self.key {
            return Ok(ServerCertVerified::assertion());
        }
        Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
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

/// A node's HTTPS side, as a client knows it.
pub struct Pinned {
    authority: String,
    host: String,
    port: u16,
    connector: TlsConnector,
}

impl Pinned {
    /// The node at `url`, such as `https://alpr.example.org:8443`, if its public key has this
    /// SHA-256.
    ///
    /// # Errors
    /// When `url` is no such address.
    pub fn at(url: &str, key: Digest) -> Result<Self, ActError> {
        let unfit = |why: &str| {
            ActError::usage(format!("`{url}`: {why}; expected one such as `https://HOST:8443`"))
        };
        let parsed: Uri = url.parse().map_err(|e| unfit(&format!("{e}")))?;
        if parsed.scheme_str() != Some("https") || !matches!(parsed.path(), "" | "/") {
            return Err(unfit("is no address of a node's HTTPS side"));
        }
        let authority = parsed.authority().ok_or_else(|| unfit("names no host"))?;
        let provider = cipher_suites::aes_256_gcm();
        let config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|e| ActError::failed(format!("TLS cannot be set up: {e}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pin::of(key, provider)))
            .with_no_client_auth();
        Ok(Self {
            authority: authority.to_string(),
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(443),
            connector: TlsConnector::from(Arc::new(config)),
        })
    }

    /// Sends one request on a connection of its own.
    ///
    /// # Errors
    /// When the node cannot be reached, has another key, or goes away.
    pub async fn send(&self, mut request: Request<Body>) -> Result<Response<Incoming>, ActError> {
        let lost = |e: &dyn std::fmt::Display| {
            ActError::failed(format!("`{}`: {e}; try again", self.authority))
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|e| lost(&e))?;
        let stream =
            TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|e| lost(&e))?;
        // What ends the handshake and the request leave at once, and not once the other side has acknowledged
        // what came before.
        drop(stream.set_nodelay(true));
        let stream = self.connector.connect(name, stream).await.map_err(|e| {
            let pinned = e.get_ref().and_then(|e| e.downcast_ref::<Error>());
            let other_key = Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            );
            if pinned == Some(&other_key) {
                return ActError::refused(format!(
                    "`{}` has another key than --pin says; nothing was sent. Ask its operator for `accord certificate show`",
                    self.authority
                ));
            }
            lost(&e)
        })?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| lost(&e))?;
        let connection = tokio::spawn(connection);
        let host = self.authority.parse().map_err(|e| lost(&e))?;
        request.headers_mut().insert(HOST, host);
        let response = sender.send_request(request).await.map_err(|e| lost(&e));
        if response.is_err() {
            connection.abort();
        }
        response
    }
}
