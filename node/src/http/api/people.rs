//! `/users`

use axum::Json;
use axum::extract::{Path, Query, State};
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;

use super::Here;
use crate::http::error::ApiResult;
use crate::permission::By;
use registry::{Delegation, User};

#[derive(Deserialize)]
pub(in crate::http) struct At {
    at: Option<Timestamp>,
}

pub(in crate::http) async fn list(
    State(node): Here,
    Query(at): Query<At>,
) -> ApiResult<Json<Vec<User>>> {
    let state = node.office.registry_at(at.at).await?;
    Ok(Json(state.users.values().cloned().collect()))
}

pub(in crate::http) async fn add(
    State(node): Here,
    by: By,
    Json(user): Json<User>,
) -> ApiResult<Json<User>> {
    Ok(Json(node.office.add_user(&by, &user).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Trained {
    on: Timestamp,
}

pub(in crate::http) async fn train(
    State(node): Here,
    by: By,
    Path(name): Path<UserName>,
    Json(trained): Json<Trained>,
) -> ApiResult<Json<User>> {
    Ok(Json(node.office.train_user(&by, &name, trained.on).await?))
}

#[derive(Deserialize)]
pub(in crate::http) struct Why {
    #[serde(default)]
    reason: Text,
}

pub(in crate::http) async fn disable(
    State(node): Here,
    by: By,
    Path(name): Path<UserName>,
    Json(why): Json<Why>,
) -> ApiResult<Json<User>> {
    Ok(Json(node.office.disable_user(&by, &name, &why.reason).await?))
}

pub(in crate::http) async fn delegate(
    State(node): Here,
    by: By,
    Path(name): Path<UserName>,
    Json(delegation): Json<Delegation>,
) -> ApiResult<Json<User>> {
    Ok(Json(node.office.delegate(&by, &name, &delegation).await?))
}
