//! `/backup`

use axum::extract::State;

use crate::backup::create::{BackUp, Made, back_up};
use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::http::state::App;
use crate::permission::Principal;

pub(in crate::http) async fn make(
    State(app): App,
    by: Principal,
    Json(asked): Json<BackUp>,
) -> ApiResult<Json<Made>> {
    let context = &app.context;
    let made = back_up(&context.agency, context.store.as_ref(), &by, &app.home, &asked).await?;
    Ok(Json(made))
}
