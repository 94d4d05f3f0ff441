//! `/duties`

use axum::extract::State;
use schemas::event::audit::EvidenceBooked;
use schemas::event::people::DutyRecorded;

use crate::auditing::duties::{self, Done, Due};
use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::http::state::App;
use crate::permission::{Principal, authorize_overseer};

/// What is due, for who administers or audits.
pub(in crate::http) async fn list(State(app): App, by: Principal) -> ApiResult<Json<Vec<Due>>> {
    let agency = &app.context.agency;
    drop(authorize_overseer(&agency.registry.state(), &by, agency.clock.now())?);
    Ok(Json(duties::due(agency, app.context.store.as_ref()).await?))
}

pub(in crate::http) async fn record(
    State(app): App,
    by: Principal,
    Json(done): Json<Done>,
) -> ApiResult<Json<DutyRecorded>> {
    Ok(Json(duties::record(&app.context.agency, &by, &done).await?))
}

pub(in crate::http) async fn book(
    State(app): App,
    by: Principal,
    Json(booked): Json<EvidenceBooked>,
) -> ApiResult<Json<EvidenceBooked>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    Ok(Json(duties::book(agency, store, &by, &booked).await?))
}
