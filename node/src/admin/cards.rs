//! Cards: those of peers confirmed by a person, blocked, let in again; one's own in later versions.

use schemas::agency::{AgencyId, AgencyKind, State as UsState};
use schemas::card::{Card, Revocation};
use schemas::envelope::{Envelope, Kind};
use schemas::key::Fingerprint;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::context::OwnKeys;
use crate::exchange::cards::ahead;
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit_log::entries;
use audit_log::registry::Registry;
use host::home::{Home, HomeError, replace_private};
use registry::{State, Verified};

/// What a person confirms of a card.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The card's envelope, exactly.
    pub envelope: String,
    /// The fingerprint heard over another channel.
    pub fingerprint: Fingerprint,
    /// How the agency, its kind and its state were verified.
    pub verified_by: Text,
    /// The kind, when it was found to be another than the card claims.
    pub kind: Option<AgencyKind>,
    /// The state, when it was found to be another.
    pub state: Option<UsState>,
    /// Whether a new agency key may take the place of the one known.
    pub replace: bool,
}

/// The next version of one's own card.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reissued {
    /// Its envelope, exactly.
    pub envelope: String,
    /// The same card signed with the agency key before, where it names another one.
    #[serde(default)]
    pub vouched: Option<String>,
    /// A key may be known to others: it ends at once, whatever is under way.
    #[serde(default)]
    pub at_once: bool,
}

/// Adds a peer's card once a person has confirmed it.
///
/// # Errors
/// When it is no card, the fingerprint is another's, or another key of that agency is known.
pub async fn add(
    agency: &OwnAgency,
    by: &Principal,
    confirmation: &Confirmation,
) -> Result<AgencyId, ActError> {
    let envelope = Envelope::parse(confirmation.envelope.trim_end().as_bytes())?;
    let card = Card::open(&envelope).map_err(|e| ActError::usage(e.to_string()))?;
    if card.id == agency.id {
        return Err(ActError::usage(format!("`{}` is this agency itself", card.id)));
    }
    let found = card.agency_key.fingerprint();
    if found != confirmation.fingerprint {
        return Err(ActError::refused(format!(
            "the fingerprint {} is not that of the card; hear it once more from the agency, over another channel than the card came by, and do not trust the card before the two agree",
            confirmation.fingerprint
        )));
    }
    if confirmation.verified_by.is_empty() {
        return Err(ActError::usage("say how the agency was verified with --verified-by".into()));
    }
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            may_be_added(state, &card, confirmation.replace, now)?;
            let verified = verified(state, &card, confirmation, by, now);
            let actor = agency.actor(&user, by);
            Ok((entries::cards::card_confirmed(state, actor, &card, &envelope, verified), ()))
        })
        .await?;
    Ok(card.id)
}

/// Checks a peer's card against the one that is known, and against the node keys of others.
fn may_be_added(state: &State, card: &Card, replace: bool, now: Timestamp) -> Result<(), ActError> {
    if let Some(why) = ahead(card, now) {
        return Err(ActError::refused(why));
    }
    if let Some(known) = state.peers.get(&card.id) {
        let known = &known.card.value;
        if known.agency_key != card.agency_key && !replace {
            return Err(ActError::refused(format!(
                "another agency key of `{}` is known ({}); if the agency confirms that it was replaced, add --replace",
                card.id,
                known.agency_key.fingerprint()
            )));
        }
        if known.agency_key == card.agency_key && card.version < known.version {
            return Err(ActError::refused(format!(
                "version {} of the card of `{}` is known; this is version {}",
                known.version, card.id, card.version
            )));
        }
    }
    names_no_others_node(state, card, now)
}

/// Checks that a card's node is not that of another agency whose node may connect.
fn names_no_others_node(state: &State, card: &Card, now: Timestamp) -> Result<(), ActError> {
    match state.other_with_node(card, now) {
        None => Ok(()),
        Some(other) => Err(ActError::refused(format!(
            "the card of `{0}` names the node key of `{other}`, and both have proven that they hold it: ask both agencies which of them it is; once `accord card block {other}` has cut that one off, the key counts for `{0}`",
            card.id
        ))),
    }
}

/// What a person found of the agency. What was found before outlives a card that claims the same
/// kind and state as before, unless this confirmation says otherwise.
fn verified(
    state: &State,
    card: &Card,
    confirmation: &Confirmation,
    by: &Principal,
    now: Timestamp,
) -> Verified {
    let found_before = state.peers.get(&card.id).filter(|known| {
        let before = &known.card.value;
        (before.kind, &before.state) == (card.kind, &card.state)
    });
    let before = found_before.map(|known| (known.verified.kind, known.verified.state));
    let (kind, state) = before.unwrap_or((card.kind, card.state));
    Verified {
        kind: confirmation.kind.unwrap_or(kind),
        state: confirmation.state.unwrap_or(state),
        how: confirmation.verified_by.clone(),
        by: by.user.clone(),
        at: now,
    }
}

/// Puts a later version of one's own card in force, signed elsewhere with the agency key; its
/// version. It may name another node, message, log or cosigner key, which must be in the home, and
/// then says when the one before ends; or another agency key, and nothing else, if the present one
/// vouches for it.
///
/// # Errors
/// When it is not the next version, or changes more than that, name, addresses and contact.
pub async fn reissue(
    agency: &OwnAgency,
    keys: &OwnKeys,
    by: &Principal,
    reissued: &Reissued,
) -> Result<u32, ActError> {
    let envelope = Envelope::parse(reissued.envelope.trim_end().as_bytes())?;
    let card = Card::open(&envelope).map_err(|e| ActError::usage(e.to_string()))?;
    keys.reload(&agency.log)?;
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            let own = state.own.as_ref().ok_or_else(|| {
                ActError::failed("this node has no card of its own; make its home anew".into())
            })?;
            let next = own.value.version.saturating_add(1);
            if card.version != next {
                return Err(ActError::refused(format!(
                    "version {} of the card is in force, so version {} cannot be the next; issue it again",
                    own.value.version, card.version
                )));
            }
            if card.agency_key == own.value.agency_key {
                changes_little(&own.value, &card)?;
                may_follow(keys, state, &own.value, &card, now, reissued.at_once)?;
            } else {
                takes_over(&own.value, &card, &envelope, reissued, now)?;
            }
            let actor = agency.actor(&user, by);
            Ok((entries::cards::card_issued(state, actor, &card, &envelope), ()))
        })
        .await?;
    Ok(card.version)
}

/// Checks what the next card says of the keys that are exchanged one by one.
fn may_follow(
    keys: &OwnKeys,
    state: &State,
    known: &Card,
    next: &Card,
    now: Timestamp,
    at_once: bool,
) -> Result<(), ActError> {
    let mut changed = keys.all().to_vec();
    changed.retain(|keys| keys.of().named(known) != keys.of().named(next));
    let keys = match changed.as_slice() {
        [] if next.revocations == known.revocations => return Ok(()),
        [one] => *one,
        _ => {
            return Err(ActError::refused(
                "the card changes more: it revokes a key that none replaces, or exchanges several at once".into(),
            ));
        }
    };
    let (leaving, named) = (keys.of().named(known), keys.of().named(next));
    if !keys.has(named) {
        let key = keys.of();
        return Err(ActError::usage(format!(
            "the private key of the card's {key} key is not in the home; use `accord key rotate {key}`"
        )));
    }
    let before = state.own_keys.of(keys.of());
    let under_way = |revoked: &&Revocation| now < revoked.at && before.contains(&revoked.key);
    let under_way: Vec<&Revocation> = known.revocations.iter().filter(under_way).collect();
    if let Some(leaving) = under_way.first().filter(|_| !at_once) {
        return Err(ActError::refused(format!(
            "the {} key is being exchanged already, until {}; exchange the next one after that, or end both at once with `--overlap 0` if others may know one",
            keys.of(),
            leaving.at
        )));
    }
    let ends = next.revocations.last().filter(|one| one.key == *leaving && one.at >= next.at);
    let expected = ends.map(|ends| {
        let mut expected = known.clone();
        // One that is under way ends with it.
        for one in &under_way {
            expected.end(one.key, ends.at);
        }
        expected.end(ends.key, ends.at);
        expected.revocations
    });
    match expected {
        Some(expected) if next.revocations == expected => Ok(()),
        _ => Err(ActError::refused(format!(
            "the card does not say when the {} key before ends, and nothing else",
            keys.of()
        ))),
    }
}

/// Cuts a peer off: nothing is asked of it or answered to it until it is let in again.
///
/// # Errors
/// When there is no card of it, it is blocked already, no reason is given, or the actor may not.
pub async fn block(
    agency: &OwnAgency,
    by: &Principal,
    peer: &AgencyId,
    reason: &Text,
) -> Result<(), ActError> {
    set_blocked(agency, by, peer, true, reason).await
}

/// Lets a peer in again.
///
/// # Errors
/// When there is no card of it, it is not blocked, no reason is given, or the actor may not.
pub async fn unblock(
    agency: &OwnAgency,
    by: &Principal,
    peer: &AgencyId,
    reason: &Text,
) -> Result<(), ActError> {
    set_blocked(agency, by, peer, false, reason).await
}

async fn set_blocked(
    agency: &OwnAgency,
    by: &Principal,
    peer: &AgencyId,
    blocked: bool,
    reason: &Text,
) -> Result<(), ActError> {
    if reason.is_empty() {
        return Err(ActError::usage("say why with --reason".into()));
    }
    agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            let known = state.peers.get(peer).ok_or_else(|| unknown(peer))?;
            if known.blocked.is_some() == blocked {
                let is = if blocked { "blocked already" } else { "not blocked" };
                return Err(ActError::usage(format!("`{peer}` is {is}")));
            }
            if !blocked {
                names_no_others_node(state, &known.card.value, now)?;
            }
            let actor = agency.actor(&user, by);
            let entry = if blocked {
                entries::cards::card_blocked(state, actor, peer, reason)
            } else {
                entries::cards::card_unblocked(state, actor, peer, reason)
            };
            Ok((entry, ()))
        })
        .await?;
    Ok(())
}

/// Checks that the next card under the same agency key changes nothing that people confirmed.
fn changes_little(known: &Card, next: &Card) -> Result<(), ActError> {
    let allowed = Card {
        name: next.name.clone(),
        addresses: next.addresses.clone(),
        contact: next.contact.clone(),
        version: next.version,
        at: next.at,
        node_key: next.node_key,
        message_key: next.message_key,
        log_key: next.log_key,
        cosigner_key: next.cosigner_key,
        revocations: next.revocations.clone(),
        possession: next.possession,
        ..known.clone()
    };
    if *next == allowed {
        return Ok(());
    }
    Err(ActError::refused(format!(
        "version {} changes more than name, addresses, contact, and node, message, log or cosigner key; kind and state stay as they are",
        next.version
    )))
}

/// Checks that another agency key takes the place of the present one with the word of both, and that
/// the card changes nothing else. Whoever can open the socket has neither.
fn takes_over(
    known: &Card,
    next: &Card,
    envelope: &Envelope,
    reissued: &Reissued,
    now: Timestamp,
) -> Result<(), ActError> {
    let refused = |why: &str| Err(ActError::refused(why.to_owned()));
    let vouched = reissued.vouched.as_deref();
    let vouched = vouched.and_then(|text| Envelope::parse(text.trim_end().as_bytes()).ok());
    let vouched = vouched.filter(|vouched| {
        let said = vouched.verified(Kind::Card, &known.agency_key);
        said.is_ok_and(|said| said == envelope.unverified_payload())
    });
    if vouched.is_none() {
        return refused(
            "the card names an agency key that the present one does not vouch for; use `accord key rotate agency`",
        );
    }
    let allowed = Card {
        agency_key: next.agency_key,
        version: next.version,
        at: next.at,
        possession: next.possession,
        ..known.clone()
    };
    if *next != allowed {
        return refused("a card that names another agency key changes nothing else");
    }
    let under_way = known.revocations.iter().find(|one| now < one.at);
    if let Some(leaving) = under_way.filter(|_| !reissued.at_once) {
        return Err(ActError::refused(format!(
            "another key is being exchanged until {}; exchange the agency key after that, or at once with `--overlap 0` if others may know it",
            leaving.at
        )));
    }
    Ok(())
}

/// The error of an act on an agency of which no card is recorded.
pub(super) fn unknown(id: &AgencyId) -> ActError {
    ActError::usage(format!("no card of `{id}` is recorded; see `accord card list`"))
}

/// Writes the card in force into the home, where `accord card show` finds it, if another one stands
/// there: the registry, not the file, is what counts.
///
/// # Errors
/// When the file cannot be written.
pub fn keep_in_home(home: &Home, registry: &Registry) -> Result<(), HomeError> {
    let state = registry.state();
    let Some(own) = &state.own else { return Ok(()) };
    if std::fs::read(home.card()).is_ok_and(|bytes| bytes == own.envelope.as_bytes()) {
        return Ok(());
    }
    replace_private(&home.card(), own.envelope.as_bytes())
}
