//! How a server of the agency's choice is called, such as its provider of single sign-on or its records
//! system: over TLS, for a bounded time and a bounded answer. Without TLS a server on this machine alone is
//! called. Nothing is sent anywhere else: no redirect is followed.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST};
use hyper::{HeaderMap, Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::cipher_suites;

/// Longest answer, in bytes.
const LARGEST: usize = 256 << 10;

/// A client that trusts some authorities.
pub struct Https {
    tls: TlsConnector,
    longest: Duration,
}

impl std::fmt::Debug for Https {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Https").finish_non_exhaustive()
    }
}

/// An address that can be called over TLS: `https`, with a name.
#[must_use]
pub fn callable(address: &str) -> Option<Uri> {
    bare(address).filter(|uri| uri.scheme_str() == Some("https"))
}

/// An address that can be called over TLS, or that names this machine by its number.
#[must_use]
pub fn callable_or_here(address: &str) -> Option<Uri> {
    let here = |uri: &Uri| {
        let host = uri.host().map(|host| host.trim_matches(['[', ']']));
        let number = host.and_then(|host| host.parse::<std::net::IpAddr>().ok());
        uri.scheme_str() == Some("http") && number.is_some_and(|number| number.is_loopback())
    };
    bare(address).filter(|uri| uri.scheme_str() == Some("https") || here(uri))
}

/// An address without a user and a password in it.
fn bare(address: &str) -> Option<Uri> {
    let uri: Uri = address.parse().ok()?;
    uri.authority().is_some_and(|authority| !authority.as_str().contains('@')).then_some(uri)
}

/// What is posted.
#[derive(Debug)]
pub struct Posted {
    /// Its headers, with its type.
    pub headers: HeaderMap,
    /// Its bytes.
    pub body: Bytes,
}

impl Https {
    /// A client that trusts these authorities, and takes at most `longest` for one request.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn trusting(roots: RootCertStore, longest: Duration) -> Result<Self, rustls::Error> {
        let config = ClientConfig::builder_with_provider(cipher_suites::aes_256_gcm())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), longest })
    }

    /// Calls an address, to post something or to read what is there: the status and the body.
    ///
    /// # Errors
    /// Why none came.
    pub async fn call(
        &self,
        uri: &Uri,
        posted: Option<Posted>,
    ) -> Result<(StatusCode, Bytes), String> {
        let called = tokio::time::timeout(self.longest, self.called(uri, posted));
        called.await.map_err(|_| "it takes too long".to_owned())?
    }

    async fn called(
        &self,
        uri: &Uri,
        posted: Option<Posted>,
    ) -> Result<(StatusCode, Bytes), String> {
        let authority = uri.authority().ok_or("its address names no host")?;
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let secured = uri.scheme_str() != Some("http");
        let port = authority.port_u16().unwrap_or(if secured { 443 } else { 80 });
        let stream = TcpStream::connect((host.as_str(), port)).await.map_err(said)?;
        if secured {
            let name = ServerName::try_from(host).map_err(said)?;
            let stream = self.tls.connect(name, stream).await.map_err(said)?;
            return over(stream, uri, posted).await;
        }
        // Whatever its name leads to: without TLS nothing leaves this machine.
        if !stream.peer_addr().map_err(said)?.ip().is_loopback() {
            return Err("without TLS only this machine is called".to_owned());
        }
        over(stream, uri, posted).await
    }
}

/// One request and its answer.
async fn over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    uri: &Uri,
    posted: Option<Posted>,
) -> Result<(StatusCode, Bytes), String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(said)?;
    let connection = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::new(Full::new(Bytes::new()));
    *request.uri_mut() = path.parse().map_err(said)?;
    if let Some(Posted { headers, body }) = posted {
        *request.method_mut() = Method::POST;
        *request.headers_mut() = headers;
        *request.body_mut() = Full::new(body);
    }
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let headers = request.headers_mut();
    headers.insert(HOST, host.parse().map_err(said)?);
    headers.insert(ACCEPT, hyper::header::HeaderValue::from_static("application/json"));
    let answer = async {
        let response = sender.send_request(request).await.map_err(said)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
        Ok((status, body.map_err(said)?.to_bytes()))
    }
    .await;
    connection.abort();
    answer
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_called_is_secured_or_this_machine_and_holds_no_password() {
        for (address, over_tls, or_here) in [
            ("https://rms.example.org/alpr", true, true),
            ("https://rms.example.org:8443", true, true),
            ("http://127.0.0.1:8080/alpr", false, true),
            ("http://[::1]/alpr", false, true),
            ("http://localhost/alpr", false, false),
            ("http://rms.example.org/alpr", false, false),
            ("http://10.0.0.1/alpr", false, false),
            ("https://user:word@rms.example.org", false, false),
            ("ftp://127.0.0.1", false, false),
            ("/alpr", false, false),
        ] {
            assert_eq!(callable(address).is_some(), over_tls, "{address}");
            assert_eq!(callable_or_here(address).is_some(), or_here, "{address}");
        }
    }
}
