//! `/cards`

use axum::extract::State;
use schemas::agency::AgencyId;
use schemas::key::PublicKey;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::admin::cards;
use crate::admin::cards::{Confirmation, Reissued};
use crate::admin::links::keeps_links;
use crate::admin::receipts;
use crate::exchange::node_identity::cut_off;
use crate::http::error::ApiResult;
use crate::http::extract::{Json, Path};
use crate::http::state::{App, AppState};
use crate::permission::{ActError, Principal};
use registry::Peer;

/// A card as `card list` prints it.
#[derive(Serialize)]
pub(in crate::http) struct CardView {
    agency: AgencyId,
    name: Text,
    kind: &'static str,
    state: String,
    ori: Option<schemas::agency::Ori>,
    fingerprint: String,
    message_key: PublicKey,
    version: u32,
    addresses: Vec<Text>,
    blocked: bool,
    blocked_reason: Option<Text>,
    verified_by: Text,
    verified_at: Timestamp,
    waiting: Option<String>,
}

fn view(peer: &Peer) -> CardView {
    let card = &peer.card.value;
    CardView {
        agency: card.id.clone(),
        name: card.name.clone(),
        kind: peer.verified.kind.code(),
        state: peer.verified.state.to_string(),
        ori: card.ori.clone(),
        fingerprint: card.agency_key.fingerprint().to_string(),
        message_key: card.message_key,
        version: card.version,
        addresses: card.addresses.clone(),
        blocked: peer.blocked.is_some(),
        blocked_reason: peer.blocked.clone(),
        verified_by: peer.verified.how.clone(),
        verified_at: peer.verified.at,
        waiting: peer.held.as_ref().map(|held| held.why.clone()),
    }
}

pub(in crate::http) async fn list(State(app): App) -> Json<Vec<CardView>> {
    Json(app.context.agency.registry.state().peers.values().map(view).collect())
}

fn one(app: &AppState, id: &AgencyId) -> ApiResult<Json<CardView>> {
    let state = app.context.agency.registry.state();
    let peer = state.peers.get(id).ok_or_else(|| ActError::failed(format!("no card of `{id}`")))?;
    Ok(Json(view(peer)))
}

pub(in crate::http) async fn add(
    State(app): App,
    by: Principal,
    Json(confirmation): Json<Confirmation>,
) -> ApiResult<Json<CardView>> {
    let known = app.context.agency.registry.state();
    let id = cards::add(&app.context.agency, &by, &confirmation).await?;
    // One that has this agency's card learns that its own is confirmed; another would turn it away.
    if known.peers.contains_key(&id) {
        app.delivery.show_to(&id);
    }
    one(&app, &id)
}

#[derive(Deserialize)]
pub(in crate::http) struct Why {
    reason: Text,
}

pub(in crate::http) async fn block(
    State(app): App,
    by: Principal,
    Path(id): Path<AgencyId>,
    Json(why): Json<Why>,
) -> ApiResult<Json<CardView>> {
    cards::block(&app.context.agency, &by, &id, &why.reason).await?;
    cut_off(&app.context, &app.peers, &id).await;
    one(&app, &id)
}

pub(in crate::http) async fn unblock(
    State(app): App,
    by: Principal,
    Path(id): Path<AgencyId>,
    Json(why): Json<Why>,
) -> ApiResult<Json<CardView>> {
    cards::unblock(&app.context.agency, &by, &id, &why.reason).await?;
    one(&app, &id)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Extension {
    until: Timestamp,
    reason: Text,
}

pub(in crate::http) async fn extend_receipts(
    State(app): App,
    by: Principal,
    Path(id): Path<AgencyId>,
    Json(more): Json<Extension>,
) -> ApiResult<Json<CardView>> {
    receipts::extend(&app.context.agency, &by, &id, more.until, &more.reason).await?;
    one(&app, &id)
}

/// One's own card as it is in force, exactly.
pub(in crate::http) async fn own(State(app): App) -> ApiResult<Json<Signed>> {
    let state = app.context.agency.registry.state();
    let own = state.own.as_ref();
    let own = own.ok_or_else(|| ActError::failed("this node has no card of its own".into()))?;
    Ok(Json(Signed { envelope: own.envelope.clone() }))
}

/// The card of a peer that waits for a person, exactly.
pub(in crate::http) async fn held(
    State(app): App,
    Path(id): Path<AgencyId>,
) -> ApiResult<Json<Signed>> {
    let state = app.context.agency.registry.state();
    let held = state.peers.get(&id).and_then(|peer| peer.held.as_ref());
    let held = held.ok_or_else(|| ActError::usage(format!("no card of `{id}` waits")))?;
    Ok(Json(Signed { envelope: held.card.envelope.clone() }))
}

/// A signed card.
#[derive(Serialize)]
pub(in crate::http) struct Signed {
    envelope: String,
}

pub(in crate::http) async fn reissue(
    State(app): App,
    by: Principal,
    Json(reissued): Json<Reissued>,
) -> ApiResult<Json<Value>> {
    let (agency, keys) = (&app.context.agency, &app.context.keys);
    if !reissued.at_once {
        keeps_links(&agency.registry.state(), &reissued, &app.context.known_by)?;
    }
    let version = cards::reissue(agency, keys, &by, &reissued).await?;
    app.card_issued().await?;
    Ok(Json(json!({ "version": version })))
}
