//! `/agreements`

use ::agreements::agreement::{Act, Agreement};
use axum::extract::State;
use schemas::query::AuthorityId;
use schemas::text::Text;
use serde::Deserialize;

use crate::admin::agreements;
use crate::admin::agreements::{AdherenceInput, AgreementView, PreparedAdherence};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Query};
use crate::http::state::App;
use crate::permission::Principal;

pub(in crate::http) async fn list(State(app): App) -> Json<Vec<AgreementView>> {
    Json(agreements::list(&app.context.agency))
}

#[derive(Deserialize)]
pub(in crate::http) struct Version {
    version: Option<u32>,
}

pub(in crate::http) async fn show(
    State(app): App,
    Path(id): Path<AuthorityId>,
    Query(wanted): Query<Version>,
) -> ApiResult<Json<AgreementView>> {
    Ok(Json(agreements::show(&app.context.agency, &id, wanted.version)?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Preparing {
    agreement: String,
    wanted: AdherenceInput,
}

pub(in crate::http) async fn prepare(
    State(app): App,
    by: Principal,
    Json(preparing): Json<Preparing>,
) -> ApiResult<Json<PreparedAdherence>> {
    let agreement = Agreement::from_toml("agreement", &preparing.agreement)
        .map_err(crate::permission::ActError::from)?;
    let agency = &app.context.agency;
    Ok(Json(agreements::prepare_adherence(agency, &by, &agreement, &preparing.wanted)?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Proposal {
    agreement: String,
    adherence: String,
}

pub(in crate::http) async fn propose(
    State(app): App,
    by: Principal,
    Json(proposal): Json<Proposal>,
) -> ApiResult<Json<AgreementView>> {
    let Proposal { agreement, adherence } = proposal;
    Ok(Json(agreements::propose(&app.context.agency, &by, &agreement, &adherence).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Signed {
    adherence: String,
}

pub(in crate::http) async fn adhere(
    State(app): App,
    by: Principal,
    Path(_): Path<AuthorityId>,
    Json(signed): Json<Signed>,
) -> ApiResult<Json<AgreementView>> {
    Ok(Json(agreements::adhere(&app.context.agency, &by, &signed.adherence).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Notice {
    act: Act,
    reason: Text,
}

pub(in crate::http) async fn notice(
    State(app): App,
    by: Principal,
    Path(id): Path<AuthorityId>,
    Json(notice): Json<Notice>,
) -> ApiResult<Json<AgreementView>> {
    let (agency, keys) = (&app.context.agency, &app.context.keys);
    let Notice { act, reason } = notice;
    Ok(Json(agreements::give_notice(agency, keys, &by, &id, act, &reason).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Documents {
    envelopes: String,
}

pub(in crate::http) async fn import(
    State(app): App,
    by: Principal,
    Json(documents): Json<Documents>,
) -> ApiResult<Json<serde_json::Value>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    let taken = agreements::import(agency, store, &by, &documents.envelopes).await?;
    Ok(Json(serde_json::json!({ "recorded": taken })))
}
