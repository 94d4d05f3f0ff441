//! Keys whose end this log has recorded, by the card of the peer that names them: what one of them signs
//! in later entries is held against nobody, since whoever has it may have signed it.

use std::collections::HashMap;

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::event::Event;
use schemas::key::Fingerprint;
use schemas::time::Timestamp;

use super::messages::{Message, Opened};

/// How long after its end a key's message may still be logged: it was signed and sent before, by a clock
/// that may be off by the freshness of a query.
const UNDER_WAY_MS: i64 = 300_000;

/// The ends that each agency's card in force says of its own keys. A card says nothing of the keys of
/// another agency, and one that counts for nothing says nothing at all.
#[derive(Debug, Default)]
pub(super) struct EndedKeys(HashMap<AgencyId, HashMap<Fingerprint, Timestamp>>);

impl EndedKeys {
    /// Takes in the next entry, at an instant. Gives what is signed beside it with a key whose end an
    /// earlier entry recorded, in a sentence.
    pub(super) fn take(
        &mut self,
        at: Timestamp,
        body: &Body,
        me: &AgencyId,
        messages: &[Opened],
    ) -> Option<String> {
        for opened in messages.iter().filter(|opened| opened.by != *me) {
            if let Message::Card(card) = &opened.message {
                // One that waits for a person ends nothing yet; a later one says all anew.
                let counts = opened.key.is_some() && card.id == opened.by;
                if counts && !matches!(body.event, Event::CardHeld(_) | Event::AlarmRaised(_)) {
                    let leaving = card.revocations.iter();
                    let ends = leaving.map(|one| (one.key.fingerprint(), one.at)).collect();
                    self.0.insert(card.id.clone(), ends);
                }
                continue;
            }
            let ends = self.0.get(&opened.by);
            let ended = opened.key.and_then(|key| Some((key, ends?.get(&key)?)));
            if let Some((key, ended)) = ended.filter(|(_, end)| at > end.plus_millis(UNDER_WAY_MS))
            {
                return Some(format!(
                    "what `{}` signed beside it is signed with the key {key}, whose end at {ended} this log had recorded; it proves nothing of `{}`",
                    opened.by, opened.by
                ));
            }
        }
        None
    }
}
