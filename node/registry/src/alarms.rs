//! Alarms: something that an honest log or peer does not show. An alarm lasts until an auditor
//! resolves it with a reason; until then nothing is exchanged with the peer that it is about.

use schemas::agency::AgencyId;
use schemas::alarm::AlarmKind;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

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
