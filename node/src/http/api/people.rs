//! `/users`

use axum::extract::State;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;

use super::Here;
use crate::admin::people;
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Query};
use crate::permission::Principal;
use schemas::user::{Delegation, User};

#[derive(Deserialize)]
pub(in crate::http) struct At {
    at: Option<Timestamp>,
}

pub(in crate::http) async fn list(
    State(node): Here,
    Query(at): Query<At>,
) -> ApiResult<Json<Vec<User>>> {
    let state = node.context.agency.registry_at(node.context.store.as_ref(), at.at).await?;
    Ok(Json(state.users.values().cloned().collect()))
}

pub(in crate::http) async fn add(
    State(node): Here,
    by: Principal,
    Json(user): Json<User>,
) -> ApiResult<Json<User>> {
    Ok(Json(people::add(&node.context.agency, &by, &user).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Trained {
    on: Timestamp,
}

pub(in crate::http) async fn train(
    State(node): Here,
    by: Principal,
    Path(name): Path<UserName>,
    Json(trained): Json<Trained>,
) -> ApiResult<Json<User>> {
    Ok(Json(people::train(&node.context.agency, &by, &name, trained.on).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Why {
    #[serde(default)]
    reason: Text,
}

pub(in crate::http) async fn disable(
    State(node): Here,
    by: Principal,
    Path(name): Path<UserName>,
    Json(why): Json<Why>,
) -> ApiResult<Json<User>> {
    Ok(Json(people::disable(&node.context.agency, &by, &name, &why.reason).await?))
}

pub(in crate::http) async fn delegate(
    State(node): Here,
    by: Principal,
    Path(name): Path<UserName>,
    Json(delegation): Json<Delegation>,
) -> ApiResult<Json<User>> {
    Ok(Json(people::delegate(&node.context.agency, &by, &name, &delegation).await?))
}
