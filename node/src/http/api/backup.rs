//! `/backup`

use axum::extract::State;

use super::Here;
use crate::backup::create::{BackUp, Made};
use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::permission::Principal;

pub(in crate::http) async fn make(
    State(node): Here,
    by: Principal,
    Json(asked): Json<BackUp>,
) -> ApiResult<Json<Made>> {
    Ok(Json(node.context.back_up(&by, &node.home, &asked).await?))
}
