//! Corrections: an owner tells who received a read that its plate was wrong, or that the read is withdrawn
//! (Civil Code 1798.90.51(b)(2)(F)).

use serde::{Deserialize, Serialize};

use crate::agency::{AgencyId, State};
use crate::plate::Plate;
use crate::query::QueryId;
use crate::read::ReadId;
use crate::text::Text;
use crate::time::Timestamp;

/// A correction as the owner signs it, to one agency about one answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The owner.
    pub from: AgencyId,
    /// The agency that received the read.
    pub to: AgencyId,
    /// The query whose answer held it.
    pub query_id: QueryId,
    /// The read.
    pub read: ReadId,
    /// The version that now holds: 2 for the first correction.
    pub version: u32,
    /// The plate as it was released.
    pub was: Plate,
    /// The plate as it is; absent where the read is withdrawn, so that nothing may rest on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<Plate>,
    /// The plate's state, where it is corrected too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate_state: Option<State>,
    /// Why.
    pub reason: Text,
    /// When it was corrected.
    pub at: Timestamp,
}
