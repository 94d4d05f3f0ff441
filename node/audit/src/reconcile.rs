//! Comparing what two logs say of the exchanges between them. Pure.
//!
//! Exchanges pair by query id. Whatever one side's log says and the other's does not is a finding
//! with its class; an exchange that may still be under way is left for later.

use std::collections::{BTreeMap, HashMap};

use schemas::agency::AgencyId;
use schemas::body::Outcome;
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::query::QueryId;
use schemas::statement::{ExchangeRecord, Reached};
use schemas::time::Timestamp;
use serde::Serialize;

use super::evidence::Evidence;
use super::view::LogEntry;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The requester sent it; the owner's log has nothing.
    SentOwnerSilent,
    /// The requester holds a signed reply; the owner's log has nothing.
    RepliedOwnerSilent,
    /// The owner released an answer; the requester's log has none.
    ReleasedNotReceived,
    /// The owner refused; the requester's log has no refusal.
    RefusedNotReceived,
    /// Both have the answer; the owner has no receipt.
    ReceiptMissing,
    /// Both have a reply, and not the same.
    Differs,
    /// The owner holds a query signed by the requester that the requester's log lacks.
    OwnerHoldsUnknownQuery,
    /// A log lacks an entry that it proved to the other side.
    Omitted,
    /// A log has another entry where it proved one to the other side.
    Altered,
    /// A log does not lead to a head that it signed for the other side.
    Forked,
    /// A log has destroyed its entries of it before the end of their retention, under hold, or
    /// without an entry that says so.
    RedactedEarly,
    /// A bundle does not hold by itself.
    Unsound,
    /// What a peer showed of its log does not hash to what it had signed.
    Contradicts,
}

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
    /// What our log, or that of the first bundle, says of the exchange.
    pub ours: Option<ExchangeRecord>,
    /// What theirs, or that of the second one, says.
    pub theirs: Option<ExchangeRecord>,
    /// What proves it.
    pub evidence: Vec<Evidence>,
}

impl Finding {
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
            ours,
            theirs,
            evidence: Vec::new(),
        }
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

/// What a log says of the exchanges with one peer, from its entries in order. An exchange counts
/// when its query was signed in `since..until`.
#[derive(Debug)]
pub struct ExchangeLines {
    since: Timestamp,
    until: Timestamp,
    lines: BTreeMap<QueryId, ExchangeRecord>,
    ids: HashMap<Digest, QueryId>,
}

impl ExchangeLines {
    /// Of exchanges whose query was signed in `since..until`.
    #[must_use]
    pub fn new(since: Timestamp, until: Timestamp) -> Self {
        Self { since, until, lines: BTreeMap::new(), ids: HashMap::new() }
    }

    /// What it says so far.
    #[must_use]
    pub const fn lines(&self) -> &BTreeMap<QueryId, ExchangeRecord> {
        &self.lines
    }

    /// The id of an exchange whose digest a header holds.
    #[must_use]
    pub fn name(&self, digest: &Digest) -> Option<QueryId> {
        self.ids.get(digest).copied()
    }

    /// Takes in the next entry.
    pub fn add(&mut self, entry: &LogEntry) {
        let Some(body) = &entry.body else { return };
        if entry.header.kind == EntryKind::ReceiptRecorded {
            let id = entry.header.query.and_then(|digest| self.name(&digest));
            if let Some(line) = id.and_then(|id| self.lines.get_mut(&id)) {
                // The receipt is the one envelope beside its entry.
                line.receipt = entry.header.envelope;
            }
            return;
        }
        let Some(access) = body.event.access() else { return };
        let Some(query) = access.query_digest else { return };
        let reached = match access.outcome {
            Outcome::Declined | Outcome::Receipted => return,
            Outcome::Sent => Reached::Sent,
            Outcome::Unanswered => Reached::Unanswered,
            Outcome::Rejected => Reached::Rejected,
            Outcome::Refused => Reached::Refused,
            Outcome::Answered => Reached::Answered,
        };
        if !(self.since..self.until).contains(&access.asked_at) {
            return;
        }
        if let Some(digest) = entry.header.query {
            self.ids.insert(digest, access.query_id);
        }
        let line = self.lines.entry(access.query_id).or_insert_with(|| ExchangeRecord {
            query_id: access.query_id,
            requester: access.requester.clone(),
            asked_at: access.asked_at,
            reached: Reached::Sent,
            query,
            reply: None,
            receipt: None,
        });
        // Other bytes under a known id were refused: the first bytes are the exchange.
        if line.query == query && reached >= line.reached {
            line.reached = reached;
            line.reply = access.answer_digest.or(line.reply);
            // The requester signs its receipt with the entry of the answer.
            if let Event::AnswerReceived(received) = &body.event {
                line.receipt = Some(received.receipt_digest);
            }
        }
    }
}

/// Compares two logs' lines. Exchanges asked at or after `settled_before` that do not match are
/// left open.
#[must_use]
pub fn compare(
    ours: &BTreeMap<QueryId, ExchangeRecord>,
    theirs: &BTreeMap<QueryId, ExchangeRecord>,
    me: &AgencyId,
    settled_before: Timestamp,
) -> Report {
    let mut report = Report::default();
    let ids: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    for id in ids {
        let (our, their) = (ours.get(id), theirs.get(id));
        let Some(any) = our.or(their) else { continue };
        let (requester, owner) = if any.requester == *me { (our, their) } else { (their, our) };
        match pair(requester, owner) {
            Pairing::Matched => report.matched = report.matched.saturating_add(1),
            Pairing::RefusedBoth => report.refused_both = report.refused_both.saturating_add(1),
            Pairing::Finding(_) if any.asked_at >= settled_before => {
                report.open = report.open.saturating_add(1);
            }
            Pairing::Finding(class) => {
                report.findings.push(Finding::of(class, *id, our.cloned(), their.cloned()));
            }
        }
    }
    report
}

enum Pairing {
    Matched,
    RefusedBoth,
    Finding(Class),
}

/// The class of a difference between two logs' lines; `None` when there is none.
#[must_use]
pub fn class(
    ours: Option<&ExchangeRecord>,
    theirs: Option<&ExchangeRecord>,
    me: &AgencyId,
) -> Option<Class> {
    let any = ours.or(theirs)?;
    let (requester, owner) = if any.requester == *me { (ours, theirs) } else { (theirs, ours) };
    match pair(requester, owner) {
        Pairing::Finding(class) => Some(class),
        Pairing::Matched | Pairing::RefusedBoth => None,
    }
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
        (Refused, Refused) if asked.reply == served.reply => Pairing::RefusedBoth,
        (Sent | Unanswered | Rejected, Answered) => Pairing::Finding(Class::ReleasedNotReceived),
        (Sent | Unanswered | Rejected, Refused) => Pairing::Finding(Class::RefusedNotReceived),
        // An answer released and, on a later attempt, refused: the requester has the refusal.
        (Refused, Answered) => Pairing::Finding(Class::ReleasedNotReceived),
        _ => Pairing::Finding(Class::Differs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(reached: Reached, reply: Option<&[u8]>, receipt: bool) -> ExchangeRecord {
        ExchangeRecord {
            query_id: QueryId::from_bytes([1; 16]),
            requester: "asking-ca-pd".parse().unwrap(),
            asked_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            reached,
            query: Digest::of(b"query"),
            reply: reply.map(Digest::of),
            receipt: receipt.then(|| Digest::of(b"receipt")),
        }
    }

    /// Every pairing of what two logs can say has one verdict.
    #[test]
    fn each_difference_has_its_class() {
        use Reached::{Answered, Refused, Rejected, Sent, Unanswered};
        let a = Some(b"a".as_slice());
        let other_query = ExchangeRecord { query: Digest::of(b"other"), ..line(Answered, a, true) };
        let table = [
            (
                "both answered, receipt recorded",
                Some(line(Answered, a, true)),
                Some(line(Answered, a, true)),
                "matched",
            ),
            (
                "both refused",
                Some(line(Refused, a, false)),
                Some(line(Refused, a, false)),
                "refused_both",
            ),
            (
                "receipt not recorded",
                Some(line(Answered, a, true)),
                Some(line(Answered, a, false)),
                "receipt_missing",
            ),
            (
                "another answer",
                Some(line(Answered, a, true)),
                Some(line(Answered, Some(b"b"), true)),
                "differs",
            ),
            (
                "another refusal",
                Some(line(Refused, a, false)),
                Some(line(Refused, Some(b"b"), false)),
                "differs",
            ),
            (
                "another receipt",
                Some(line(Answered, a, true)),
                Some(ExchangeRecord {
                    receipt: Some(Digest::of(b"other")),
                    ..line(Answered, a, true)
                }),
                "differs",
            ),
            ("another query", Some(line(Answered, a, true)), Some(other_query), "differs"),
            (
                "answered against refused",
                Some(line(Answered, a, true)),
                Some(line(Refused, a, false)),
                "differs",
            ),
            ("sent only", Some(line(Sent, None, false)), None, "sent_owner_silent"),
            ("unanswered only", Some(line(Unanswered, None, false)), None, "sent_owner_silent"),
            (
                "owner denies having answered",
                Some(line(Answered, a, true)),
                None,
                "replied_owner_silent",
            ),
            (
                "owner denies having refused",
                Some(line(Refused, a, false)),
                None,
                "replied_owner_silent",
            ),
            (
                "answer lost",
                Some(line(Unanswered, None, false)),
                Some(line(Answered, a, false)),
                "released_not_received",
            ),
            (
                "answer rejected",
                Some(line(Rejected, None, false)),
                Some(line(Answered, a, false)),
                "released_not_received",
            ),
            (
                "refusal lost",
                Some(line(Unanswered, None, false)),
                Some(line(Refused, a, false)),
                "refused_not_received",
            ),
            (
                "requester denies having asked",
                None,
                Some(line(Answered, a, true)),
                "owner_holds_unknown_query",
            ),
        ];
        let me: AgencyId = "asking-ca-pd".parse().unwrap();
        for (what, asked, served, expected) in table {
            let one =
                |line: Option<ExchangeRecord>| line.into_iter().map(|l| (l.query_id, l)).collect();
            let report = compare(&one(asked.clone()), &one(served.clone()), &me, Timestamp::MAX);
            let class = report.findings.first().map(|finding| finding.class);
            let found = match class.map(|class| serde_json::to_value(class).unwrap()) {
                Some(class) => class.as_str().unwrap().to_owned(),
                None if report.matched == 1 => "matched".to_owned(),
                None => "refused_both".to_owned(),
            };
            assert_eq!(found, expected, "{what}");
            // Seen from the owner's side the class is the same.
            let owner: AgencyId = "owning-ca-pd".parse().unwrap();
            let turned = compare(&one(served), &one(asked), &owner, Timestamp::MAX);
            assert_eq!(
                turned.findings.first().map(|f| f.class),
                report.findings.first().map(|f| f.class),
                "{what}"
            );
        }
    }

    #[test]
    fn what_may_be_under_way_is_left_open() {
        let one =
            BTreeMap::from([(QueryId::from_bytes([1; 16]), line(Reached::Sent, None, false))]);
        let me = "asking-ca-pd".parse().unwrap();
        let report = compare(&one, &BTreeMap::new(), &me, "2026-03-01T00:00:00Z".parse().unwrap());
        assert_eq!((report.open, report.findings.len()), (1, 0));
    }
}
