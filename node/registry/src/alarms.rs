//! Alarms: something that an honest log or peer does not show. An alarm lasts until an auditor
//! resolves it with a reason; until then nothing is exchanged with the peer that it is about.

use schemas::agency::AgencyId;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmKind {
    /// Two signed heads of one log that cannot both be true.
    Fork,
    /// A signed head smaller than one shown before.
    Shrunk,
    /// A proof that does not lead to the signed head.
    Proof,
    /// The same card version with other content.
    Card,
    /// A peer holds a signed head of this log that its database does not reach: it was put back.
    RolledBack,
}

impl AlarmKind {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Fork => "two signed heads of its log that cannot both be true",
            Self::Shrunk => "a signed head of its log smaller than one shown before",
            Self::Proof => "a proof of its log that does not lead to its signed head",
            Self::Card => "the same card version with other content",
            Self::RolledBack => "a head of this agency's own log that its database does not reach",
        }
    }
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// The peer that it is about, or from which it came.
    pub peer: AgencyId,
    /// What was noticed.
    pub kind: AlarmKind,
    /// What proves it: signed heads, cards, verbatim.
    pub evidence: Vec<String>,
    /// When.
    pub at: Timestamp,
}

/// How an alarm was resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resolution {
    /// Why nothing more is to be done.
    pub reason: Text,
    /// By whom.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
}

/// An alarm with its number and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Raised {
    /// Its number.
    pub alarm: u64,
    /// What was noticed.
    #[serde(flatten)]
    pub what: Alarm,
    /// How it was resolved.
    pub resolved: Option<Resolution>,
}
