//! How a provider is called: over TLS, to what its settings and its own metadata name, for a few seconds
//! and a few kilobytes. It is sent nowhere else: no redirect is followed.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use host::cipher_suites;

/// How long one request may take in all.
const LONGEST: Duration = Duration::from_secs(8);
/// Longest answer, in bytes.
const LARGEST: usize = 256 << 10;

/// A client that trusts some authorities.
pub(super) struct Https(TlsConnector);

/// An address that can be called: `https`, with a name.
pub(super) fn callable(address: &str) -> Option<Uri> {
    let uri: Uri = address.parse().ok()?;
    let bare = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    (uri.scheme_str() == Some("https") && bare).then_some(uri)
}

/// A form that is sent, by whom.
pub(super) struct Form {
    pub(super) encoded: String,
    pub(super) authorization: Option<HeaderValue>,
}

impl Https {
    pub(super) fn trusting(roots: RootCertStore) -> Result<Self, rustls::Error> {
        let config = ClientConfig::builder_with_provider(cipher_suites::aes_gcm())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Calls an address, with a form or to read what is there: the status and the body, or why none came.
    pub(super) async fn call(
        &self,
        uri: &Uri,
        form: Option<Form>,
    ) -> Result<(StatusCode, Bytes), String> {
        let called = tokio::time::timeout(LONGEST, self.called(uri, form));
        called.await.map_err(|_| "it takes too long".to_owned())?
    }

    async fn called(&self, uri: &Uri, form: Option<Form>) -> Result<(StatusCode, Bytes), String> {
        let lost = |e: &dyn std::fmt::Display| e.to_string();
        let authority = uri.authority().ok_or("its address names no host")?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|e| lost(&e))?;
        let port = authority.port_u16().unwrap_or(443);
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|e| lost(&e))?;
        let stream = self.0.connect(name, stream).await.map_err(|e| lost(&e))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| lost(&e))?;
        let connection = tokio::spawn(connection);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder()
            .uri(path)
            .header(HOST, authority.as_str())
            .header(ACCEPT, "application/json");
        let mut body = Full::new(Bytes::new());
        if let Some(Form { encoded, authorization }) = form {
            let kind = "application/x-www-form-urlencoded";
            request = request.method(Method::POST).header(CONTENT_TYPE, kind);
            if let Some(authorization) = authorization {
                request = request.header(AUTHORIZATION, authorization);
            }
            body = Full::new(Bytes::from(encoded));
        }
        let request = request.body(body).map_err(|e| lost(&e))?;
        let answer = async {
            let response = sender.send_request(request).await.map_err(|e| lost(&e))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST).collect().await;
            Ok((status, body.map_err(|e| lost(&e))?.to_bytes()))
        }
        .await;
        connection.abort();
        answer
    }
}
