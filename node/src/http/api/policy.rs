//! `/policy`

use axum::extract::State;
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::explain;
use crate::admin::explain::{Explain, Explained};
use crate::admin::policy;
use crate::admin::policy::policy_at;
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Query};
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

/// The policy that a peer posted here and that was in force at a time.
pub(in crate::http) async fn of_peer(
    State(app): App,
    Path(peer): Path<AgencyId>,
    Query(at): Query<At>,
) -> ApiResult<Json<Value>> {
    let posted = explain::posted(&app.context.agency, &peer, at.at).await?;
    Ok(Json(json!({
        "agency": posted.agency, "version": posted.version, "since": posted.since,
        "text": posted.text,
    })))
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
    Json(wanted): Json<Explain>,
) -> ApiResult<Json<Explained>> {
    Ok(Json(explain::explain(&app.context.agency, &by, &wanted).await?))
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
    Ok(Json(json!({
        "agency": app.context.agency.id, "page": text, "digest": Digest::of(text.as_bytes()),
    })))
}
