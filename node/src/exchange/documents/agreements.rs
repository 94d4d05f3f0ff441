//! Agreements, adherences and notices as they arrive.

use agreements::agreement::{Act, Adherence, Agreement, Notice};
use agreements::approval::unrecordable;
use agreements::succession::Misplaced;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::text::{LONGEST, Text, one_line};

use super::super::agreement_parties::{alarm_about_parties, lacks_alarm};
use super::super::not_served::NotServed;
use super::{Document, NoEntry};
use crate::permission::OwnAgency;
use audit_log::arrived::{Arrived, DayBounds};
use audit_log::entries::authority::{
    agreement_adhered, agreement_received, agreement_refused, notice_received,
};
use audit_log::entry::Entry;
use registry::{Peer, RefusedProposal, State, VersionedAgreement};

impl Document<'_> {
    pub(super) fn agreement(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_agency(Kind::Agreement)?;
        let agreement = Agreement::from_toml("agreement", &body)?;
        self.not_yet_in(state)?;
        if !agreement.parties.contains(self.own_id())
            || !agreement.parties.contains(&self.card().id)
        {
            return Err(NoEntry::refused("an agreement between others"));
        }
        if let Some(reasons) = unrecordable(&state.facts(&agreement.parties)) {
            let said: Vec<_> =
                reasons.as_slice().iter().map(|reason| reason.message.as_str()).collect();
            return Err(NoEntry::refused(said.join("; ")));
        }
        if state.requests.contains_key(&agreement.id) {
            return Err(NoEntry::refused("an agreement under the id of a written request"));
        }
        state.may_follow(&self.card().id, &agreement).map_err(|misplaced| match misplaced {
            Misplaced::Refused(why) => NoEntry::refused(why),
            Misplaced::NotYet(why) => NoEntry::not_now(why),
        })?;
        let (me, peer) = (self.own_id(), &self.card().id);
        self.bounds.proposal(state, me, peer, self.now).map_err(NoEntry::Unfit)?;
        Ok(agreement_received(self.arrived(state), &agreement))
    }

    /// The entry that says of a proposal that it is refused; none of what is no proposal, and none
    /// beyond what one peer may leave behind.
    pub(super) fn refusal(&self, state: &State, why: &str) -> Option<Entry> {
        if self.envelope.kind() != Kind::Agreement {
            return None;
        }
        let payload = self.envelope.unverified_payload();
        let (from, text) = (&self.card().id, Digest::of(payload));
        if !state.refused.room_for(from, &text, self.now) {
            return None;
        }
        let read = std::str::from_utf8(payload).ok();
        let read = read.and_then(|text| Agreement::from_toml("agreement", text).ok());
        let refused = RefusedProposal {
            from: from.clone(),
            agreement: read.as_ref().map(|agreement| agreement.id.clone()),
            version: read.as_ref().map(|agreement| agreement.version),
            text,
            why: bounded(why),
            at: self.now,
        };
        Some(agreement_refused(self.arrived(state), refused))
    }

    pub(super) fn adherence(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_agency(Kind::Adherence)?;
        let adherence = Adherence::from_toml("adherence", &body)?;
        if adherence.agency != self.card().id {
            return Err(NoEntry::refused("an adherence of another agency"));
        }
        if adherence.fingerprint_of(&adherence.agency) != Some(self.card().agency_key.fingerprint())
        {
            return Err(NoEntry::refused(
                "an adherence that names another key of its own agency than it is signed with",
            ));
        }
        let known = self.new_to(state, &adherence.agreement, &adherence.text)?;
        // What cannot be recorded is refused with its reason.
        known.recorded.may_adhere(&adherence)?;
        self.room_today()?;
        // A card that came since the parties were looked at: they are looked at once more.
        if lacks_alarm(state, &adherence, self.envelope) {
            return Err(NoEntry::not_now("a party's card changed at this moment; send this again"));
        }
        Ok(agreement_adhered(self.arrived(state), &adherence))
    }

    pub(super) fn notice(&self, state: &State) -> Result<Entry, NoEntry> {
        let body = self.signed_by_node(Kind::Notice)?;
        let notice = Notice::from_toml("notice", &body)?;
        if notice.agency != self.card().id {
            return Err(NoEntry::refused("a notice of another agency"));
        }
        let known = self.new_to(state, &notice.agreement, &notice.text)?;
        known.recorded.may_resume(&notice)?;
        // It may come before the adherence that it ends.
        known.recorded.clone().notice(notice.clone()).map_err(NoEntry::not_now)?;
        let arrived = self.arrived(state);
        // Ending one's own side, for now or for good, waits for no day.
        if matches!(notice.act, Act::Suspend | Act::Withdraw) {
            return Ok(notice_received(Arrived { most: DayBounds::NONE, ..arrived }, &notice));
        }
        self.room_today()?;
        Ok(notice_received(arrived, &notice))
    }

    /// The text is recorded here, and this document of it is not. A text between others is told apart
    /// from none by nothing.
    fn new_to<'s>(
        &self,
        state: &'s State,
        agreement: &AuthorityId,
        text: &Digest,
    ) -> Result<&'s VersionedAgreement, NoEntry> {
        let known = state.agreement_text(agreement, text);
        let among = |known: &&VersionedAgreement| {
            known.recorded.agreement.parties.contains(&self.card().id)
        };
        let known = known.filter(among).ok_or_else(|| {
            NoEntry::not_now(format!(
                "no text {text} of agreement `{agreement}` is recorded here yet"
            ))
        })?;
        if known.signed.contains(&self.envelope.to_text()) {
            return Err(NoEntry::Known);
        }
        Ok(known)
    }
}

/// A sentence as an entry says it.
fn bounded(why: &str) -> Text {
    let why = one_line(why);
    let most = why.char_indices().map(|(at, c)| at.saturating_add(c.len_utf8()));
    let end = most.take_while(|end| *end <= LONGEST).last().unwrap_or(0);
    why.get(..end).unwrap_or_default().parse().unwrap_or_default()
}

/// Looks at the keys by which a peer's adherence names the parties: another one than is known here is
/// an alarm. It comes before the entry that records the adherence, so that no crash lies between.
pub(super) async fn look_at_parties(
    agency: &OwnAgency,
    peer: &Peer,
    envelope: &Envelope,
) -> Result<(), NotServed> {
    let Ok(body) = envelope.verified(Kind::Adherence, &peer.card.value.agency_key) else {
        return Ok(());
    };
    let text = std::str::from_utf8(body).unwrap_or_default();
    let Ok(adherence) = Adherence::from_toml("adherence", text) else { return Ok(()) };
    if adherence.agency != peer.card.value.id {
        return Ok(());
    }
    Ok(alarm_about_parties(agency, &adherence, envelope).await?)
}
