//! The policy by which a peer says that it decides. It is kept as that agency's word, shown to who asks
//! what it would decide, and decides nothing here.

use agreements::policy::Policy;
use schemas::envelope::Kind;
use schemas::posted::PostedPolicy;

use super::{Document, NoEntry};
use audit_log::entries::people::policy_received;
use audit_log::entry::Entry;
use registry::State;

impl Document<'_> {
    pub(super) fn policy(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_node(Kind::Policy)?;
        let posted: PostedPolicy = serde_json::from_str(&body).map_err(NoEntry::misfit)?;
        let from = &self.card().id;
        if posted.agency != *from {
            return Err(NoEntry::misfit(format!(
                "the policy of `{}` sent by `{from}`",
                posted.agency
            )));
        }
        if posted.version == 0 {
            return Err(NoEntry::misfit("the policy is version 0, and they are counted from 1"));
        }
        self.not_yet_in(state)?;
        let known = state.peers.get(from).and_then(|peer| peer.policy.as_deref());
        if let Some(known) = known.filter(|known| posted.since <= known.since) {
            return Err(NoEntry::refused(format!(
                "the policy in force since {} is recorded here, and this one is in force since {}",
                known.since, posted.since
            )));
        }
        if posted.since > self.now.plus_days(1) {
            return Err(NoEntry::refused(format!(
                "the policy is in force since {}, more than a day ahead of {}; one of the two clocks is wrong",
                posted.since, self.now
            )));
        }
        let read = Policy::from_toml(from.as_str(), &posted.text).map_err(NoEntry::refused)?;
        if let Some(of) = read.agency.filter(|of| of != from) {
            return Err(NoEntry::refused(format!("it is the policy of `{of}`, not of `{from}`")));
        }
        Ok(policy_received(self.arrived(state), &posted))
    }
}
