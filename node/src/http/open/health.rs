//! `/healthz` and `/readyz`

use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::http::problem::Problem;
use crate::http::state::App;

/// The process answers.
pub(in crate::http) async fn alive() -> &'static str {
    "ok\n"
}

/// Whether exchanges can be served; with what stands in the way, 503.
pub(in crate::http) async fn ready(State(app): App) -> ApiResult<Json<Value>> {
    let problems = app.problems().await;
    if problems.is_empty() {
        return Ok(Json(json!({ "ready": true })));
    }
    let why = problems.join("; ");
    let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", why);
    Err(problem.with("ready", false).into())
}
