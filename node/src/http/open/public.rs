//! `/public`: what the official released, as it was released, and the proof that this is on record. Nothing
//! of it is made here, and nothing is shown that was not released.

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use schemas::digest::Digest;
use schemas::event::audit::Shown;

use crate::http::problem::Problem;
use crate::http::state::{App, AppState};
use audit::public::{PublicReport, csv, page};

const HTML: &str = "text/html; charset=utf-8";
const CSV: &str = "text/csv; charset=utf-8";
const JSON: &str = "application/json";

/// The page of the policy.
pub(super) async fn policy(State(app): App) -> Response {
    match released(&app, Shown::Page) {
        Some(bytes) => ([(CONTENT_TYPE, HTML)], bytes).into_response(),
        None => nothing(),
    }
}

pub(super) async fn json(State(app): App) -> Response {
    match released(&app, Shown::Report) {
        Some(bytes) => ([(CONTENT_TYPE, JSON)], bytes).into_response(),
        None => nothing(),
    }
}

pub(super) async fn table(State(app): App) -> Response {
    rendered(&app, CSV, csv)
}

pub(super) async fn html(State(app): App) -> Response {
    rendered(&app, HTML, page)
}

fn rendered(app: &AppState, sort: &'static str, render: fn(&PublicReport) -> String) -> Response {
    let report = released(app, Shown::Report).and_then(|bytes| PublicReport::read(&bytes).ok());
    match report {
        Some(report) => ([(CONTENT_TYPE, sort)], render(&report)).into_response(),
        None => nothing(),
    }
}

/// The entry that says that the report is shown, opened, with the proof of its place: as it was made at the
/// release.
pub(super) async fn proof(State(app): App) -> Response {
    if released(&app, Shown::Report).is_none() {
        return nothing();
    }
    match std::fs::read(app.home.public_report_proof()) {
        Ok(proof) => ([(CONTENT_TYPE, JSON)], proof).into_response(),
        Err(error) => {
            tracing::error!(%error, "the proof of what was released is not in the home; release it again");
            nothing()
        }
    }
}

/// The exact bytes that were released, if they still are what the home holds.
fn released(app: &AppState, shown: Shown) -> Option<Vec<u8>> {
    let state = app.context.agency.registry.state();
    let release = state.public.of(shown)?;
    let path = match shown {
        Shown::Page => app.home.public_page(),
        Shown::Report => app.home.public_report(),
    };
    let bytes = std::fs::read(path).ok()?;
    if Digest::of(&bytes) == release.digest {
        return Some(bytes);
    }
    tracing::error!(?shown, "the file in the home is not what was released; it is not shown");
    None
}

fn nothing() -> Response {
    let why = "this agency has released nothing of the kind to the public";
    Problem::new(StatusCode::NOT_FOUND, "not_released", why).into_response()
}
