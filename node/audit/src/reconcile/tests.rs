//! Every pairing of what two logs can say has one verdict.

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
        refused_before: Vec::new(),
    }
}

#[test]
fn a_requester_holds_any_of_the_refusals_that_its_owner_tells_and_no_other() {
    use Reached::{Answered, Refused};
    let me = "asking-ca-pd".parse().unwrap();
    let before = ["first", "second"].map(|one| Digest::of(one.as_bytes())).to_vec();
    let owner = ExchangeRecord { refused_before: before, ..line(Refused, Some(b"last"), false) };
    for held in [b"first".as_slice(), b"second", b"last"] {
        let holder = line(Refused, Some(held), false);
        assert_eq!(class(Some(&holder), Some(&owner), &me), None);
        let answered = line(Answered, Some(held), true);
        assert_eq!(class(Some(&answered), Some(&owner), &me), Some(Class::Differs));
    }
    let other = line(Refused, Some(b"other"), false);
    assert_eq!(class(Some(&other), Some(&owner), &me), Some(Class::Differs));
    // It is the owner that makes them: what a requester says it was refused before counts for nothing.
    let [claims, last] = [owner, line(Refused, Some(b"first"), false)];
    assert_eq!(class(Some(&claims), Some(&last), &me), Some(Class::Differs));
}

fn told(record: ExchangeRecord) -> (QueryId, Line) {
    let (id, begun) = (record.query_id, record.asked_at);
    let line = Line { record, begun, query_by: None, reply_by: None, receipt_by: None };
    (id, line)
}

/// What two logs can say of one query: the requester's, the owner's, and the verdict.
type Pairing = (&'static str, Option<ExchangeRecord>, Option<ExchangeRecord>, &'static str);

fn pairings() -> Vec<Pairing> {
    use Reached::{Answered, Refused, Rejected, Sent, Unanswered};
    let a = Some(b"a".as_slice());
    let other_query = ExchangeRecord { query: Digest::of(b"other"), ..line(Answered, a, true) };
    vec![
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
            Some(ExchangeRecord { receipt: Some(Digest::of(b"other")), ..line(Answered, a, true) }),
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
    ]
}

/// Every pairing of what two logs can say has one verdict.
#[test]
fn each_difference_has_its_class() {
    let me: AgencyId = "asking-ca-pd".parse().unwrap();
    for (what, asked, served, expected) in pairings() {
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
                requester: (if asks { "asking-ca-pd" } else { "owning-ca-pd" }).parse().unwrap(),
                asked_at: minute(at),
                reached,
                query: digest(0).unwrap_or(Digest::of(b"query")),
                reply: digest(1),
                receipt: digest(2),
                refused_before: Vec::new(),
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
