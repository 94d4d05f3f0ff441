//! `/agreements`

use ::agreements::agreement::{Act, Agreement};
use axum::extract::State;
use schemas::authority::AuthorityName;
use schemas::text::Text;
use serde::Deserialize;

use crate::admin::agreements;
use crate::admin::agreements::{
    AdherenceInput, AgreementView, PreparedAdherence, RefusedView, TextChoice,
};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Query};
use crate::http::state::App;
use crate::permission::{ActError, Principal};

pub(in crate::http) async fn list(State(app): App) -> Json<Vec<AgreementView>> {
    Json(agreements::list_with(&app.context.agency, &app.letters_refused()))
}

/// Proposals of peers that were refused here.
pub(in crate::http) async fn refused(State(app): App) -> Json<Vec<RefusedView>> {
    Json(agreements::refused(&app.context.agency))
}

pub(in crate::http) async fn show(
    State(app): App,
    Path(name): Path<AuthorityName>,
    Query(choice): Query<TextChoice>,
) -> ApiResult<Json<AgreementView>> {
    let letters = app.letters_refused();
    Ok(Json(agreements::show_named(&app.context.agency, &name, choice, &letters)?))
}

/// The text that would be signed at this moment.
pub(in crate::http) async fn to_sign(
    State(app): App,
    Path(name): Path<AuthorityName>,
    Query(choice): Query<TextChoice>,
) -> ApiResult<Json<AgreementView>> {
    Ok(Json(agreements::show_to_sign(&app.context.agency, &name, choice)?))
}

#[derive(Deserialize)]
pub(in crate::http) struct PreparingRecorded {
    choice: TextChoice,
    wanted: AdherenceInput,
}

/// What an adherence to a recorded text would say, if that is still the one that was read.
pub(in crate::http) async fn prepare_recorded(
    State(app): App,
    by: Principal,
    Path(name): Path<AuthorityName>,
    Json(preparing): Json<PreparingRecorded>,
) -> ApiResult<Json<PreparedAdherence>> {
    let PreparingRecorded { choice, wanted } = preparing;
    if choice.digest.is_none() {
        return Err(ActError::usage("name the text that was read by its `digest`".into()).into());
    }
    Ok(Json(agreements::prepare_recorded(&app.context.agency, &by, &name, choice, &wanted)?))
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
    let agreement =
        Agreement::from_toml("agreement", &preparing.agreement).map_err(ActError::from)?;
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
    Path(_): Path<AuthorityName>,
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
    Path(name): Path<AuthorityName>,
    Json(notice): Json<Notice>,
) -> ApiResult<Json<AgreementView>> {
    let (agency, keys) = (&app.context.agency, &app.context.keys);
    let Notice { act, reason } = notice;
    let id = agreements::own_side(agency, &name)?;
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
