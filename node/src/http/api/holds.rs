//! `/holds` and `/retention`

use axum::Json;
use axum::extract::{Path, State};
use schemas::text::Text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Here;
use crate::acts::By;
use crate::acts::holds::{Placement, to_json};
use crate::acts::retention::{PAUSE, Retained};
use crate::http::error::ApiResult;

pub(in crate::http) async fn list(State(node): Here, by: By) -> ApiResult<Json<Vec<Value>>> {
    Ok(Json(node.office.holds(&by)?.iter().map(to_json).collect()))
}

pub(in crate::http) async fn place(
    State(node): Here,
    by: By,
    Json(placement): Json<Placement>,
) -> ApiResult<Json<Value>> {
    Ok(Json(to_json(&node.office.place_hold(&by, &placement).await?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Why {
    reason: Text,
}

pub(in crate::http) async fn release(
    State(node): Here,
    by: By,
    Path(number): Path<u64>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Value>> {
    Ok(Json(to_json(&node.office.release_hold(&by, number, &why.reason).await?)))
}

pub(in crate::http) async fn status(State(node): Here) -> ApiResult<Json<Retained>> {
    Ok(Json(node.office.retention_status().await?))
}

/// How a run is asked for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Run {
    #[serde(default)]
    dry_run: bool,
}

pub(in crate::http) async fn run(
    State(node): Here,
    by: By,
    Json(run): Json<Run>,
) -> ApiResult<Json<Retained>> {
    let done = if run.dry_run {
        node.office.retention_status().await?
    } else {
        node.office.run_retention(&by, PAUSE).await?
    };
    Ok(Json(done))
}
