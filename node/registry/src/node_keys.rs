//! Whose node may prove a key: which agencies' cards have named it as that of their node.
//!
//! Several may have, one after another: a key that one agency has ended, or that a blocked one names,
//! is no reason to keep another out that proves it. Which of them counts now, their cards say.

use std::collections::{BTreeSet, HashMap};

use schemas::agency::AgencyId;
use schemas::key::PublicKey;

/// The agencies whose cards have named each node key.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeKeys(HashMap<[u8; 32], BTreeSet<AgencyId>>);

impl NodeKeys {
    /// From now on these are the keys that cards of `agency` have named.
    pub(super) fn set<'k>(
        &mut self,
        agency: &AgencyId,
        keys: impl IntoIterator<Item = &'k PublicKey>,
    ) {
        self.0.retain(|_, agencies| {
            agencies.remove(agency);
            !agencies.is_empty()
        });
        for key in keys {
            self.0.entry(*key.as_bytes()).or_default().insert(agency.clone());
        }
    }

    /// The agencies whose cards have named `key`.
    pub(super) fn of(&self, key: PublicKey) -> impl Iterator<Item = &AgencyId> {
        self.0.get(key.as_bytes()).into_iter().flatten()
    }
}
