//! Agreements, adherences and notices as they arrive.

use agreements::agreement::{Adherence, Agreement, Notice};
use agreements::approval::unrecordable;
use schemas::envelope::Kind;
use schemas::query::AuthorityId;

use super::{Document, NoEntry};
use audit_log::entries::authority::{agreement_adhered, agreement_received, notice_received};
use audit_log::entry::Entry;
use registry::State;

impl Document<'_> {
    pub(super) fn agreement(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_agency(Kind::Agreement)?;
        let agreement = Agreement::from_toml("agreement", &body)?;
        if !agreement.parties.contains(self.own_id())
            || !agreement.parties.contains(&self.card().id)
        {
            return Err(NoEntry::misfit("an agreement between others"));
        }
        if let Some(reasons) = unrecordable(&state.facts(&agreement.parties)) {
            let said: Vec<_> =
                reasons.as_slice().iter().map(|reason| reason.message.as_str()).collect();
            return Err(NoEntry::misfit(said.join("; ")));
        }
        if state.requests.contains_key(&agreement.id) {
            return Err(NoEntry::misfit("an agreement under the id of a written request"));
        }
        self.not_yet_in(state)?;
        if state.agreement_version(&agreement.id, agreement.version).is_some() {
            return Err(NoEntry::misfit(
                "another text under the id and version of an agreement recorded here",
            ));
        }
        Ok(agreement_received(state, self.actor(), &agreement, self.envelope))
    }

    pub(super) fn adherence(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_agency(Kind::Adherence)?;
        let adherence = Adherence::from_toml("adherence", &body)?;
        if adherence.agency != self.card().id {
            return Err(NoEntry::misfit("an adherence of another agency"));
        }
        self.new_to(state, &adherence.agreement, adherence.version)?;
        Ok(agreement_adhered(state, self.actor(), &adherence, self.envelope))
    }

    pub(super) fn notice(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_node(Kind::Notice)?;
        let notice = Notice::from_toml("notice", &body)?;
        if notice.agency != self.card().id {
            return Err(NoEntry::misfit("a notice of another agency"));
        }
        self.new_to(state, &notice.agreement, notice.version)?;
        Ok(notice_received(state, self.actor(), &notice, self.envelope))
    }

    /// The agreement is recorded here, and this document of it is not.
    fn new_to(&self, state: &State, agreement: &AuthorityId, version: u32) -> Result<(), NoEntry> {
        if state.agreement_version(agreement, version).is_none() {
            let why = format!("agreement `{agreement}` is not recorded here yet");
            return Err(NoEntry::not_now(why));
        }
        self.not_yet_in(state)
    }
}
