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
use crate::auditing::unseen::Unseen;
use crate::auditing::{alarms, entries};
use crate::exchange::statements::{Reconciled, Reconciler};
use crate::http::alarms::open;
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path, Query, Why};
use crate::http::problem::BrokenOff;
use crate::http::state::App;
use crate::permission::{ActError, Principal};
use registry::Raised;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Wanted {
    peer: Option<AgencyId>,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    user: Option<String>,
    plate: Option<Plate>,
    kind: Option<EntryKind>,
}

/// The line that says why no further entry comes.
fn broken_off(error: impl Into<ActError>) -> Value {
    json!(BrokenOff::from(&error.into()))
}

/// The log, in order. Reading it is an entry too.
pub(in crate::http) async fn log(
    State(app): App,
    by: Principal,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Response> {
    let Wanted { peer, from, until, user, plate, kind } = wanted;
    let viewed = EntriesViewed { peer, from, until, user, plate, entry_kind: kind };
    let context = &app.context;
    let mut listing = entries::list(&context.agency, &context.store, &by, viewed).await?;
    let (rows, receiver) = mpsc::channel::<Value>(64);
    tokio::spawn(async move {
        loop {
            let step = match listing.next().await {
                Ok(step) if step.is_empty() => return,
                Ok(step) => step,
                Err(error) => {
                    drop(rows.send(broken_off(error)).await);
                    return;
                }
            };
            for row in step {
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
