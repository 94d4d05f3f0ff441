//! Cards that peers show: a later version is recorded, one that changes what a person must confirm
//! waits for that person, the same version with other bytes is an alarm.
//!
//! Beside a card stands the largest head of this log that the peer holds, so a log that was put back
//! learns so from the first peer that it meets.

use schemas::alarm::AlarmKind;
use schemas::card::Card;
use schemas::envelope::Envelope;
use schemas::frame::Frame;
use schemas::time::Timestamp;
use schemas::witness::Greeting;

use super::not_served::NotServed;
use super::witness::Witnessing;
use crate::permission::{NotActed, OwnAgency};
use audit_log::card::OwnCard;
use audit_log::entries::cards::{card_contradicted, card_held, card_updated};
use audit_log::entry::Entry;
use audit_log::release::Released;
use registry::{Alarm, Peer, State};

/// A shown card changes nothing here.
enum NoChange {
    /// It is known, or older than what is known.
    Known,
    /// It is not taken in.
    Unfit(String),
}

/// A peer shows its card and is shown one's own.
pub(super) async fn serve(
    witnessing: &Witnessing,
    peer: &Peer,
    frame: &Frame,
) -> Result<Released, NotServed> {
    record_shown(witnessing, peer, frame).await.map_err(NotServed::unverifiable)?;
    let own = witnessing.agency.log.own_card(&peer.card.value.id).await?;
    own.map(OwnCard::into_frame)
        .ok_or_else(|| NotServed::NotNow("unavailable", "this node has no card".into()))
}

/// Takes in the card that a connected peer shows, and looks at the head of this log that it holds.
///
/// # Errors
/// One sentence: why it is not taken in.
pub(super) async fn record_shown(
    witnessing: &Witnessing,
    peer: &Peer,
    frame: &Frame,
) -> Result<(), String> {
    let id = &peer.card.value.id;
    if let Ok(Greeting { held: Some(held) }) = serde_json::from_slice(&frame.beside) {
        witnessing.look_at_held(id, &held).await.map_err(|e| e.to_string())?;
    }
    let envelope = Envelope::parse(&frame.body).map_err(|e| e.to_string())?;
    let shown = Card::open(&envelope).map_err(|e| e.to_string())?;
    if shown.id != *id {
        return Err(format!("the card of `{}` shown by `{id}`", shown.id));
    }
    let agency = &witnessing.agency;
    let judge = |state: &State, now: Timestamp| {
        if let Some(other) = state.other_with_node(&shown) {
            let why = format!("the card of `{id}` names the node key of `{other}`");
            return Err(NoChange::Unfit(why));
        }
        // The same card may come by two conversations at once: it is judged on what is known
        // at the instant of its entry.
        let entry = entry(agency, state, &shown, &envelope, now).ok_or(NoChange::Known)?;
        Ok((entry, ()))
    };
    match agency.act_or(judge).await {
        Ok(_) | Err(NotActed::Judged(NoChange::Known)) => Ok(()),
        Err(NotActed::Judged(NoChange::Unfit(why))) => Err(why),
        Err(NotActed::Log(error)) => Err(error.to_string()),
        Err(NotActed::Contended) => Err("the registry is being changed; show this again".into()),
    }
}

/// The entry that a shown card makes, if any.
fn entry(
    agency: &OwnAgency,
    state: &State,
    shown: &Card,
    envelope: &Envelope,
    at: Timestamp,
) -> Option<Entry> {
    let peer = state.peers.get(&shown.id)?;
    let known = &peer.card.value;
    let exact = envelope.to_text();
    let waits = peer.held.as_ref().is_some_and(|held| held.card.envelope == exact);
    if shown.version < known.version || exact == peer.card.envelope || waits {
        return None;
    }
    let actor = agency.peer_actor(&known.id);
    Some(if shown.version == known.version {
        let evidence = vec![peer.card.envelope.clone(), exact];
        let alarm = Alarm { peer: known.id.clone(), kind: AlarmKind::Card, evidence, at };
        card_contradicted(state, actor, shown, envelope, alarm)
    } else if let Some(why) = must_be_confirmed(known, shown) {
        card_held(state, actor, shown, envelope, why)
    } else {
        card_updated(state, actor, shown, envelope)
    })
}

fn must_be_confirmed(known: &Card, shown: &Card) -> Option<&'static str> {
    if shown.agency_key != known.agency_key {
        Some(
            "it names another agency key; hear its fingerprint, then add it with --held and --replace",
        )
    } else if shown.kind != known.kind || shown.state != known.state {
        Some("it claims another kind or state; verify that, then add it with --held")
    } else {
        None
    }
}
