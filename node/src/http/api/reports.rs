//! `/audit/report`, `/audit/sample`, `/audit/record`

use axum::extract::State;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::auditing::periodic::{self, Audited, Sample, Sampling};
use crate::auditing::reports;
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Query};
use crate::http::state::App;
use crate::permission::Principal;
use audit::report::{Kind, Report};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Wanted {
    kind: Kind,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

pub(in crate::http) async fn report(
    State(app): App,
    by: Principal,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Json<Report>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    let Wanted { kind, from, until } = wanted;
    let usual = app.context.bounds.usual();
    Ok(Json(reports::make(agency, store, &by, kind, from, until, &usual).await?))
}

pub(in crate::http) async fn sample(
    State(app): App,
    by: Principal,
    Json(wanted): Json<Sampling>,
) -> ApiResult<Json<Sample>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    Ok(Json(periodic::sample(agency, store, &by, &wanted).await?))
}

pub(in crate::http) async fn record(
    State(app): App,
    by: Principal,
    Json(audited): Json<Audited>,
) -> ApiResult<Json<Value>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    Ok(Json(periodic::record(agency, store, &by, &audited).await?))
}
