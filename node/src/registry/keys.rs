//! The keys that an agency's cards have named, by what they sign.

use schemas::card::Card;
use schemas::checkpoint::origin;
use schemas::envelope::Envelope;
use schemas::key::PublicKey;
use schemas::note::{KeyType, Vkey};
use schemas::time::Timestamp;

/// Keys of an agency's cards under one agency key, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedKeys {
    /// Those that sign messages.
    pub message: Vec<PublicKey>,
    /// Those that sign heads of the log.
    pub log: Vec<PublicKey>,
    /// Those that cosign heads of others' logs.
    pub cosigner: Vec<PublicKey>,
}

/// Which of `keys` an envelope says that it is signed with.
pub(crate) fn named_by<'a>(envelope: &Envelope, keys: &'a [PublicKey]) -> Option<&'a PublicKey> {
    keys.iter().find(|key| key.fingerprint().to_string() == envelope.key_id())
}

/// The keys of one use that count at `now`: the one that `card` names and, of those before it, each
/// whose end the card announces and that has not come. One that was left behind without a word is
/// none.
pub(crate) fn counting<'a>(
    card: &'a Card,
    named: &'a PublicKey,
    before: &'a [PublicKey],
    now: Timestamp,
) -> impl Iterator<Item = &'a PublicKey> {
    let announced = |key: &PublicKey| card.revocations.iter().any(|revoked| revoked.key == *key);
    let before = before.iter().filter(move |key| *key != named && announced(key));
    [named].into_iter().chain(before).filter(move |key| card.in_force(key, now))
}

impl NamedKeys {
    /// Adds what one more card names.
    pub(crate) fn note(&mut self, card: &Card) {
        for (keys, key) in [
            (&mut self.message, card.message_key),
            (&mut self.log, card.log_key),
            (&mut self.cosigner, card.cosigner_key),
        ] {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
}

/// A key of the log of the agency of `card`, as notes name it.
pub(crate) fn of_log(card: &Card, key: &PublicKey) -> Vkey {
    Vkey::new(origin(&card.id), KeyType::Note, *key)
}

/// A key with which the agency of `card` cosigns, as notes name it.
pub(crate) fn of_cosigner(card: &Card, key: &PublicKey) -> Vkey {
    Vkey::new(origin(&card.id), KeyType::Cosignature, *key)
}
