//! What the sums of destroyed answers prove of uses.

use schemas::digest::Digest;
use schemas::entry::VERSION;

use super::*;

const AUTHORITY: &str = "west-covina-ca-pd/plates-2026";

fn day(day: i64) -> Timestamp {
    Timestamp::from_millis(1_772_323_200_000).unwrap().plus_millis(day * 86_400_000)
}

fn header(entry: u64, of: i64, kind: EntryKind) -> Header {
    Header {
        v: VERSION,
        index: entry,
        at: day(of).plus_millis(5_000),
        kind,
        peer: Some("west-covina-ca-pd".parse().unwrap()),
        peer_seq: Some(entry),
        query: None,
        body: Digest::of(b""),
        envelope: None,
    }
}

fn sum(of: i64, given: u32, received: u32) -> UsesSum {
    let (authority, peer) = (AUTHORITY.parse().unwrap(), "west-covina-ca-pd".parse().unwrap());
    UsesSum { day: day(of), authority, peer, given, received }
}

fn redaction(entries: &str) -> Redaction {
    Redaction {
        cut_off: day(9),
        days: 1,
        sections: Vec::new(),
        entries: entries.parse().unwrap(),
        count: 0,
        held: BTreeMap::new(),
        until: 99,
    }
}

fn limit(most: u32, daily: bool) -> Limit {
    let (authority, peer) = (AUTHORITY.parse().unwrap(), "west-covina-ca-pd".parse().unwrap());
    Limit { authority, peer, most, daily }
}

/// Two answers of day 0 and one received are destroyed, one of day 1 is there.
fn counted() -> UsesCount {
    let mut uses = UsesCount::default();
    let authority: AuthorityId = AUTHORITY.parse().unwrap();
    uses.answer(&header(0, 0, EntryKind::QueryAnswered), None);
    uses.answer(&header(1, 0, EntryKind::AnswerReceived), None);
    uses.answer(&header(2, 0, EntryKind::QueryAnswered), None);
    uses.answer(&header(3, 1, EntryKind::QueryAnswered), Some(&authority));
    uses
}

#[test]
fn sums_are_those_of_the_headers_and_no_less_than_the_bodies() {
    for (entries, sums, right) in [
        ("0-2", vec![sum(0, 2, 1)], true),
        ("0-2", vec![sum(0, 1, 1)], false),
        ("0-2", vec![sum(0, 2, 0)], false),
        ("0-2", vec![sum(1, 2, 1)], false),
        ("0-2", vec![], false),
        ("0-3", vec![sum(0, 2, 1), sum(1, 1, 0)], true),
        // As many, but not on the authority that the body there names.
        (
            "3",
            vec![UsesSum { authority: "port-ca-pd/other".parse().unwrap(), ..sum(1, 1, 0) }],
            true,
        ),
        (
            "3",
            vec![
                sum(1, 0, 0),
                UsesSum { authority: "port-ca-pd/other".parse().unwrap(), ..sum(1, 1, 0) },
            ],
            false,
        ),
    ] {
        let wrong = counted().redacted(&redaction(entries), &sums);
        assert_eq!(wrong.is_none(), right, "{entries} {sums:?}: {wrong:?}");
    }
    // What one redaction has counted, no other one counts again.
    let mut uses = counted();
    assert!(uses.redacted(&redaction("0-2"), &[sum(0, 2, 1)]).is_none());
    assert!(uses.redacted(&redaction("0-2"), &[sum(0, 2, 1)]).is_some());
}

#[test]
fn a_limit_counts_what_is_destroyed() {
    for (most, daily, of, reached, right) in [
        (4, false, 1, false, true),
        (3, false, 1, false, false),
        (3, false, 1, true, true),
        (4, false, 1, true, false),
        // Of a day, answers of another one do not count.
        (2, true, 1, false, true),
        (1, true, 1, false, false),
        // Whether those of the same day came before is open, and accuses nobody.
        (2, true, 0, false, true),
        (2, true, 0, true, true),
        (3, true, 0, true, false),
    ] {
        let mut uses = counted();
        uses.defer(4, limit(most, daily), day(of), reached);
        assert!(uses.redacted(&redaction("0-2"), &[sum(0, 2, 1)]).is_none());
        let wrong = uses.decided_otherwise();
        assert_eq!(wrong.is_empty(), right, "{most} {daily} {of} {reached}: {wrong:?}");
    }
}

#[test]
fn before_the_latest_answers_only_what_they_used_is_unused_again() {
    let peer: AgencyId = "west-covina-ca-pd".parse().unwrap();
    let [first, second]: [AuthorityId; 2] =
        [AUTHORITY, "west-covina-ca-pd/again-2026"].map(|id| id.parse().unwrap());
    let mut uses = UsesCount::default();
    uses.answer(&header(0, 0, EntryKind::QueryAnswered), Some(&first));
    uses.answer(&header(1, 1, EntryKind::QueryAnswered), Some(&first));
    uses.answer(&header(2, 1, EntryKind::AnswerReceived), Some(&second));
    uses.answer(&header(3, 1, EntryKind::QueryAnswered), Some(&second));
    for (since, of_first, of_second) in [
        (0, (2, 1), (1, 1)),
        // The last answer used the second alone; the first is used up as before.
        (1, (2, 1), (0, 0)),
        (2, (1, 0), (0, 0)),
        (3, (0, 0), (0, 0)),
        (MOST_AT_ONCE, (0, 0), (0, 0)),
    ] {
        assert_eq!(uses.used(&first, day(1), &peer, since), of_first, "{since}");
        assert_eq!(uses.used(&second, day(1), &peer, since), of_second, "{since}");
    }
}
