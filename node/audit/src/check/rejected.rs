//! Replies that an entry says did not verify.

use schemas::answer::{Answer, Basis};
use schemas::bundle::Item;
use schemas::entry::Header;
use schemas::envelope::Envelope;

use super::Check;
use crate::verify::Judged;

impl<S: FnMut(Judged, &Item, u64)> Check<S> {
    /// Whether a reply that was rejected is an answer on an authority that this log is not known to have
    /// recorded, as in an extract: nobody may show such a one.
    pub(super) fn rests_elsewhere(&self, header: &Header, item: &Item) -> bool {
        let Some(owner) = &header.peer else { return false };
        let line = item.entry.envelope.as_deref().unwrap_or_default();
        let answer = Envelope::parse(line.as_bytes()).ok().and_then(|envelope| {
            serde_json::from_slice::<Answer>(envelope.unverified_payload()).ok()
        });
        let basis = answer.map(|answer| answer.basis);
        let recorded = |basis: &Basis| {
            let state = self.registry.state();
            state.is_some_and(|state| state.rests_on(basis, &self.head.agency, owner).is_ok())
        };
        basis.is_some_and(|basis| !recorded(&basis))
    }
}
