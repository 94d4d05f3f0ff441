//! `/requests`

use axum::Json;
use axum::extract::{Path, State};
use schemas::query::AuthorityId;

use super::Here;
use crate::admin::requests::{Judgement, Received, RequestRow, Submission};
use crate::http::error::ApiResult;
use crate::permission::Principal;

pub(in crate::http) async fn list(State(node): Here) -> Json<Vec<RequestRow>> {
    Json(node.context.request_rows())
}

pub(in crate::http) async fn show(
    State(node): Here,
    Path(id): Path<AuthorityId>,
) -> ApiResult<Json<RequestRow>> {
    Ok(Json(node.context.request_row(&id)?))
}

/// The printable sheet.
pub(in crate::http) async fn sheet(
    State(node): Here,
    by: Principal,
    Path(id): Path<AuthorityId>,
) -> ApiResult<Json<serde_json::Value>> {
    let html = node.context.request_sheet(&by, &id).await?;
    Ok(Json(serde_json::json!({ "request": id, "html": html })))
}

pub(in crate::http) async fn record(
    State(node): Here,
    by: Principal,
    Json(received): Json<Received>,
) -> ApiResult<Json<RequestRow>> {
    Ok(Json(node.context.record_request(&by, &received).await?))
}

pub(in crate::http) async fn submit(
    State(node): Here,
    by: Principal,
    Json(submission): Json<Submission>,
) -> ApiResult<Json<RequestRow>> {
    let row = node.context.submit_request(&by, &submission).await?;
    node.wake();
    Ok(Json(row))
}

pub(in crate::http) async fn decide(
    State(node): Here,
    by: Principal,
    Path(id): Path<AuthorityId>,
    Json(judgement): Json<Judgement>,
) -> ApiResult<Json<RequestRow>> {
    let row = node.context.decide_request(&by, &id, &judgement).await?;
    node.wake();
    Ok(Json(row))
}

pub(in crate::http) async fn withdraw(
    State(node): Here,
    by: Principal,
    Path(id): Path<AuthorityId>,
) -> ApiResult<Json<RequestRow>> {
    let row = node.context.withdraw_request(&by, &id).await?;
    node.wake();
    Ok(Json(row))
}
