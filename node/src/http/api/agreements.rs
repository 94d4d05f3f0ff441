//! `/agreements`

use agreements::agreement::{Act, Agreement};
use axum::Json;
use axum::extract::{Path, Query, State};
use schemas::query::AuthorityId;
use schemas::text::Text;
use serde::Deserialize;

use super::Here;
use crate::admin::agreements::{AgreementRow, Prepared, Wanted};
use crate::http::error::ApiResult;
use crate::permission::Principal;

pub(in crate::http) async fn list(State(node): Here) -> Json<Vec<AgreementRow>> {
    Json(node.context.agreement_rows())
}

#[derive(Deserialize)]
pub(in crate::http) struct Version {
    version: Option<u32>,
}

pub(in crate::http) async fn show(
    State(node): Here,
    Path(id): Path<AuthorityId>,
    Query(wanted): Query<Version>,
) -> ApiResult<Json<AgreementRow>> {
    Ok(Json(node.context.agreement_row(&id, wanted.version)?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Preparing {
    agreement: String,
    wanted: Wanted,
}

pub(in crate::http) async fn prepare(
    State(node): Here,
    by: Principal,
    Json(preparing): Json<Preparing>,
) -> ApiResult<Json<Prepared>> {
    let agreement = Agreement::from_toml("agreement", &preparing.agreement)
        .map_err(crate::permission::ActError::from)?;
    Ok(Json(node.context.prepare_adherence(&by, &agreement, &preparing.wanted)?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Proposal {
    agreement: String,
    adherence: String,
}

pub(in crate::http) async fn propose(
    State(node): Here,
    by: Principal,
    Json(proposal): Json<Proposal>,
) -> ApiResult<Json<AgreementRow>> {
    let row = node.context.propose(&by, &proposal.agreement, &proposal.adherence).await?;
    node.wake();
    Ok(Json(row))
}

#[derive(Deserialize)]
pub(in crate::http) struct Signed {
    adherence: String,
}

pub(in crate::http) async fn adhere(
    State(node): Here,
    by: Principal,
    Path(_): Path<AuthorityId>,
    Json(signed): Json<Signed>,
) -> ApiResult<Json<AgreementRow>> {
    let row = node.context.adhere(&by, &signed.adherence).await?;
    node.wake();
    Ok(Json(row))
}

#[derive(Deserialize)]
pub(in crate::http) struct Notice {
    act: Act,
    reason: Text,
}

pub(in crate::http) async fn notice(
    State(node): Here,
    by: Principal,
    Path(id): Path<AuthorityId>,
    Json(notice): Json<Notice>,
) -> ApiResult<Json<AgreementRow>> {
    let row = node.context.give_notice(&by, &id, notice.act, &notice.reason).await?;
    node.wake();
    Ok(Json(row))
}

#[derive(Deserialize)]
pub(in crate::http) struct Documents {
    envelopes: String,
}

pub(in crate::http) async fn import(
    State(node): Here,
    by: Principal,
    Json(documents): Json<Documents>,
) -> ApiResult<Json<serde_json::Value>> {
    let taken = node.context.import_documents(&by, &documents.envelopes).await?;
    Ok(Json(serde_json::json!({ "recorded": taken })))
}
