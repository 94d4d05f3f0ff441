//! The socket of a node, spoken to directly: what the command line would never send.

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use node::sign_in::SignedIn;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::agency::Agency;
use crate::wait::within;

/// From where this process comes to a socket, as sessions and entries name it.
#[must_use]
pub fn here() -> String {
    format!("socket, uid {}", rustix::process::getuid().as_raw())
}

/// Sends a request on a connection of its own to the socket in the home.
///
/// # Panics
/// When nobody answers.
pub async fn send(agency: &Agency, request: Request<Full<Bytes>>) -> Response<Incoming> {
    let stream = UnixStream::connect(agency.home().join("accord.sock")).await.expect("a socket");
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    let mut request = request;
    request.headers_mut().insert(HOST, "accord".parse().expect("a host"));
    within("a response", sender.send_request(request)).await.expect("a response")
}

/// What is answered to `{}` as JSON at this path: the status and the body; a body that is no JSON is
/// null.
///
/// # Panics
/// When nobody answers.
pub async fn ask(
    agency: &Agency,
    method: &str,
    path: &str,
    session: Option<&SignedIn>,
) -> (u16, Value) {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(signed_in) = session {
        request = request.header(AUTHORIZATION, format!("Bearer {}", signed_in.token.as_str()));
    }
    let request = request.header(CONTENT_TYPE, "application/json");
    let request = request.body(Full::new("{}".into())).expect("a request");
    let response = send(agency, request).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}
