//! `/backup`

use axum::extract::State;

use super::Here;
use crate::backup::create::{BackUp, Made, back_up};
use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::permission::Principal;

pub(in crate::http) async fn make(
    State(node): Here,
    by: Principal,
    Json(asked): Json<BackUp>,
) -> ApiResult<Json<Made>> {
    let context = &node.context;
    let made = back_up(&context.agency, context.store.as_ref(), &by, &node.home, &asked).await?;
    Ok(Json(made))
}
