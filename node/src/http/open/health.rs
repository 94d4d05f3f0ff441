//! `/healthz` and `/readyz`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::api::Here;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether exchanges can be served; with what stands in the way, 503.
pub(super) async fn ready(State(node): Here) -> (StatusCode, Json<Value>) {
    let problems = node.problems().await;
    let status = if problems.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut said = json!({ "ready": problems.is_empty() });
    if let (false, Some(said)) = (problems.is_empty(), said.as_object_mut()) {
        said.insert("error".into(), problems.join("; ").into());
    }
    (status, Json(said))
}
