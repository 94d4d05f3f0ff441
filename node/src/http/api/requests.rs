//! `/requests`

use axum::Json;
use axum::extract::{Path, State};
use schemas::query::AuthorityId;

use super::Here;
use crate::admin::requests::{Judgement, Received, RequestRow, Submission};
use crate::http::error::ApiResult;
use crate::permission::By;

pub(in crate::http) async fn list(State(node): Here) -> Json<Vec<RequestRow>> {
    Json(node.office.request_rows())
}

pub(in crate::http) async fn show(
    State(node): Here,
    Path(id): Path<AuthorityId>,
) -> ApiResult<Json<RequestRow>> {
    Ok(Json(node.office.request_row(&id)?))
}

/// The printable sheet.
pub(in crate::http) async fn sheet(
    State(node): Here,
    by: By,
    Path(id): Path<AuthorityId>,
) -> ApiResult<Json<serde_json::Value>> {
    let html = node.office.request_sheet(&by, &id).await?;
    Ok(Json(serde_json::json!({ "request": id, "html": html })))
}

pub(in crate::http) async fn record(
    State(node): Here,
    by: By,
    Json(received): Json<Received>,
) -> ApiResult<Json<RequestRow>> {
    Ok(Json(node.office.record_request(&by, &received).await?))
}

pub(in crate::http) async fn submit(
    State(node): Here,
    by: By,
    Json(submission): Json<Submission>,
) -> ApiResult<Json<RequestRow>> {
    let row = node.office.submit_request(&by, &submission).await?;
    node.wake();
    Ok(Json(row))
}

pub(in crate::http) async fn decide(
    State(node): Here,
    by: By,
    Path(id): Path<AuthorityId>,
    Json(judgement): Json<Judgement>,
) -> ApiResult<Json<RequestRow>> {
    let row = node.office.decide_request(&by, &id, &judgement).await?;
    node.wake();
    Ok(Json(row))
}

pub(in crate::http) async fn withdraw(
    State(node): Here,
    by: By,
    Path(id): Path<AuthorityId>,
) -> ApiResult<Json<RequestRow>> {
    let row = node.office.withdraw_request(&by, &id).await?;
    node.wake();
    Ok(Json(row))
}
