//! `/audit`

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use schemas::agency::AgencyId;
use schemas::entry::EntryKind;
use schemas::plate::Plate;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::Here;
use super::lines;
use crate::exchange::statements::{Reconciled, Reconciler};
use crate::http::error::ApiResult;
use crate::permission::{Permission, Principal, authorize};
use audit::view::Viewed;
use audit_log::entry::Entry;
use registry::Raised;
use store::EntryFilter;

/// Entries read at a time.
const STEP: u32 = 500;

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

/// The log, in order. Reading it is an entry too.
pub(in crate::http) async fn log(
    State(node): Here,
    by: Principal,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Response> {
    let context = node.context.clone();
    let state = context.agency.registry.state();
    let user = authorize(&state, &by, Permission::Audit, context.agency.clock.now())?;
    let mut entry = Entry::new(EntryKind::AuditViewed, context.agency.actor(user, &by));
    let plate = wanted.plate.as_ref().map(ToString::to_string);
    for (key, value) in [
        ("peer", wanted.peer.as_ref().map(ToString::to_string)),
        ("from", wanted.from.map(|at| at.to_string())),
        ("until", wanted.until.map(|at| at.to_string())),
        ("user", wanted.user.clone()),
        ("plate", plate.clone()),
        ("kind", wanted.kind.map(|kind| kind.to_string())),
    ] {
        if let Some(value) = value {
            entry = entry.with_detail(key, value);
        }
    }
    let viewed_at = context.agency.log.append(entry).await?.position().index;
    let filter = EntryFilter {
        peer: wanted.peer,
        from: wanted.from,
        until: wanted.until,
        kind: wanted.kind,
        user: wanted.user,
        plate,
        ..EntryFilter::default()
    };
    let (rows, receiver) = mpsc::channel::<Value>(64);
    tokio::spawn(async move {
        let mut start = 0;
        while start < viewed_at {
            let step = match context.store.entries(&filter, start, STEP).await {
                Ok(step) => step,
                Err(error) => {
                    drop(rows.send(serde_json::json!({ "error": error.to_string() })).await);
                    return;
                }
            };
            let full = step.len() == STEP as usize;
            for entry in &step {
                let row = match Viewed::of(entry) {
                    Ok(viewed) => {
                        start = viewed.header.index.saturating_add(1);
                        if viewed.header.index >= viewed_at {
                            return;
                        }
                        viewed.to_json()
                    }
                    Err(error) => serde_json::json!({ "error": error.to_string() }),
                };
                if rows.send(row).await.is_err() {
                    return;
                }
            }
            if !full {
                return;
            }
        }
    });
    Ok(lines::response(receiver))
}

/// The signed envelopes of one entry, exactly.
pub(in crate::http) async fn envelopes(
    State(node): Here,
    by: Principal,
    Path(index): Path<u64>,
) -> ApiResult<Json<Value>> {
    let beside = node.context.envelopes_of(&by, index).await?;
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
    State(node): Here,
    by: Principal,
    Json(with): Json<With>,
) -> ApiResult<Json<Reconciled>> {
    let since = with.from.unwrap_or(Timestamp::MIN);
    let until = with.until.unwrap_or(Timestamp::MAX);
    let reconciler = Reconciler::of(&node.context);
    Ok(Json(reconciler.reconcile(node.peers.as_ref(), &by, &with.peer, since, until).await?))
}

pub(in crate::http) async fn alarms(State(node): Here) -> Json<Vec<Raised>> {
    Json(node.context.alarms())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Why {
    reason: Text,
}

pub(in crate::http) async fn resolve(
    State(node): Here,
    by: Principal,
    Path(number): Path<u64>,
    Json(why): Json<Why>,
) -> ApiResult<Json<Raised>> {
    Ok(Json(node.context.resolve_alarm(&by, number, &why.reason).await?))
}
