//! From when on this log knew each key of another agency, and when it recorded that one ended. What an
//! agency says of the end of its keys is shown; what counts against it is decided by the record of the
//! side that holds the signature.

use std::collections::HashMap;

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::card::Card;
use schemas::entry::Header;
use schemas::event::Event;
use schemas::key::Fingerprint;
use schemas::key_use::KeyUse;
use schemas::time::{CLOCK_SKEW_MS, Timestamp};

use super::messages::{Message, Opened};
use super::signed_by::SignedBy;

/// How long after its end a key's message may still be logged: it was signed and sent before, by a clock
/// that may be off by the freshness of a query.
const UNDER_WAY_MS: i64 = 300_000;

/// The end of a key, as a log recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyEnd {
    /// The entry of the card that says so.
    pub entry: u64,
    /// When that was made.
    pub recorded: Timestamp,
    /// When the card says that the key ends.
    pub at: Timestamp,
}

impl KeyEnd {
    /// Whether an entry of that time comes too late for what the key signs to count.
    const fn is_over(&self, index: u64, at: Timestamp) -> bool {
        index > self.entry && at.millis() > self.at.millis().saturating_add(UNDER_WAY_MS)
    }

    /// The instant before which whatever the key signed was made, if it counts: when this log recorded
    /// the end, or when that came, if it was announced.
    fn counts_until(&self) -> Timestamp {
        self.recorded.max(self.at)
    }
}

/// What a log knew of a key.
#[derive(Debug, Clone, Copy)]
struct KeyTime {
    /// The first entry of a card that names it.
    known: u64,
    end: Option<KeyEnd>,
    /// Whether it is none any more once a card names another one in its place: documents of an agency
    /// key that was replaced stand.
    succeeded: bool,
}

/// What a log knew of the keys of other agencies, by the cards of each that it took in. A card says
/// nothing of the keys of another agency, and one that counts for nothing says nothing at all.
#[derive(Debug, Clone, Default)]
pub struct KeyTimes(HashMap<AgencyId, HashMap<Fingerprint, KeyTime>>);

impl KeyTimes {
    /// Takes in a card that came into force with an entry.
    pub fn note(&mut self, card: &Card, entry: u64, recorded: Timestamp) {
        let keys = self.0.entry(card.id.clone()).or_default();
        let named = KeyUse::ALL.map(|use_| (use_.named(card).fingerprint(), use_));
        let ended: HashMap<Fingerprint, Timestamp> =
            card.revocations.iter().map(|one| (one.key.fingerprint(), one.at)).collect();
        for (key, use_) in &named {
            let succeeded = !matches!(use_, KeyUse::Agency | KeyUse::Node);
            keys.entry(*key).or_insert(KeyTime { known: entry, end: None, succeeded });
        }
        for key in ended.keys() {
            keys.entry(*key).or_insert(KeyTime { known: entry, end: None, succeeded: false });
        }
        for (key, time) in keys {
            match (ended.get(key), time.end) {
                // Said once more.
                (Some(at), Some(end)) if end.at == *at => {}
                (Some(at), _) => time.end = Some(KeyEnd { entry, recorded, at: *at }),
                (None, _) if named.iter().any(|(named, _)| named == key) => time.end = None,
                // A key that is left behind without a word is none from then on.
                (None, None) if time.succeeded => {
                    time.end = Some(KeyEnd { entry, recorded, at: recorded });
                }
                // An end of before stands, also where a card has no room for it any more.
                (None, _) => {}
            }
        }
    }

    /// Takes in the next entry, after what is signed beside it was looked at.
    pub(super) fn take(
        &mut self,
        header: &Header,
        body: &Body,
        me: &AgencyId,
        messages: &[Opened],
    ) {
        // One that waits for a person ends nothing yet.
        if matches!(body.event, Event::CardHeld(_) | Event::AlarmRaised(_)) {
            return;
        }
        for opened in messages.iter().filter(|opened| opened.by != *me && opened.key.is_some()) {
            if let Message::Card(card) = &opened.message
                && card.id == opened.by
            {
                self.note(card, header.index, header.at);
            }
        }
    }

    fn of(&self, by: &SignedBy) -> Option<&KeyTime> {
        self.0.get(&by.agency)?.get(&by.key)
    }

    /// Whether this log knew the key when it made an entry.
    pub(super) fn knew(&self, by: &SignedBy, index: u64) -> bool {
        self.of(by).is_some_and(|time| time.known < index)
    }

    /// The end of a key that an entry comes too late for.
    pub(super) fn over(&self, by: &SignedBy, index: u64, at: Timestamp) -> Option<KeyEnd> {
        self.of(by)?.end.filter(|end| end.is_over(index, at))
    }

    /// The end of the key because of which a signature does not count against who has made it: `not_after`
    /// is when it was made at the latest, as far as others than the one that holds it prove.
    #[must_use]
    pub fn discounted(&self, by: &SignedBy, not_after: Option<Timestamp>) -> Option<KeyEnd> {
        let end = self.of(by)?.end?;
        let latest = end.counts_until().plus_millis(CLOCK_SKEW_MS);
        not_after.is_none_or(|made| made > latest).then_some(end)
    }
}

#[cfg(test)]
impl KeyTimes {
    /// One key, whose end was recorded.
    pub(super) fn ended(by: &SignedBy, end: KeyEnd) -> Self {
        let time = KeyTime { known: 0, end: Some(end), succeeded: true };
        Self(HashMap::from([(by.agency.clone(), HashMap::from([(by.key, time)]))]))
    }
}
