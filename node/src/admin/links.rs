//! Whether an exchange of keys would cut the link with a peer.

use registry::State;
use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::envelope::Envelope;
use schemas::key_use::KeyUse;

use super::cards::Reissued;
use crate::context::KnownBy;
use crate::permission::ActError;

/// Most peers that a refusal names.
const MOST_NAMED: usize = 10;

/// Checks that no peer is cut off by the next card: one whose people have not confirmed the present agency
/// key learns of no other key before, and refuses what that proves or signs once the one before ends.
///
/// # Errors
/// When it exchanges a key, and there is such a peer.
pub fn keeps_links(state: &State, reissued: &Reissued, known_by: &KnownBy) -> Result<(), ActError> {
    let envelope = Envelope::parse(reissued.envelope.trim_end().as_bytes())?;
    let next = Card::open(&envelope).map_err(|e| ActError::usage(e.to_string()))?;
    let Some(own) = state.own.as_ref().map(|own| &own.value) else { return Ok(()) };
    let exchanged = KeyUse::ALL.into_iter().find(|use_| use_.named(own) != use_.named(&next));
    let Some(key) = exchanged else { return Ok(()) };
    let unconfirmed = known_by.unconfirmed(state);
    if unconfirmed.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = unconfirmed.iter().take(MOST_NAMED).map(AgencyId::as_str).collect();
    let more = if unconfirmed.len() > MOST_NAMED { " and more" } else { "" };
    Err(ActError::refused_as(
        "agency_key_unconfirmed",
        Vec::new(),
        format!(
            "the agency key is not confirmed yet by {}{more}, where another {key} key would be unknown and the link cut; have its people add the card with `accord card add --held`, block a peer that is gone, or end a key that others may know at once with `--overlap 0`",
            named.join(", ")
        ),
    ))
}
