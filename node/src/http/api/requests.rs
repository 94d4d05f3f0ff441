//! `/requests`

use axum::extract::State;
use schemas::authority::AuthorityName;

use crate::admin::requests;
use crate::admin::requests::{
    DecisionInput, RecordsAnswer, RecordsRequestInput, RequestView, Submission,
};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path};
use crate::http::state::App;
use crate::permission::Principal;

pub(in crate::http) async fn list(
    State(app): App,
    by: Principal,
) -> ApiResult<Json<Vec<RequestView>>> {
    let agency = &app.context.agency;
    requests::may_read(agency, &by)?;
    Ok(Json(requests::list(agency)))
}

pub(in crate::http) async fn show(
    State(app): App,
    by: Principal,
    Path(name): Path<AuthorityName>,
) -> ApiResult<Json<RequestView>> {
    let agency = &app.context.agency;
    requests::may_read(agency, &by)?;
    Ok(Json(requests::show(agency, &requests::named(agency, &name)?)?))
}

/// The printable sheet.
pub(in crate::http) async fn sheet(
    State(app): App,
    by: Principal,
    Path(name): Path<AuthorityName>,
) -> ApiResult<Json<serde_json::Value>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    let id = requests::named(agency, &name)?;
    let paper = requests::Paper { zone: &app.config.zone(), stylesheet: None };
    let html = requests::sheet(agency, store, &by, &id, &paper).await?;
    Ok(Json(serde_json::json!({ "request": id, "html": html })))
}

pub(in crate::http) async fn record(
    State(app): App,
    by: Principal,
    Json(input): Json<RecordsRequestInput>,
) -> ApiResult<Json<RequestView>> {
    Ok(Json(requests::record(&app.context.agency, &app.retention, &by, &input).await?))
}

pub(in crate::http) async fn close(
    State(app): App,
    by: Principal,
    Path(name): Path<AuthorityName>,
    Json(answer): Json<RecordsAnswer>,
) -> ApiResult<Json<RequestView>> {
    let agency = &app.context.agency;
    let id = requests::named(agency, &name)?;
    Ok(Json(requests::close(agency, &by, &id, &answer).await?))
}

pub(in crate::http) async fn submit(
    State(app): App,
    by: Principal,
    Json(submission): Json<Submission>,
) -> ApiResult<Json<RequestView>> {
    let context = &app.context;
    let (agency, keys, store) = (&context.agency, &context.keys, context.store.as_ref());
    Ok(Json(requests::submit(agency, keys, store, &by, &submission).await?))
}

pub(in crate::http) async fn decide(
    State(app): App,
    by: Principal,
    Path(name): Path<AuthorityName>,
    Json(input): Json<DecisionInput>,
) -> ApiResult<Json<RequestView>> {
    let (agency, keys) = (&app.context.agency, &app.context.keys);
    let id = requests::named(agency, &name)?;
    Ok(Json(requests::decide(agency, keys, &by, &id, &input).await?))
}

pub(in crate::http) async fn withdraw(
    State(app): App,
    by: Principal,
    Path(name): Path<AuthorityName>,
) -> ApiResult<Json<RequestView>> {
    let (agency, keys) = (&app.context.agency, &app.context.keys);
    let id = requests::named(agency, &name)?;
    Ok(Json(requests::withdraw(agency, keys, &by, &id).await?))
}
