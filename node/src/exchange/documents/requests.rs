//! Written requests, their decisions and their withdrawals as they arrive.

use agreements::request::{Request, RequestRecord, Ruling, Withdrawal};
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
        Ok(request_received(state, self.actor(), &request, self.envelope))
    }

    pub(super) fn decision(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_node(Kind::Decision)?;
        let ruling = Ruling::from_toml("decision", &body)?;
        let filed = filed(state, &ruling.request)?;
        if filed.request.to != self.card().id || filed.request.from != *self.own_id() {
            return Err(NoEntry::refused("a decision on a request of others"));
        }
        self.not_yet_in(state)?;
        // What cannot be recorded proves nothing, now or later.
        filed.clone().rule(ruling.clone())?;
        Ok(decision_received(state, self.actor(), &ruling, self.envelope))
    }

    pub(super) fn withdrawal(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_node(Kind::Withdrawal)?;
        let withdrawal = Withdrawal::from_toml("withdrawal", &body)?;
        let filed = filed(state, &withdrawal.request)?;
        if filed.request.from != self.card().id || filed.request.to != *self.own_id() {
            return Err(NoEntry::refused("a withdrawal of a request of others"));
        }
        self.not_yet_in(state)?;
        Ok(withdrawal_received(state, self.actor(), &withdrawal, self.envelope))
    }
}

fn filed<'s>(state: &'s State, id: &AuthorityId) -> Result<&'s RequestRecord, NoEntry> {
    state
        .requests
        .get(id)
        .map(|filed| &filed.value)
        .ok_or_else(|| NoEntry::not_now(format!("request `{id}` is not filed here")))
}
