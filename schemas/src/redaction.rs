//! What the entries say by which a destroyed body is judged: `policy.adopted`, `hold.placed`,
//! `hold.released` and `entries.redacted`. Each stands in the detail of its entry's body.
//!
//! They name entries by index and holds by number, never a plate, a case or a reason: they stand in
//! exports that are handed to other agencies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ranges::Ranges;
use crate::time::Timestamp;

/// Bodies and envelopes past their retention are destroyed: what `entries.redacted` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// Entries from this instant on are kept.
    pub cut_off: Timestamp,
    /// How long the policy in force keeps audit records, in days.
    pub days: u32,
    /// Its sections.
    pub sections: Vec<String>,
    /// Whose body and envelopes are destroyed: of these indices, those of a kind that ends.
    pub entries: Ranges,
    /// How many those are.
    pub count: u64,
    /// What else is past the cut-off, below `until`, and is kept for a hold, by the hold's number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "listed")]
    #[cfg_attr(feature = "json-schema", schemars(with = "Vec<Held>"))]
    pub held: BTreeMap<u64, Ranges>,
    /// Every entry below this index is destroyed, held or of a kind that stays.
    pub until: u64,
}

/// What one hold keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Held {
    /// Its number.
    hold: u64,
    /// The entries that it keeps.
    entries: Ranges,
}

/// As a list: the keys of a JSON object are texts, and a number among them is not read back
/// everywhere.
mod listed {
    use std::collections::BTreeMap;

    use serde::{Deserialize as _, Deserializer, Serializer};

    use super::{Held, Ranges};

    pub(super) fn serialize<S: Serializer>(
        held: &BTreeMap<u64, Ranges>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(
            held.iter().map(|(hold, entries)| Held { hold: *hold, entries: entries.clone() }),
        )
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<u64, Ranges>, D::Error> {
        let list = Vec::<Held>::deserialize(from)?;
        Ok(list.into_iter().map(|held| (held.hold, held.entries)).collect())
    }
}

/// A legal hold, as its entry tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HoldNotice {
    /// Its number.
    pub hold: u64,
    /// H(salt ‖ terms): what is held and why. Both stand in the agency's own register of holds.
    pub terms: Digest,
    /// The entries present that it keeps, the oldest where they are too many to name.
    pub entries: Ranges,
    /// How many more it keeps.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub more: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}
