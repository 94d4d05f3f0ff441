//! `/clock`

use axum::extract::State;
use schemas::text::Text;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::clock;
use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::http::socket::Source;
use crate::http::state::App;
use crate::sign_in::{self, Attempt};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Right {
    reason: Text,
    attempt: Attempt,
}

pub(in crate::http) async fn accept(
    State(app): App,
    Source(source): Source,
    Json(right): Json<Right>,
) -> ApiResult<Json<Value>> {
    // Under a clock that the log refuses no session opens, and those that are open are over by it.
    let by = sign_in::prove_once(&app.sign_in, &right.attempt, &source).await?;
    let done = clock::accept(&app.context.agency, &by, &right.reason).await?;
    app.clock_accepted().await?;
    let accepted = done.accepted;
    Ok(Json(json!({
        "entry": done.entry,
        "at": accepted.at,
        "last": accepted.last,
        "by": accepted.by,
        "reason": accepted.reason,
    })))
}
