//! `/audit/report`, `/audit/sample`, `/audit/record`

use axum::extract::State;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Here;
use crate::auditing::periodic::{Audited, Sample, Sampling};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Query};
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
    State(node): Here,
    by: Principal,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Json<Report>> {
    Ok(Json(node.context.report(&by, wanted.kind, wanted.from, wanted.until).await?))
}

pub(in crate::http) async fn sample(
    State(node): Here,
    by: Principal,
    Json(wanted): Json<Sampling>,
) -> ApiResult<Json<Sample>> {
    Ok(Json(node.context.sample(&by, &wanted).await?))
}

pub(in crate::http) async fn record(
    State(node): Here,
    by: Principal,
    Json(audited): Json<Audited>,
) -> ApiResult<Json<Value>> {
    Ok(Json(node.context.record_audit(&by, &audited).await?))
}
