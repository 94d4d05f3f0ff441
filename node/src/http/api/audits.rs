//! `/audits`

use axum::extract::State;

use crate::auditing::audits::{self, AuditView, Closing, Opening};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path};
use crate::http::state::App;
use crate::permission::Principal;

/// The audits that are open, whoever opened them.
pub(in crate::http) async fn list(
    State(app): App,
    by: Principal,
) -> ApiResult<Json<Vec<AuditView>>> {
    Ok(Json(audits::open_now(&app.context.agency, &by)?))
}

/// Opens one, with its occasion.
pub(in crate::http) async fn open(
    State(app): App,
    by: Principal,
    Json(opening): Json<Opening>,
) -> ApiResult<Json<AuditView>> {
    Ok(Json(audits::open(&app.context.agency, &by, &opening).await?))
}

/// Closes one, with what came of it.
pub(in crate::http) async fn close(
    State(app): App,
    by: Principal,
    Path(audit): Path<u64>,
    Json(closing): Json<Closing>,
) -> ApiResult<Json<AuditView>> {
    Ok(Json(audits::close(&app.context.agency, &by, audit, &closing).await?))
}
