//! What programs are offered, described for those who write them: OpenAPI 3.1.
//!
//! The document is written from the table of routes and the types that handlers read and write, by a test:
//! `ACCORD_UPDATE=1 cargo nextest run -p node -E 'test(openapi)'`. The same test fails where a route is not in
//! it, or a type has changed since.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

#[cfg(test)]
mod components;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod tests;

/// The document.
pub const DOCUMENT: &str = include_str!("openapi/v1.json");

/// The document, for whoever asks.
pub(super) async fn document() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT)
}
