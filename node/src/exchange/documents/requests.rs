//! Written requests, their decisions and their withdrawals as they arrive.

use agreements::request::{Request, RequestRecord, Ruling, Withdrawal};
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::envelope::Kind;

use super::{Document, NoEntry};
use audit_log::entries::authority::{decision_received, request_received, withdrawal_received};
use audit_log::entry::Entry;
use registry::State;

impl Document<'_> {
    pub(super) fn request(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_node(Kind::Request)?;
        let request = Request::from_toml("request", &body)?;
        if request.from != self.card().id || request.to != *self.own_id() {
            return Err(NoEntry::refused("a request between others"));
        }
        if state.agreements.contains_key(&request.id) {
            return Err(NoEntry::refused("a request under the id of an agreement"));
        }
        self.not_yet_in(state)?;
        if state.requests.contains_key(&request.id) {
            return Err(NoEntry::refused("another request under an id that is filed here"));
        }
        let from = &self.card().id;
        self.bounds.request(state, from, self.now).map_err(NoEntry::Unfit)?;
        Ok(request_received(self.arrived(state), &request))
    }

    pub(super) fn decision(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_node(Kind::Decision)?;
        let ruling = Ruling::from_toml("decision", &body)?;
        let (from, to) = (self.own_id(), &self.card().id);
        let filed = filed(state, &ruling.request, from, to)?;
        self.not_yet_in(state)?;
        // What cannot be recorded proves nothing, now or later.
        filed.clone().rule(ruling.clone())?;
        Ok(decision_received(self.arrived(state), &ruling))
    }

    pub(super) fn withdrawal(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_node(Kind::Withdrawal)?;
        let withdrawal = Withdrawal::from_toml("withdrawal", &body)?;
        let (from, to) = (&self.card().id, self.own_id());
        filed(state, &withdrawal.request, from, to)?;
        self.not_yet_in(state)?;
        Ok(withdrawal_received(self.arrived(state), &withdrawal))
    }
}

/// The request of `from` to `to` under an id; one between others is told apart from none by nothing.
fn filed<'s>(
    state: &'s State,
    id: &AuthorityId,
    from: &AgencyId,
    to: &AgencyId,
) -> Result<&'s RequestRecord, NoEntry> {
    let filed = state.requests.get(id).map(|filed| &filed.value);
    filed
        .filter(|filed| filed.request.from == *from && filed.request.to == *to)
        .ok_or_else(|| NoEntry::not_now(format!("request `{id}` is not filed here")))
}
