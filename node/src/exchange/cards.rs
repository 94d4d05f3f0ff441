//! Cards that peers show: a later version is recorded, one that changes what a person must confirm
//! waits for that person, the same version with other bytes is an alarm.
//!
//! Beside a card stands the largest head of this log that the peer holds, so a log that was put back
//! learns so from the first peer that it meets.

use schemas::alarm::AlarmKind;
use schemas::body::Actor;
use schemas::card::Card;
use schemas::envelope::Envelope;
use schemas::frame::Frame;
use schemas::time::Timestamp;
use schemas::witness::Greeting;

use super::not_served::NotServed;
use super::witness::Witnessing;
use crate::permission::NotActed;
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
    NotTaken(NotTaken),
}

/// Why a shown card is not taken in. The known one stays.
pub(super) enum NotTaken {
    /// It proves nothing.
    Unverifiable(String),
    /// More versions have come than are taken in within a day, and none before this instant.
    TooMany(String, Timestamp),
    /// It could not be recorded at this moment.
    NotNow(String),
}

impl std::fmt::Display for NotTaken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Unverifiable(why) | Self::TooMany(why, _) | Self::NotNow(why)) = self;
        f.write_str(why)
    }
}

impl From<NotTaken> for NotServed {
    fn from(not: NotTaken) -> Self {
        match not {
            NotTaken::Unverifiable(why) => Self::unverifiable(why),
            NotTaken::TooMany(why, until) => Self::TooMany(why, until),
            NotTaken::NotNow(why) => Self::not_now(why),
        }
    }
}

fn unverifiable(why: impl std::fmt::Display) -> NotTaken {
    NotTaken::Unverifiable(why.to_string())
}

/// A peer shows its card and is shown one's own.
pub(super) async fn serve(
    witnessing: &Witnessing,
    peer: &Peer,
    frame: &Frame,
) -> Result<Released, NotServed> {
    record_shown(witnessing, peer, frame).await?;
    let own = witnessing.agency.log.own_card(&peer.card.value.id).await?;
    own.map(OwnCard::into_frame)
        .ok_or_else(|| NotServed::NotNow("unavailable", "this node has no card".into()))
}

/// Takes in the card that a connected peer shows, and looks at the head of this log that it holds.
///
/// # Errors
/// Why it is not taken in.
pub(super) async fn record_shown(
    witnessing: &Witnessing,
    peer: &Peer,
    frame: &Frame,
) -> Result<(), NotTaken> {
    let id = &peer.card.value.id;
    let greeting = serde_json::from_slice::<Greeting>(&frame.beside).unwrap_or_default();
    if let Some(held) = greeting.held {
        witnessing.look_at_held(id, &held).await.map_err(unverifiable)?;
    }
    if let Some(key) = greeting.known_by {
        witnessing.known_by.note(id, key);
    }
    let envelope = Envelope::parse(&frame.body).map_err(unverifiable)?;
    let shown = Card::open(&envelope).map_err(unverifiable)?;
    if shown.id != *id {
        return Err(unverifiable(format!("the card of `{}` shown by `{id}`", shown.id)));
    }
    let agency = &witnessing.agency;
    let judge = |state: &State, now: Timestamp| {
        // The same card may come by two conversations at once: it is judged on what is known
        // at the instant of its entry.
        let entry = entry(witnessing, state, &shown, &envelope, now)?;
        Ok((entry, ()))
    };
    match agency.act_or(judge).await {
        Ok(_) | Err(NotActed::Judged(NoChange::Known)) => Ok(()),
        Err(NotActed::Judged(NoChange::NotTaken(why))) => Err(why),
        Err(NotActed::Log(error)) => Err(NotTaken::NotNow(error.to_string())),
        Err(NotActed::Contended) => {
            Err(NotTaken::NotNow("the registry is being changed; show this again".into()))
        }
    }
}

/// The entry that a shown card makes.
fn entry(
    witnessing: &Witnessing,
    state: &State,
    shown: &Card,
    envelope: &Envelope,
    at: Timestamp,
) -> Result<Entry, NoChange> {
    let not_taken = |why| Err(NoChange::NotTaken(why));
    let peer = state.peers.get(&shown.id).ok_or(NoChange::Known)?;
    let known = &peer.card.value;
    let exact = envelope.to_text();
    let waits = peer.held.as_ref().is_some_and(|held| held.card.envelope == exact);
    if shown.version < known.version || exact == peer.card.envelope || waits {
        return Err(NoChange::Known);
    }
    let actor = Actor::peer(&known.id);
    if shown.version == known.version {
        let (kind, evidence) = (AlarmKind::Card, vec![peer.card.envelope.clone(), exact]);
        if state.is_alarmed(&known.id, kind) || state.is_resolved(&known.id, kind, &evidence) {
            return Err(NoChange::Known);
        }
        let alarm = Alarm { peer: known.id.clone(), kind, evidence, at };
        return Ok(card_contradicted(state, actor, shown, envelope, alarm));
    }
    if let Some(why) = ahead(shown, at) {
        return not_taken(unverifiable(why));
    }
    if let Some(other) = state.other_with_node(shown, at) {
        let id = &shown.id;
        return not_taken(unverifiable(format!(
            "the card of `{id}` names the node key of `{other}`"
        )));
    }
    let most = witnessing.card_versions_per_day;
    let (taken, first) = peer.taken_within_a_day(at);
    if let Some(first) = first.filter(|_| taken >= most as usize) {
        let again = first.plus_days(1);
        let why = format!(
            "{taken} versions of this card came within a day, and no more are taken in; show version {} again from {again} on",
            shown.version
        );
        return not_taken(NotTaken::TooMany(why, again));
    }
    Ok(match must_be_confirmed(known, shown) {
        Some(why) => card_held(state, actor, shown, envelope, why, at),
        None => card_updated(state, actor, shown, envelope, at),
    })
}

/// What is wrong with a card that says that it was signed later than now.
pub(crate) fn ahead(card: &Card, now: Timestamp) -> Option<String> {
    card.is_ahead_of(now).then(|| {
        format!(
            "version {} of the card of `{}` says that it was signed at {}, more than a day ahead of {now}; one of the two clocks is wrong",
            card.version, card.id, card.at
        )
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
