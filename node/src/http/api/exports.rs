//! `/audit/export` and the proofs of single entries.

use axum::extract::State;
use axum::response::Response;
use serde_json::value::RawValue;
use tokio::sync::mpsc;

use super::lines;
use crate::auditing::export::{Export, begin};
use crate::auditing::proofs::{Proven, prove};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path};
use crate::http::problem::BrokenOff;
use crate::http::state::App;
use crate::permission::{ActError, Principal};
use schemas::bundle::Scope;

/// A bundle, line by line. What fails on the way is a last line `{"error": problem}`.
pub(in crate::http) async fn bundle(
    State(app): App,
    by: Principal,
    Json(scope): Json<Scope>,
) -> ApiResult<Response> {
    let export = begin(&app.context.agency, &app.context.store, &by, scope).await?;
    let (rows, receiver) = mpsc::channel::<Box<RawValue>>(64);
    tokio::spawn(async move {
        if let Err(error) = write(export, &rows).await
            && let Ok(line) = serde_json::value::to_raw_value(&BrokenOff::from(&error))
        {
            drop(rows.send(line).await);
        }
    });
    Ok(lines::response(receiver))
}

async fn write(mut export: Export, rows: &mpsc::Sender<Box<RawValue>>) -> Result<(), ActError> {
    let failed = |e: serde_json::Error| ActError::failed(e.to_string());
    // Nobody reads on: the export ends early, and what its entry says stands.
    let head = serde_json::to_string(&export.head).and_then(RawValue::from_string);
    if rows.send(head.map_err(failed)?).await.is_err() {
        return Ok(());
    }
    loop {
        let lines = export.next().await?;
        if lines.is_empty() {
            return Ok(());
        }
        for line in lines {
            let line = line.to_bytes().map_err(failed)?;
            let line = String::from_utf8(line).map_err(|e| ActError::failed(e.to_string()))?;
            if rows.send(RawValue::from_string(line).map_err(failed)?).await.is_err() {
                return Ok(());
            }
        }
    }
}

/// The proof that an entry stands in the log.
pub(in crate::http) async fn proof(
    State(app): App,
    by: Principal,
    Path(index): Path<u64>,
) -> ApiResult<Json<Proven>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    Ok(Json(prove(agency, store, &by, index).await?))
}
