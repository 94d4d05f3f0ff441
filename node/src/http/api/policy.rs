//! `/policy`

use axum::extract::State;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::policy;
use crate::admin::policy::{Explain, Explained, policy_at};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Query};
use crate::http::state::App;
use crate::permission::{ActError, Principal};

#[derive(Deserialize)]
pub(in crate::http) struct At {
    at: Option<Timestamp>,
}

pub(in crate::http) async fn show(State(app): App, Query(at): Query<At>) -> ApiResult<Json<Value>> {
    let state = app.context.agency.registry_at(at.at).await?;
    let policy = policy_at(&state, at.at)?;
    Ok(Json(json!({ "agency": app.context.agency.id, "policy": policy })))
}

#[derive(Deserialize)]
pub(in crate::http) struct Adopted {
    name: String,
    text: String,
}

pub(in crate::http) async fn adopt(
    State(app): App,
    by: Principal,
    Json(adopted): Json<Adopted>,
) -> ApiResult<Json<Value>> {
    let agency = &app.context.agency;
    let policy = policy::adopt(agency, &by, &adopted.name, &adopted.text).await?;
    Ok(Json(json!({ "agency": agency.id, "policy": policy })))
}

pub(in crate::http) async fn explain(
    State(app): App,
    by: Principal,
    Json(mut wanted): Json<Explain>,
) -> ApiResult<Json<Explained>> {
    wanted.draft.user = by.user.clone();
    Ok(Json(policy::explain(&app.context.agency, &by, &wanted).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Format {
    format: Option<String>,
}

pub(in crate::http) async fn page(
    State(app): App,
    Query(wanted): Query<Format>,
) -> ApiResult<Json<Value>> {
    let page = policy::page(&app.context.agency)?;
    let text = match wanted.format.as_deref() {
        None | Some("html") => page.html(),
        Some("md") => page.markdown(),
        Some(other) => {
            return Err(
                ActError::usage(format!("`{other}` is no format; expected html or md")).into()
            );
        }
    };
    Ok(Json(json!({ "agency": app.context.agency.id, "page": text })))
}
