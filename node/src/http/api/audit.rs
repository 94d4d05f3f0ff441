//! `/audit`

use axum::extract::State;
use axum::response::Response;
use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::event::audit::EntriesViewed;
use schemas::plate::Plate;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::lines;
use crate::auditing::explaining::{Explained, Explaining, explain as explain_findings};
use crate::auditing::unseen::Unseen;
use crate::auditing::{alarms, entries, who_saw};
use crate::exchange::statements::{Reconciled, Reconciler};
use crate::http::alarms::open;
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Why};
use crate::http::problem::BrokenOff;
use crate::http::state::App;
use crate::permission::{ActError, Principal};
use registry::Raised;

/// Which entries are wanted: those that fit all that is given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "EntriesWanted"))]
pub(in crate::http) struct Wanted {
    peer: Option<AgencyId>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    user: Option<String>,
    plate: Option<Plate>,
    kind: Option<EntryKind>,
    /// Those after this entry.
    after: Option<u64>,
    /// At most so many.
    limit: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "WhoSawPlate"))]
pub(in crate::http) struct OfPlate {
    plate: Plate,
}

/// The line that says why no further entry comes.
fn broken_off(error: impl Into<ActError>) -> Value {
    json!(BrokenOff::from(&error.into()))
}

/// The log, in order. Reading it is an entry too.
pub(in crate::http) async fn log(
    State(app): App,
    by: Principal,
    Json(wanted): Json<Wanted>,
) -> ApiResult<Response> {
    let Wanted { peer, from, until, user, plate, kind, after, limit } = wanted;
    let viewed = EntriesViewed { peer, from, until, user, plate, entry_kind: kind };
    let context = &app.context;
    let listing = entries::list(&context.agency, &context.store, &by, viewed).await?;
    let mut listing = match after {
        Some(after) => listing.after(after),
        None => listing,
    };
    let mut left = limit.unwrap_or(u64::MAX);
    let (rows, receiver) = mpsc::channel::<Value>(64);
    tokio::spawn(async move {
        while left > 0 {
            let step = match listing.next().await {
                Ok(step) if step.is_empty() => return,
                Ok(step) => step,
                Err(error) => {
                    drop(rows.send(broken_off(error)).await);
                    return;
                }
            };
            for row in step.into_iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
                left = left.saturating_sub(1);
                let row = row.map_or_else(broken_off, |entry| entry.to_json());
                if rows.send(row).await.is_err() {
                    return;
                }
            }
        }
    });
    Ok(lines::response(receiver))
}

/// Over how many entries of the log no other agency holds a head, and since when.
pub(in crate::http) async fn unseen(State(app): App) -> ApiResult<Json<Unseen>> {
    let context = &app.context;
    let size = context.agency.log.counters().size;
    Ok(Json(Unseen::of(context.store.as_ref(), size).await.map_err(ActError::from)?))
}

/// Who saw reads of a plate, a line each.
pub(in crate::http) async fn who_saw(
    State(app): App,
    by: Principal,
    Json(OfPlate { plate }): Json<OfPlate>,
) -> ApiResult<Response> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    let (rows, more) = who_saw::who_saw(agency, store, &by, &plate).await?;
    let mut lines: Vec<Value> =
        rows.into_iter().map(|row| row.map_or_else(broken_off, |row| row.to_json())).collect();
    if more {
        let why = format!(
            "these are the newest {} of those who saw it; earlier ones are in `accord audit log --plate`",
            who_saw::MOST
        );
        lines.push(broken_off(ActError::failed_as("too_many", why)));
    }
    Ok(lines::of(lines))
}

/// One entry with its envelopes and its proof.
pub(in crate::http) async fn entry(
    State(app): App,
    by: Principal,
    Path(index): Path<u64>,
) -> ApiResult<Json<Value>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    let whole = who_saw::entry(agency, store, &by, index).await?;
    let entry = whole.entry.map_err(ActError::from)?;
    Ok(Json(json!({
        "entry": entry.to_json(),
        "body": entry.body,
        "envelopes": whole.envelopes,
        "proof": whole.proof,
    })))
}

/// The signed envelopes of one entry, exactly.
pub(in crate::http) async fn envelopes(
    State(app): App,
    by: Principal,
    Path(index): Path<u64>,
) -> ApiResult<Json<Value>> {
    let beside =
        entries::envelopes(&app.context.agency, app.context.store.as_ref(), &by, index).await?;
    Ok(Json(json!({ "index": index, "kind": beside.kind, "envelopes": beside.envelopes })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct With {
    peer: AgencyId,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

pub(in crate::http) async fn reconcile(
    State(app): App,
    by: Principal,
    Json(with): Json<With>,
) -> ApiResult<Json<Reconciled>> {
    let since = with.from.unwrap_or(Timestamp::MIN);
    let until = with.until.unwrap_or(Timestamp::MAX);
    let reconciler = Reconciler::of(&app.context);
    Ok(Json(reconciler.reconcile(app.peers.as_ref(), &by, &with.peer, since, until).await?))
}

/// Says how findings came about.
pub(in crate::http) async fn explain(
    State(app): App,
    by: Principal,
    Json(explaining): Json<Explaining>,
) -> ApiResult<Json<Explained>> {
    let context = &app.context;
    Ok(Json(explain_findings(&context.agency, context.store.as_ref(), &by, explaining).await?))
}

/// Every alarm with what proves it, a line each.
pub(in crate::http) async fn alarms(State(app): App) -> Response {
    lines::of(alarms::list(&app.context.agency))
}

/// Every open alarm in words, a line each.
pub(in crate::http) async fn open_alarms(State(app): App) -> Response {
    lines::of(open(&app.context.agency.registry.state()).collect())
}

pub(in crate::http) async fn resolve(
    State(app): App,
    by: Principal,
    Path(number): Path<u64>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Raised>> {
    let context = &app.context;
    let (agency, observed) = (&context.agency, &context.observed);
    Ok(Json(alarms::resolve(agency, observed, &by, number, &why.reason).await?))
}
