//! An agreement between two of its parties, at an instant: in force, or why not.

use std::collections::{BTreeMap, BTreeSet};

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::time::Timestamp;

use crate::agreement::{Act, Adherence, Agreement, KnownParty, Notice};
use crate::document::{DocumentError, sense};

/// How often a party may resume its side of one text.
pub const MOST_RESUMPTIONS: usize = 32;

/// An agreement with all that was signed on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgreementRecord {
    /// The text's values.
    pub agreement: Agreement,
    /// Digest of the exact text.
    pub text: Digest,
    /// Adherences by agency; a later one takes the place of an earlier.
    pub adherences: BTreeMap<AgencyId, Adherence>,
    /// Notices, in the order they were recorded.
    pub notices: Vec<Notice>,
}

/// How an agreement stands between two parties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgreementStatus {
    /// In force.
    InForce,
    /// Not before this instant.
    NotYetEffective(Timestamp),
    /// Not since this instant.
    Expired(Timestamp),
    /// This agency is no party.
    NotAParty(AgencyId),
    /// This party has not adhered.
    NotAdhered(AgencyId),
    /// This party has said that it will not.
    Declined {
        /// Who.
        by: AgencyId,
    },
    /// One party has not chosen to share with the other.
    NotShared {
        /// The party that did not choose.
        by: AgencyId,
        /// The one it did not choose.
        with: AgencyId,
    },
    /// One party knows the other by another key than the other has.
    FingerprintsDiffer {
        /// The party that knows it so.
        by: AgencyId,
        /// The one that has another.
        of: AgencyId,
    },
    /// One party has suspended its side.
    Suspended {
        /// The party.
        by: AgencyId,
    },
    /// One party has ended its side.
    Withdrawn {
        /// The party.
        by: AgencyId,
    },
}

impl AgreementRecord {
    /// An agreement on which nobody has signed yet.
    #[must_use]
    pub fn new(agreement: Agreement, text: Digest) -> Self {
        Self { agreement, text, adherences: BTreeMap::new(), notices: Vec::new() }
    }

    /// Records an adherence.
    ///
    /// # Errors
    /// As [`Self::may_adhere`].
    pub fn adhere(&mut self, adherence: Adherence) -> Result<(), DocumentError> {
        self.may_adhere(&adherence)?;
        self.adherences.insert(adherence.agency.clone(), adherence);
        Ok(())
    }

    /// Whether an adherence can be recorded.
    ///
    /// # Errors
    /// When it is to another text, of no party, shares with no party or with itself, or does not name
    /// the key of itself and of each with whom it shares.
    pub fn may_adhere(&self, adherence: &Adherence) -> Result<(), DocumentError> {
        let Agreement { id, version, parties, .. } = &self.agreement;
        if adherence.agreement != *id
            || adherence.version != *version
            || adherence.text != self.text
        {
            return Err(sense(format!(
                "this adherence is to another text than that of agreement `{id}` version {version}"
            )));
        }
        if !parties.contains(&adherence.agency) {
            return Err(sense(format!("`{}` is no party of agreement `{id}`", adherence.agency)));
        }
        if self.withdrawn(&adherence.agency) {
            return Err(sense(format!(
                "`{}` has withdrawn from agreement `{id}` version {version}; a new version is needed",
                adherence.agency
            )));
        }
        let stranger = adherence
            .shares_with
            .iter()
            .find(|with| !parties.contains(with) || **with == adherence.agency);
        if let Some(with) = stranger {
            return Err(sense(format!(
                "`{with}` in the share list is no other party of agreement `{id}`"
            )));
        }
        known_parties(&self.agreement, adherence)?;
        if adherence.signatory.name.is_empty() {
            return Err(sense(format!(
                "the adherence of `{}` names no signatory",
                adherence.agency
            )));
        }
        Ok(())
    }

    /// Whether a party may resume its side once more: what alternates leaves something behind each
    /// time.
    ///
    /// # Errors
    /// When it has resumed as often as it may.
    pub fn may_resume(&self, notice: &Notice) -> Result<(), DocumentError> {
        let resumed = |known: &&Notice| known.agency == notice.agency && known.act == Act::Resume;
        let most = self.notices.iter().filter(resumed).count() >= MOST_RESUMPTIONS;
        if notice.act == Act::Resume && most {
            return Err(sense(format!(
                "`{}` has resumed agreement `{}` {MOST_RESUMPTIONS} times, the most that it may; propose a new version",
                notice.agency, self.agreement.id
            )));
        }
        Ok(())
    }

    /// Records a notice.
    ///
    /// # Errors
    /// When it is on another agreement, of no party, of one that has not adhered (to decline: that has), or changes
    /// nothing; or as [`Self::may_resume`].
    pub fn notice(&mut self, notice: Notice) -> Result<(), DocumentError> {
        let Agreement { id, version, .. } = &self.agreement;
        if notice.agreement != *id || notice.version != *version || notice.text != self.text {
            return Err(sense(format!(
                "this notice is on another agreement than `{id}` version {version}"
            )));
        }
        if notice.act == Act::Decline {
            return self.decline(notice);
        }
        if !self.adherences.contains_key(&notice.agency) {
            return Err(sense(format!("`{}` has not adhered to agreement `{id}`", notice.agency)));
        }
        self.may_resume(&notice)?;
        let agency = &notice.agency;
        match (self.last(agency), notice.act) {
            (Some(Act::Withdraw), _) => {
                Err(sense(format!("`{agency}` has withdrawn from agreement `{id}` for good")))
            }
            (Some(Act::Suspend), Act::Suspend) => {
                Err(sense(format!("`{agency}` has suspended agreement `{id}` already")))
            }
            (None | Some(Act::Resume | Act::Decline), Act::Resume) => {
                Err(sense(format!("`{agency}` has not suspended agreement `{id}`")))
            }
            _ => {
                self.notices.push(notice);
                Ok(())
            }
        }
    }

    /// A party says that it will not sign, once for each text.
    fn decline(&mut self, notice: Notice) -> Result<(), DocumentError> {
        let (id, agency) = (&self.agreement.id, &notice.agency);
        if !self.agreement.parties.contains(agency) {
            return Err(sense(format!("`{agency}` is no party of agreement `{id}`")));
        }
        if self.adherences.contains_key(agency) {
            return Err(sense(format!(
                "`{agency}` has signed agreement `{id}`; its side is suspended or ended, not declined"
            )));
        }
        if self.last(agency).is_some() {
            return Err(sense(format!("`{agency}` has declined agreement `{id}` already")));
        }
        self.notices.push(notice);
        Ok(())
    }

    fn last(&self, agency: &AgencyId) -> Option<Act> {
        self.notices.iter().rev().find(|notice| notice.agency == *agency).map(|notice| notice.act)
    }

    /// Whether a party has said that it will not sign, and has not.
    #[must_use]
    pub fn declined(&self, agency: &AgencyId) -> bool {
        !self.adherences.contains_key(agency) && self.last(agency) == Some(Act::Decline)
    }

    fn withdrawn(&self, agency: &AgencyId) -> bool {
        self.last(agency) == Some(Act::Withdraw)
    }

    /// Whether `agency` has adhered to it and has not withdrawn.
    #[must_use]
    pub fn binds(&self, agency: &AgencyId) -> bool {
        self.adherences.contains_key(agency) && !self.withdrawn(agency)
    }

    /// How the agreement stands between two agencies at `now`. The same whoever comes first, but
    /// for whom it names.
    #[must_use]
    pub fn status(
        &self,
        owner: &AgencyId,
        requester: &AgencyId,
        now: Timestamp,
    ) -> AgreementStatus {
        let pair = [(owner, requester), (requester, owner)];
        for (one, _) in pair {
            if !self.agreement.parties.contains(one) {
                return AgreementStatus::NotAParty(one.clone());
            }
        }
        // A side that has suspended or withdrawn says so, whatever the other has signed.
        for (one, _) in pair {
            match self.last(one) {
                Some(Act::Withdraw) => return AgreementStatus::Withdrawn { by: one.clone() },
                Some(Act::Suspend) => return AgreementStatus::Suspended { by: one.clone() },
                Some(Act::Resume | Act::Decline) | None => {}
            }
        }
        for (one, other) in pair {
            match self.adherences.get(one) {
                None if self.declined(one) => {
                    return AgreementStatus::Declined { by: one.clone() };
                }
                None => return AgreementStatus::NotAdhered(one.clone()),
                Some(adherence)
                    if !adherence.shares_with.contains(other)
                        && (one == owner || !self.agreement.one_way) =>
                {
                    return AgreementStatus::NotShared { by: one.clone(), with: other.clone() };
                }
                Some(_) => {}
            }
        }
        for (one, other) in pair {
            let key = |of: &AgencyId| self.adherences.get(of)?.fingerprint_of(other);
            if key(one) != key(other) {
                return AgreementStatus::FingerprintsDiffer { by: one.clone(), of: other.clone() };
            }
        }
        if now < self.agreement.effective {
            AgreementStatus::NotYetEffective(self.agreement.effective)
        } else if now >= self.agreement.expires {
            AgreementStatus::Expired(self.agreement.expires)
        } else {
            AgreementStatus::InForce
        }
    }

    /// How the agreement stands between two agencies, whichever asks the other; of one-way sharing, in the
    /// direction in which it stands.
    #[must_use]
    pub fn between(&self, me: &AgencyId, other: &AgencyId, now: Timestamp) -> AgreementStatus {
        match self.status(me, other, now) {
            AgreementStatus::NotShared { .. } => self.status(other, me, now),
            status => status,
        }
    }

    /// How the agreement stands for `me`, in one word, for lists.
    #[must_use]
    pub fn state(&self, me: &AgencyId, now: Timestamp) -> &'static str {
        if now >= self.agreement.expires {
            return "expired";
        }
        match self.last(me) {
            Some(Act::Withdraw) => return "withdrawn",
            Some(Act::Suspend) => return "suspended",
            Some(Act::Resume | Act::Decline) | None => {}
        }
        if self.declined(me) {
            return "declined";
        }
        if !self.adherences.contains_key(me) {
            return "proposed";
        }
        let others = self.agreement.parties.iter().filter(|party| *party != me);
        let mut worst = "waiting";
        for other in others {
            match self.between(me, other, now) {
                AgreementStatus::InForce => return "in_force",
                AgreementStatus::NotYetEffective(_) => worst = "not_yet_effective",
                _ => {}
            }
        }
        worst
    }
}

/// An adherence names parties alone, each once, itself and all with whom it shares among them.
fn known_parties(agreement: &Agreement, adherence: &Adherence) -> Result<(), DocumentError> {
    let Agreement { id, parties, .. } = agreement;
    let by = &adherence.agency;
    let mut named = BTreeSet::new();
    for KnownParty { agency, .. } in &adherence.parties {
        if !parties.contains(agency) {
            return Err(sense(format!(
                "the adherence of `{by}` names the key of `{agency}`, which is no party of agreement `{id}`"
            )));
        }
        if !named.insert(agency) {
            return Err(sense(format!(
                "the adherence of `{by}` names the key of `{agency}` twice"
            )));
        }
    }
    match [by].into_iter().chain(&adherence.shares_with).find(|agency| !named.contains(agency)) {
        Some(agency) => Err(sense(format!(
            "the adherence of `{by}` to agreement `{id}` does not name the key of `{agency}`"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
