//! The keys that an agency's cards have named, by what they sign.

use schemas::card::Card;
use schemas::envelope::Envelope;
use schemas::key::PublicKey;
use schemas::key_use::KeyUse;

/// Keys of an agency's cards, oldest first; of a peer's those under its present agency key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedKeys {
    /// Those that sign cards, agreements and adherences.
    pub agency: Vec<PublicKey>,
    /// Those that its node proves on connecting.
    pub node: Vec<PublicKey>,
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

impl NamedKeys {
    /// Those of one use.
    #[must_use]
    pub fn of(&self, use_: KeyUse) -> &[PublicKey] {
        match use_ {
            KeyUse::Message => &self.message,
            KeyUse::Log => &self.log,
            KeyUse::Cosigner => &self.cosigner,
            KeyUse::Node => &self.node,
            KeyUse::Agency => &self.agency,
        }
    }

    /// Adds what one more card names.
    pub(crate) fn note(&mut self, card: &Card) {
        for (keys, key) in [
            (&mut self.agency, card.agency_key),
            (&mut self.node, card.node_key),
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
