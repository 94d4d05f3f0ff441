//! `/users`

use axum::extract::State;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::admin::people;
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
) -> ApiResult<Json<people::Changed>> {
    Ok(Json(people::add(&app.context.agency, &by, &user).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Trained {
    on: Timestamp,
}

pub(in crate::http) async fn train(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(trained): Json<Trained>,
) -> ApiResult<Json<people::Changed>> {
    Ok(Json(people::train(&app.context.agency, &by, &name, trained.on).await?))
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
    changed: people::Changed,
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
) -> ApiResult<Json<people::Changed>> {
    Ok(Json(people::enable(&app.context.agency, &by, &name).await?))
}

pub(in crate::http) async fn review(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
) -> ApiResult<Json<people::Changed>> {
    Ok(Json(people::review(&app.context.agency, &by, &name).await?))
}

pub(in crate::http) async fn delegate(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(delegation): Json<Delegation>,
) -> ApiResult<Json<people::Changed>> {
    Ok(Json(app.delegate(&by, &name, &delegation).await?))
}
