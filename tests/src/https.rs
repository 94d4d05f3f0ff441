//! The HTTPS side of a node, as cameras, monitoring and field units reach it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::Request;
use hyper::body::{Bytes, Frame};
use node::http::pinned::Pinned;
use schemas::digest::Digest;

use crate::agency::Agency;
use crate::wait::within;

/// The digest of the key of a node's certificate, which its callers pin.
///
/// # Panics
/// When the node has no HTTPS side.
#[must_use]
pub fn pin(agency: &Agency) -> Digest {
    agency.node().app.certificate.as_ref().expect("an HTTPS side").certificate().pin
}

/// Where a node's HTTPS side listens.
///
/// # Panics
/// When the node has none.
#[must_use]
pub fn address(agency: &Agency) -> SocketAddr {
    agency.node().app.config.http.expect("an HTTPS side")
}

/// Sends a request to a node; the status and the text of the response.
pub async fn send(
    agency: &Agency,
    method: &str,
    path: &str,
    authorization: Option<&str>,
    body: impl Into<Bytes>,
) -> (u16, String) {
    let headers: Vec<_> = authorization.iter().map(|value| ("authorization", *value)).collect();
    send_with(agency, method, path, &headers, body).await
}

/// As [`send`], with these headers.
pub async fn send_with(
    agency: &Agency,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> (u16, String) {
    let at = address(agency).to_string();
    send_to(&at, pin(agency), method, path, headers, body).await
}

/// As [`send`], to whoever listens at `at`, which is `HOST:PORT`, with the key of `pin`.
///
/// # Panics
/// When no response comes, or the key is another.
pub async fn send_to(
    at: &str,
    pin: Digest,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> (u16, String) {
    let client = Pinned::at(&format!("https://{at}"), pin).expect("a client");
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Full::new(body.into()).map_err(|never| match never {}).boxed_unsync();
    let request = request.body(body).expect("a request");
    let response = within("a response", client.send(request)).await.expect("a response");
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// Sends a node a body that never ends, of which a byte comes each second; the status of what it says, if
/// anything.
pub fn drips(
    agency: &Agency,
    path: &str,
    token: &str,
) -> impl Future<Output = Option<u16>> + Send + use<> {
    drips_at(&address(agency).to_string(), pin(agency), path, token)
}

/// As [`drips`], again and again: whoever is turned away, since somebody else is served at that moment, comes
/// once more.
pub fn keeps_dripping(
    agency: &Agency,
    path: &str,
    token: &str,
) -> impl Future<Output = ()> + Send + use<> {
    let (at, pin) = (address(agency).to_string(), pin(agency));
    let (path, token) = (path.to_owned(), token.to_owned());
    async move {
        loop {
            drips_at(&at, pin, &path, &token).await;
        }
    }
}

/// As [`drips`], to whoever listens at `at`, which is `HOST:PORT`, with the key of `pin`.
///
/// # Panics
/// Where that is no address.
pub fn drips_at(
    at: &str,
    pin: Digest,
    path: &str,
    token: &str,
) -> impl Future<Output = Option<u16>> + Send + use<> {
    let client = Pinned::at(&format!("https://{at}"), pin).expect("a client");
    let drops = futures::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"\n"))), ()))
    });
    let body = StreamBody::new(Box::pin(drops)).map_err(|never| match never {});
    let request = Request::post(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    let request = request.body(body.boxed_unsync()).expect("a request");
    async move { client.send(request).await.ok().map(|response| response.status().as_u16()) }
}
