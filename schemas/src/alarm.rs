//! Alarms: what an honest log or peer does not show.

use serde::{Deserialize, Serialize};

/// What was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// Two signed heads of one log that cannot both be true.
    Fork,
    /// A proof that does not lead to the signed head.
    Proof,
    /// The same card version with other content.
    Card,
    /// A peer holds a signed head of this log that its database does not reach: it was put back.
    RolledBack,
    /// An adherence to an agreement that names another key of a party than is verified here: one of
    /// the two agencies was shown a false card.
    PartyKey,
}

impl AlarmKind {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Fork => "two signed heads of its log that cannot both be true",
            Self::Proof => "a proof of its log that does not lead to its signed head",
            Self::Card => "the same card version with other content",
            Self::PartyKey => {
                "an adherence that names another key of a party than is verified here; compare fingerprints again"
            }
            Self::RolledBack => "a head of this agency's own log that its database does not reach",
        }
    }
}
