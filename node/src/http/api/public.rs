//! `/public`: what the public may see, made and released

use axum::extract::State;
use schemas::digest::Digest;
use schemas::event::audit::Shown;
use schemas::text::Text;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::admin::policy;
use crate::auditing::public::{self, Release};
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Query};
use crate::http::state::App;
use crate::permission::{ActError, Principal};
use audit::public::PublicReport;
use host::home::replace_private;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Wanted {
    /// The entry of one that was made.
    entry: Option<u64>,
    #[serde(default)]
    in_parts: bool,
}

/// A new report, or one that was made, made again.
pub(in crate::http) async fn report(
    State(app): App,
    by: Principal,
    Query(wanted): Query<Wanted>,
) -> ApiResult<Json<PublicReport>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    Ok(Json(match wanted.entry {
        Some(entry) => public::again(agency, store, &by, entry).await?,
        None => public::make(agency, store, &by, wanted.in_parts).await?,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Released {
    shown: Shown,
    digest: Digest,
    entry: Option<u64>,
}

pub(in crate::http) async fn release(
    State(app): App,
    by: Principal,
    Json(released): Json<Released>,
) -> ApiResult<Json<Value>> {
    let (agency, store) = (&app.context.agency, app.context.store.as_ref());
    let page = policy::page(agency)?.html();
    let (what, path) = match (released.shown, released.entry) {
        (Shown::Page, _) => (Release::Page(&page), app.home.public_page()),
        (Shown::Report, Some(entry)) => (Release::Report(entry), app.home.public_report()),
        (Shown::Report, None) => {
            let why = "a report is released by the entry that records it; give --entry";
            return Err(ActError::usage(why.into()).into());
        }
    };
    let done = public::release(agency, store, &by, &what, released.digest).await?;
    let unshown = |e: String| {
        ActError::failed(format!("it is released, and cannot be shown yet: {e}; release it again"))
    };
    let proof = public::show(agency, store, released.shown, &done).await;
    let proof = proof.map_err(|e| unshown(e.to_string()))?;
    if released.shown == Shown::Report {
        let proof = serde_json::to_vec(&proof).map_err(|e| unshown(e.to_string()))?;
        let path = app.home.public_report_proof();
        replace_private(&path, &proof).map_err(|e| unshown(e.to_string()))?;
    }
    // Last: of another file than what was released nothing is shown, nor its proof.
    replace_private(&path, &done.bytes).map_err(|e| unshown(e.to_string()))?;
    Ok(Json(json!({ "shown": released.shown, "digest": released.digest })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Withdrawn {
    shown: Shown,
    reason: Text,
}

pub(in crate::http) async fn withdraw(
    State(app): App,
    by: Principal,
    Json(withdrawn): Json<Withdrawn>,
) -> ApiResult<Json<Value>> {
    let Withdrawn { shown, reason } = withdrawn;
    public::withdraw(&app.context.agency, &by, shown, &reason).await?;
    Ok(Json(json!({ "withdrawn": shown })))
}
