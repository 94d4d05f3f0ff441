//! `/clock`

use axum::extract::State;
use schemas::text::Text;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::clock;
use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::http::state::App;
use crate::permission::Principal;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Why {
    reason: Text,
}

pub(in crate::http) async fn accept(
    State(app): App,
    by: Principal,
    Json(why): Json<Why>,
) -> ApiResult<Json<Value>> {
    let done = clock::accept(&app.context.agency, &by, &why.reason).await?;
    app.clock_accepted();
    let accepted = done.accepted;
    Ok(Json(json!({
        "entry": done.entry,
        "at": accepted.at,
        "last": accepted.last,
        "by": accepted.by,
        "reason": accepted.reason,
    })))
}
