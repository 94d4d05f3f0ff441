//! `/users`

use axum::extract::State;
use schemas::attestation::SignedAttestation;
use schemas::attested::Attestation;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::admin::user_change::Changed;
use crate::admin::{people, training};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Query};
use crate::http::state::App;
use crate::permission::Principal;
use schemas::user::{Delegation, User};

#[derive(Deserialize)]
pub(in crate::http) struct At {
    at: Option<Timestamp>,
}

pub(in crate::http) async fn list(
    State(app): App,
    Query(at): Query<At>,
) -> ApiResult<Json<Vec<User>>> {
    let state = app.context.agency.registry_at(at.at).await?;
    Ok(Json(state.users.values().cloned().collect()))
}

pub(in crate::http) async fn add(
    State(app): App,
    by: Principal,
    Json(user): Json<User>,
) -> ApiResult<Json<Changed>> {
    Ok(Json(people::add(&app.context.agency, &by, &user).await?))
}

pub(in crate::http) async fn train(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(training): Json<training::Training>,
) -> ApiResult<Json<Changed>> {
    Ok(Json(training::train(&app.context.agency, &by, &name, &training).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Cleared {
    on: Timestamp,
}

pub(in crate::http) async fn clear(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(cleared): Json<Cleared>,
) -> ApiResult<Json<Changed>> {
    Ok(Json(training::clear(&app.context.agency, &by, &name, cleared.on).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Until {
    until: Timestamp,
}

/// What of a user the agency key is to sign.
pub(in crate::http) async fn attesting(
    State(app): App,
    Path(name): Path<UserName>,
    Query(wanted): Query<Until>,
) -> ApiResult<Json<Attestation>> {
    Ok(Json(people::attesting(&app.context.agency, &name, wanted.until)?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Attested {
    attestation: SignedAttestation,
}

pub(in crate::http) async fn attest(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(Attested { attestation }): Json<Attested>,
) -> ApiResult<Json<Changed>> {
    Ok(Json(people::attest(&app.context.agency, &by, &name, &attestation).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Why {
    #[serde(default)]
    reason: Text,
}

/// Somebody whose access has ended.
#[derive(Serialize)]
pub(in crate::http) struct Disabled {
    #[serde(flatten)]
    changed: Changed,
    /// Her sessions that ended.
    sessions: usize,
}

/// Ends a person's access at once: her sessions are over before this is answered.
pub(in crate::http) async fn disable(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Disabled>> {
    let (changed, sessions) = app.disable(&by, &name, &why.reason).await?;
    Ok(Json(Disabled { changed, sessions }))
}

pub(in crate::http) async fn enable(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
) -> ApiResult<Json<Changed>> {
    Ok(Json(people::enable(&app.context.agency, &by, &name).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Suspended {
    entry: u64,
    reason: Text,
}

pub(in crate::http) async fn suspend(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(suspended): Json<Suspended>,
) -> ApiResult<Json<Changed>> {
    let Suspended { entry, reason } = suspended;
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    Ok(Json(training::suspend(agency, store, &by, &name, (entry, &reason)).await?))
}

pub(in crate::http) async fn review(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
) -> ApiResult<Json<Changed>> {
    Ok(Json(people::review(&app.context.agency, &by, &name).await?))
}

pub(in crate::http) async fn delegate(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(delegation): Json<Delegation>,
) -> ApiResult<Json<Changed>> {
    Ok(Json(app.delegate(&by, &name, &delegation).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Ended {
    title: Text,
}

pub(in crate::http) async fn end_delegation(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(ended): Json<Ended>,
) -> ApiResult<Json<Changed>> {
    Ok(Json(app.end_delegation(&by, &name, &ended.title).await?))
}
