//! Comparing what two logs say of the exchanges between them. Pure.
//!
//! Exchanges pair by query id. Whatever one side's log says and the other's does not is a finding
//! with its class; an exchange that may still be under way is left for later.

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
pub use schemas::finding::FindingClass as Class;
use schemas::query::QueryId;
use schemas::statement::{ExchangeRecord, Reached};
use schemas::time::Timestamp;
use serde::Serialize;

use super::evidence::Evidence;
use super::exchange_lines::Line;
use super::explained::{Explanation, Explanations};
use super::signature::Signature;
use super::signed_by::SignedBy;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its class.
    pub class: Class,
    /// The query, where it is about one.
    pub query_id: Option<QueryId>,
    /// Whose log is not as it must be, where the finding says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
    /// The entry of that log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
    /// In words, where the class alone does not say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Whose signature it rests on, where it holds somebody to what they signed: the agency, which is
    /// pinned, and its key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<SignedBy>,
    /// What our log, or that of the first bundle, says of the exchange.
    pub ours: Option<ExchangeRecord>,
    /// What theirs, or that of the second one, says.
    pub theirs: Option<ExchangeRecord>,
    /// What proves it.
    pub evidence: Vec<Evidence>,
    /// What auditors said of it. It stays what it is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub explained: Vec<Explanation>,
}

impl Finding {
    /// A finding about a log, in words, without evidence yet.
    #[must_use]
    pub fn about(class: Class, agency: &AgencyId, message: String) -> Self {
        Self {
            class,
            query_id: None,
            agency: Some(agency.clone()),
            index: None,
            message: Some(message),
            signed_by: None,
            ours: None,
            theirs: None,
            evidence: Vec::new(),
            explained: Vec::new(),
        }
    }

    /// A finding about one exchange, without evidence yet.
    #[must_use]
    pub fn of(
        class: Class,
        query_id: QueryId,
        ours: Option<ExchangeRecord>,
        theirs: Option<ExchangeRecord>,
    ) -> Self {
        Self {
            class,
            query_id: Some(query_id),
            agency: None,
            index: None,
            message: None,
            signed_by: None,
            ours,
            theirs,
            evidence: Vec::new(),
            explained: Vec::new(),
        }
    }
}

/// Whether a finding of this class is nothing but what somebody signed.
const fn is_signed(class: Class) -> bool {
    matches!(class, Class::OwnerHoldsUnknownQuery | Class::RepliedOwnerSilent)
}

impl Finding {
    /// Puts beside it what a log's auditors said of it.
    pub fn explain(&mut self, said: &Explanations) {
        let said = said.about(self.class, self.query_id, self.agency.as_ref(), self.index);
        self.explained.extend(said.cloned());
    }

    /// That it rests on a signature, as far as that counts.
    #[must_use]
    pub fn resting_on(self, signature: Option<&Signature>) -> Self {
        let Some(Signature { by, discounted, .. }) = signature else { return self };
        let Some(end) = discounted else {
            return Self { signed_by: Some(by.clone()), ..self };
        };
        if !is_signed(self.class) {
            return self;
        }
        let what = format!(
            "what it rests on is signed with the key {} of `{}`, whose end at {} the log that holds it recorded at {}; that it was made before is proven by nobody else, so it accuses nobody",
            by.key, by.agency, end.at, end.recorded
        );
        Self { class: Class::SignedWithEndedKey, message: Some(what), ..self }
    }
}

/// What a comparison found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Exchanges that both logs tell alike, receipt included.
    pub matched: u64,
    /// Refusals that both logs tell alike.
    pub refused_both: u64,
    /// Exchanges that may still be under way.
    pub open: u64,
    /// Everything else.
    pub findings: Vec<Finding>,
}

/// Compares two logs' lines. Exchanges that were begun at or after `settled_before`, as either log
/// proves, and do not match are left open.
#[must_use]
pub fn compare(
    ours: &BTreeMap<QueryId, Line>,
    theirs: &BTreeMap<QueryId, Line>,
    me: &AgencyId,
    settled_before: Timestamp,
) -> Report {
    let mut report = Report::default();
    let ids: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    for id in ids {
        let (our, their) = (ours.get(id), theirs.get(id));
        let Some(begun) = our.into_iter().chain(their).map(|line| line.begun).min() else {
            continue;
        };
        let record = |line: Option<&Line>| line.map(|line| line.record.clone());
        let (ours, theirs) = (record(our), record(their));
        match pairing(ours.as_ref(), theirs.as_ref(), me) {
            Pairing::Matched => report.matched = report.matched.saturating_add(1),
            Pairing::RefusedBoth => report.refused_both = report.refused_both.saturating_add(1),
            Pairing::Finding(_) if begun >= settled_before => {
                report.open = report.open.saturating_add(1);
            }
            Pairing::Finding(class) => {
                let lines = [our, their];
                let by = lines.into_iter().flatten().find_map(|line| accuses(class, line));
                let finding = Finding::of(class, *id, ours, theirs);
                report.findings.push(finding.resting_on(by));
            }
        }
    }
    report
}

/// Whose signature, out of a log's line, a difference of this class rests on.
fn accuses(class: Class, line: &Line) -> Option<&Signature> {
    match class {
        Class::OwnerHoldsUnknownQuery => line.query_by.as_ref(),
        Class::RepliedOwnerSilent => line.reply_by.as_ref(),
        Class::ReleasedNotReceived => line.receipt_by.as_ref(),
        _ => None,
    }
}

enum Pairing {
    Matched,
    RefusedBoth,
    Finding(Class),
}

/// The class of a difference between what two logs say; `None` when there is none.
#[must_use]
pub fn class(
    ours: Option<&ExchangeRecord>,
    theirs: Option<&ExchangeRecord>,
    me: &AgencyId,
) -> Option<Class> {
    match pairing(ours, theirs, me) {
        Pairing::Finding(class) => Some(class),
        Pairing::Matched | Pairing::RefusedBoth => None,
    }
}

fn pairing(
    ours: Option<&ExchangeRecord>,
    theirs: Option<&ExchangeRecord>,
    me: &AgencyId,
) -> Pairing {
    let asked = |line: &ExchangeRecord| line.requester == *me;
    // Where the two disagree on who asked, they disagree whichever side is taken for the requester.
    if ours.or(theirs).is_some_and(asked) { pair(ours, theirs) } else { pair(theirs, ours) }
}

fn pair(requester: Option<&ExchangeRecord>, owner: Option<&ExchangeRecord>) -> Pairing {
    use Reached::{Answered, Refused, Rejected, Sent, Unanswered};
    let (Some(asked), Some(served)) = (requester, owner) else {
        return Pairing::Finding(match requester.map(|line| line.reached) {
            None => Class::OwnerHoldsUnknownQuery,
            Some(Sent | Unanswered | Rejected) => Class::SentOwnerSilent,
            Some(Refused | Answered) => Class::RepliedOwnerSilent,
        });
    };
    let alike = asked.requester == served.requester && asked.asked_at == served.asked_at;
    if asked.query != served.query || !alike {
        return Pairing::Finding(Class::Differs);
    }
    match (asked.reached, served.reached) {
        (Answered, Answered) if asked.reply != served.reply => Pairing::Finding(Class::Differs),
        (Answered, Answered) if served.receipt.is_none() => Pairing::Finding(Class::ReceiptMissing),
        (Answered, Answered) if asked.receipt == served.receipt => Pairing::Matched,
        (Refused, Refused) if served.refused_by(asked.reply) && asked.receipt == served.receipt => {
            Pairing::RefusedBoth
        }
        (Sent | Unanswered | Rejected, Answered) => Pairing::Finding(Class::ReleasedNotReceived),
        (Sent | Unanswered | Rejected, Refused) => Pairing::Finding(Class::RefusedNotReceived),
        // An answer released and, on a later attempt, refused: the requester has the refusal.
        (Refused, Answered) => Pairing::Finding(Class::ReleasedNotReceived),
        _ => Pairing::Finding(Class::Differs),
    }
}

#[cfg(test)]
mod tests;
