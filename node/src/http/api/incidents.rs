//! `/audit/incident`

use axum::extract::State;
use schemas::event::audit::IncidentTold;

use crate::auditing::incident::{self, Told, Wanted};
use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::http::state::App;
use crate::permission::Principal;
use audit::report::incident::Incident;

pub(in crate::http) async fn report(
    State(app): App,
    by: Principal,
    Json(wanted): Json<Wanted>,
) -> ApiResult<Json<Incident>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    Ok(Json(incident::report(agency, store, &by, &wanted).await?))
}

pub(in crate::http) async fn told(
    State(app): App,
    by: Principal,
    Json(told): Json<Told>,
) -> ApiResult<Json<IncidentTold>> {
    Ok(Json(incident::told(&app.context.agency, &by, &told).await?))
}
