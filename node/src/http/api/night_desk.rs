//! `/users/{name}/night-desk`, and what is done there.

use axum::extract::State;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;

use crate::admin::night_desk;
use crate::admin::user_change::Changed;
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path};
use crate::http::state::App;
use crate::permission::Principal;
use crate::sign_in::{ShiftCard, shift_card};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Until {
    until: Timestamp,
}

pub(in crate::http) async fn seat(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(wanted): Json<Until>,
) -> ApiResult<Json<Changed>> {
    Ok(Json(night_desk::seat(&app.context.agency, &by, &name, wanted.until).await?))
}

pub(in crate::http) async fn end(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
) -> ApiResult<Json<Changed>> {
    Ok(Json(night_desk::end(&app.context.agency, &by, &name).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Identified {
    identified: Text,
}

pub(in crate::http) async fn card(
    State(app): App,
    by: Principal,
    Path(name): Path<UserName>,
    Json(how): Json<Identified>,
) -> ApiResult<Json<ShiftCard>> {
    Ok(Json(shift_card(&app.sign_in, &by, &name, &how.identified).await?))
}
