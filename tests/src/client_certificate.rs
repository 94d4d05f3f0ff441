//! Clients of a node's HTTPS side that show a certificate when they connect.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use host::cipher_suites;
use host::home::Home;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{COOKIE, HOST, SET_COOKIE};
use hyper::{HeaderMap, Request};
use hyper_util::rt::TokioIo;
use node::http::pinned::Pin;
use rcgen::{CertificateParams, KeyPair};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::sign;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, SignatureScheme, SupportedProtocolVersion};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::agency::Agency;
use crate::https::{address, pin};
use crate::wait::within;

/// A certificate with a key, as a device or a program has it.
#[derive(Debug)]
pub struct Identity {
    /// The certificate in PEM.
    pub pem: String,
    /// The key in PEM.
    pub key: String,
}

fn issued(name: &str, key: &KeyPair, until: (i32, u8, u8)) -> String {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
    params.self_signed(key).expect("a certificate").pem()
}

impl Identity {
    /// One that is good for long.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self::until(name, (2099, 1, 1))
    }

    /// One that ends with this year, month and day.
    ///
    /// # Panics
    /// When none can be made.
    #[must_use]
    pub fn until(name: &str, until: (i32, u8, u8)) -> Self {
        let key = KeyPair::generate().expect("a key");
        Self { pem: issued(name, &key, until), key: key.serialize_pem() }
    }

    /// Another certificate for the same key.
    ///
    /// # Panics
    /// When none can be made.
    #[must_use]
    pub fn renewed(&self, name: &str) -> Self {
        let key = KeyPair::from_pem(&self.key).expect("a key");
        Self { pem: issued(name, &key, (2099, 1, 1)), key: self.key.clone() }
    }

    /// This certificate, by somebody who does not have its key.
    ///
    /// # Panics
    /// When no other key can be made.
    #[must_use]
    pub fn copied(&self) -> Self {
        let other = KeyPair::generate().expect("a key");
        Self { pem: self.pem.clone(), key: other.serialize_pem() }
    }

    /// A file with the certificate, in the home of an agency.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn file(&self, agency: &Agency, name: &str) -> String {
        let home = Home::open(agency.home()).expect("a home");
        let path = home.dir().join(name);
        std::fs::write(&path, &self.pem).expect("a file");
        path.to_str().expect("a path").to_owned()
    }

    fn certified(&self) -> CertifiedKey {
        let chain = CertificateDer::pem_slice_iter(self.pem.as_bytes());
        let chain = chain.collect::<Result<_, _>>().expect("a certificate");
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key");
        CertifiedKey::new(chain, sign::any_supported_type(&key).expect("a key that signs"))
    }
}

/// Shows what it has when it is asked, and notes that it was.
#[derive(Debug)]
struct Shows {
    certified: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::SeqCst);
        self.certified.clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// A response.
#[derive(Debug)]
pub struct Told {
    /// Whether a certificate was asked for.
    pub asked: bool,
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its text.
    pub text: String,
}

type Versions = &'static [&'static SupportedProtocolVersion];

const BOTH: Versions = &[&rustls::version::TLS13, &rustls::version::TLS12];
const OLD: Versions = &[&rustls::version::TLS12];

/// A client that shows one certificate, or none, and keeps the cookies that it is given.
pub struct Client<'a> {
    agency: &'a Agency,
    identity: Option<&'a Identity>,
    versions: Versions,
    /// The cookie that it shows.
    pub cookie: Option<String>,
}

impl<'a> Client<'a> {
    /// Of a node, with what it shows.
    #[must_use]
    pub fn of(agency: &'a Agency, identity: Option<&'a Identity>) -> Self {
        Self { agency, identity, versions: BOTH, cookie: None }
    }

    /// That speaks TLS 1.2 alone.
    #[must_use]
    pub fn old(self) -> Self {
        Self { versions: OLD, ..self }
    }

    /// Sends a request on a connection of its own.
    ///
    /// # Errors
    /// When the node takes no such connection.
    ///
    /// # Panics
    /// When no connection can be tried.
    pub async fn call(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> std::io::Result<Told> {
        let certified = self.identity.map(|identity| Arc::new(identity.certified()));
        let shows = Arc::new(Shows { certified, asked: AtomicBool::new(false) });
        let provider = cipher_suites::aes_256_gcm();
        let pinned = Pin::of(pin(self.agency), provider.clone());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(self.versions)
            .expect("TLS")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pinned))
            .with_client_cert_resolver(shows.clone());
        let at = address(self.agency);
        let stream = within("a connection", TcpStream::connect(at)).await?;
        let connector = TlsConnector::from(Arc::new(config));
        let name = ServerName::from(at.ip());
        let stream = within("a handshake", connector.connect(name, stream)).await?;
        let failed = |error: hyper::Error| std::io::Error::other(error);
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let connection = tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header(HOST, at.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let request = request.body(Full::new(body.into())).expect("a request");
        let response = within("a response", sender.send_request(request)).await.map_err(failed)?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(failed)?.to_bytes();
        connection.abort();
        let given = parts.headers.get(SET_COOKIE).and_then(|value| value.to_str().ok());
        if let Some(cookie) = given.and_then(|value| value.split(';').next()) {
            self.cookie = Some(cookie.to_owned());
        }
        Ok(Told {
            asked: shows.asked.load(Ordering::SeqCst),
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8_lossy(&body).into_owned(),
        })
    }
}
