//! Comparing what two logs say of the exchanges between them. Pure.
//!
//! Exchanges pair by query id. Whatever one side's log says and the other's does not is a finding
//! with its class; an exchange that may still be under way is left for later.

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::query::QueryId;
use schemas::statement::{ExchangeRecord, Reached};
use schemas::time::Timestamp;
use serde::Serialize;

use super::evidence::Evidence;
use super::exchange_lines::Line;
use super::signed_by::SignedBy;

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
    /// A log says of a reply that it did not verify, and the header of that reply does.
    RejectedAlthoughValid,
    /// A bundle ends before a head that the other side holds: what came after it is kept back.
    StaleBundle,
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
                let signed_by = lines.into_iter().flatten().find_map(|line| accuses(class, line));
                let finding = Finding::of(class, *id, ours, theirs);
                report.findings.push(Finding { signed_by, ..finding });
            }
        }
    }
    report
}

/// Whose signature, out of a log's line, a difference of this class rests on.
fn accuses(class: Class, line: &Line) -> Option<SignedBy> {
    match class {
        Class::OwnerHoldsUnknownQuery => line.query_by.clone(),
        Class::RepliedOwnerSilent => line.reply_by.clone(),
        Class::ReleasedNotReceived => line.receipt_by.clone(),
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
    use proptest::prelude::*;
    use schemas::digest::Digest;

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

    fn told(record: ExchangeRecord) -> (QueryId, Line) {
        let (id, begun) = (record.query_id, record.asked_at);
        let line = Line { record, begun, query_by: None, reply_by: None, receipt_by: None };
        (id, line)
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
            let one = |line: Option<ExchangeRecord>| line.into_iter().map(told).collect();
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
        let one = BTreeMap::from([told(line(Reached::Sent, None, false))]);
        let me = "asking-ca-pd".parse().unwrap();
        let report = compare(&one, &BTreeMap::new(), &me, "2026-03-01T00:00:00Z".parse().unwrap());
        assert_eq!((report.open, report.findings.len()), (1, 0));
    }

    fn any_line() -> impl Strategy<Value = (QueryId, Line)> {
        use Reached::{Answered, Refused, Rejected, Sent, Unanswered};
        let reached = prop::sample::select(vec![Sent, Unanswered, Rejected, Refused, Answered]);
        let digests = prop::collection::vec(prop::option::of(0u8..2), 3);
        (0u8..3, any::<bool>(), 0i64..4, 0i64..4, reached, digests).prop_map(
            |(id, asks, at, begun, reached, digests)| {
                let digest = |n: usize| digests[n].map(|of| Digest::of(&[of]));
                let minute = |n: i64| line(Sent, None, false).asked_at.plus_millis(n * 60_000);
                let record = ExchangeRecord {
                    query_id: QueryId::from_bytes([id; 16]),
                    requester: (if asks { "asking-ca-pd" } else { "owning-ca-pd" })
                        .parse()
                        .unwrap(),
                    asked_at: minute(at),
                    reached,
                    query: digest(0).unwrap_or(Digest::of(b"query")),
                    reply: digest(1),
                    receipt: digest(2),
                };
                let (id, line) = told(record);
                (id, Line { begun: minute(begun), ..line })
            },
        )
    }

    proptest! {
        /// Neither a class, nor a count, nor what is left open depends on whose lines are named first.
        #[test]
        fn no_verdict_depends_on_whose_log_is_named_first(
            asking in prop::collection::vec(any_line(), 0..4),
            owning in prop::collection::vec(any_line(), 0..4),
            settled in 0i64..5,
        ) {
            let asking: BTreeMap<QueryId, Line> = asking.into_iter().collect();
            let owning: BTreeMap<QueryId, Line> = owning.into_iter().collect();
            let settled = line(Reached::Sent, None, false).asked_at.plus_millis(settled * 60_000);
            let [one, other]: [AgencyId; 2] =
                ["asking-ca-pd", "owning-ca-pd"].map(|id| id.parse().unwrap());
            let first = compare(&asking, &owning, &one, settled);
            let turned = compare(&owning, &asking, &other, settled);
            let classes = |report: &Report| -> Vec<_> {
                report.findings.iter().map(|finding| (finding.query_id, finding.class)).collect()
            };
            prop_assert_eq!(classes(&first), classes(&turned));
            let counts = |report: &Report| (report.matched, report.refused_both, report.open);
            prop_assert_eq!(counts(&first), counts(&turned));
        }
    }
}
