//! What stands before every page: forms come from this origin, and browsers are told what a page may do.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, ORIGIN, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::page::problem_page;
use crate::config::Origin;

/// A page shows what is on it: no script but its own, nothing of elsewhere, in nobody's frame.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'",
);

/// Lets nothing through that changes something unless it comes from a page of this origin.
pub(super) async fn same_origin(
    State(origin): State<Arc<Origin>>,
    request: Request,
    next: Next,
) -> Response {
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let from = request.headers().get(ORIGIN).and_then(|value| value.to_str().ok());
    if reading || from == Some(origin.as_str()) {
        return next.run(request).await;
    }
    let said = format!(
        "this form was not sent by a page of {origin}, so nothing was done; open {origin} and begin there"
    );
    problem_page(StatusCode::FORBIDDEN, &said)
}

/// What every response tells the browser.
pub(super) async fn headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // Without any referrer a browser sends forms from the origin `null`.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
