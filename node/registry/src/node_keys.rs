//! Whose node may prove a key: which agencies' cards have named it as that of their node.
//!
//! Several may have, one after another: a key that one agency has ended, or that a blocked one names,
//! is no reason to keep another out that proves it. Which of them counts now, their cards say.

use std::collections::BTreeSet;

use schemas::agency::AgencyId;
use schemas::key::PublicKey;

use super::persistent::Map;

/// The agencies whose cards have named each node key.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeKeys(Map<[u8; 32], BTreeSet<AgencyId>>);

impl NodeKeys {
    /// From now on these are the keys that cards of `agency` have named.
    pub(super) fn set<'k>(
        &mut self,
        agency: &AgencyId,
        keys: impl IntoIterator<Item = &'k PublicKey>,
    ) {
        let keys: BTreeSet<[u8; 32]> = keys.into_iter().map(|key| *key.as_bytes()).collect();
        let named = self.0.iter().filter(|(_, agencies)| agencies.contains(agency));
        let left: Vec<_> = named.map(|(key, _)| *key).filter(|key| !keys.contains(key)).collect();
        for key in left {
            let mut agencies = self.0.get(&key).cloned().unwrap_or_default();
            agencies.remove(agency);
            if agencies.is_empty() {
                self.0.remove(&key);
            } else {
                self.0.insert(key, agencies);
            }
        }
        for key in keys {
            let mut agencies = self.0.get(&key).cloned().unwrap_or_default();
            if agencies.insert(agency.clone()) {
                self.0.insert(key, agencies);
            }
        }
    }

    /// The agencies whose cards have named `key`.
    pub(super) fn of(&self, key: PublicKey) -> impl Iterator<Item = &AgencyId> {
        self.0.get(key.as_bytes()).into_iter().flatten()
    }
}
