//! `/holds` and `/retention`

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use super::lines;
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Why};
use crate::http::problem::BrokenOff;
use crate::http::state::App;
use crate::permission::Principal;
use crate::retention::holds::{self, HoldRequest, to_json};
use crate::retention::{DESTROY, RetentionReport};

pub(in crate::http) async fn list(State(app): App, by: Principal) -> ApiResult<Json<Vec<Value>>> {
    Ok(Json(holds::list(&app.context.agency, &by)?.iter().map(to_json).collect()))
}

pub(in crate::http) async fn place(
    State(app): App,
    by: Principal,
    Json(wanted): Json<HoldRequest>,
) -> ApiResult<Json<Value>> {
    Ok(Json(to_json(&holds::place(&app.retention, &by, &wanted).await?)))
}

pub(in crate::http) async fn release(
    State(app): App,
    by: Principal,
    Path(number): Path<u64>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Value>> {
    let released = holds::release(&app.context.agency, &by, number, &why.reason).await?;
    Ok(Json(to_json(&released)))
}

pub(in crate::http) async fn status(State(app): App) -> ApiResult<Json<RetentionReport>> {
    Ok(Json(app.retention.status().await?))
}

/// How a run is asked for.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Run {
    #[serde(default)]
    dry_run: bool,
}

/// One line of a run: how far it is, then what it did.
#[derive(Serialize)]
#[serde(untagged)]
enum Line {
    Progress { progress: RetentionReport },
    Done(RetentionReport),
    BrokenOff(BrokenOff),
}

pub(in crate::http) async fn run(
    State(app): App,
    by: Principal,
    Json(run): Json<Run>,
) -> ApiResult<Response> {
    if run.dry_run {
        return Ok(Json(app.retention.status().await?).into_response());
    }
    app.retention.check_may_run(&by)?;
    let (lines, receiver) = mpsc::channel(16);
    tokio::spawn(async move {
        let progress = lines.clone();
        // A client that does not keep up with reading is told less often.
        let told = move |done: &RetentionReport| {
            drop(progress.try_send(Line::Progress { progress: done.clone() }));
        };
        let last = match app.retention.run(&by, DESTROY, &told).await {
            Ok(done) => Line::Done(done),
            Err(error) => Line::BrokenOff(BrokenOff::from(&error)),
        };
        drop(lines.send(last).await);
    });
    Ok(lines::response(receiver))
}
