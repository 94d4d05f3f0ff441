//! Events of the clock.

use serde::{Deserialize, Serialize};

use crate::text::Text;
use crate::time::Timestamp;

/// An administrator, or whoever owns the machine, went on under a clock that the node would not log by: one that is far behind the last
/// entry, or further ahead than the time that has passed. Only with such an entry does the time of
/// entries go back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClockAccepted {
    /// The time of the entry before this one.
    pub last: Timestamp,
    /// Why the clock is right.
    pub reason: Text,
}
