//! What a check holds at once, and the order in which it takes lines.

use schemas::bundle::{FORMAT, MOST_COSIGNED, Scope};
use schemas::entry::StoredEntry;

use super::*;

fn check() -> Check<impl FnMut(Judged, &Item, u64)> {
    let head = Head {
        accord_bundle: FORMAT,
        agency: "owning-ca-pd".parse().unwrap(),
        entry: 0,
        at: "2026-03-01T00:00:00Z".parse().unwrap(),
        scope: Scope::default(),
        checkpoint: String::new(),
    };
    Check::new(head, &Pins::new(), |_: Judged, _: &Item, _| {})
}

fn entry(bytes: usize) -> Line {
    let envelope = Some("x".repeat(bytes));
    let entry = StoredEntry { header: "{}".into(), salt: None, body: None, envelope };
    Line::Entry(Item::of(entry))
}

#[test]
fn what_waits_to_be_checked_is_bounded_by_its_bytes() {
    let mut check = check();
    for _ in 0..24 {
        check.line(0, Ok(entry(900_000)));
        let waiting: usize = check.batch.iter().map(|(_, item)| item.entry.size()).sum();
        assert!(waiting < STEP_BYTES && check.waiting == waiting, "{waiting} bytes");
    }
}

#[test]
fn entries_are_checked_once_enough_of_them_wait() {
    let mut check = check();
    for waiting in (1..STEP).chain([0, 1]) {
        check.line(0, Ok(entry(1)));
        assert_eq!(check.batch.len(), waiting);
    }
}

/// The head that cannot be read is one of them.
#[test]
fn problems_beyond_a_bound_are_counted() {
    let lines = MOST_PROBLEMS - 1;
    for (lines, more) in
        [(lines, None), (lines + 1, Some("and 1 more")), (lines + 3, Some("and 3 more"))]
    {
        let mut check = check();
        for line in 0..lines {
            check.line(0, Err(BundleError::Line { line: line as u64, what: "is none".into() }));
        }
        let problems = check.finish().problems;
        let told = problems.iter().find(|one| one.code == "more").map(|one| one.message.as_str());
        assert_eq!(told, more, "{lines} lines");
        let one_by_one = problems.iter().filter(|one| ["line", "checkpoint"].contains(&one.code));
        assert_eq!(one_by_one.count(), MOST_PROBLEMS);
    }
}

#[test]
fn what_entries_are_checked_by_stands_before_them() {
    let told = |lines: Vec<Line>| {
        let mut check = check();
        lines.into_iter().for_each(|line| check.line(0, Ok(line)));
        let problems = check.finish().problems;
        problems.into_iter().filter(|found| found.code == "line").count()
    };
    let earlier = || {
        let checkpoint = String::new();
        Line::Cosigned(schemas::bundle::Earlier { checkpoint, consistency: Vec::new() })
    };
    let (card, policy) = (Line::Card("{}".into()), Line::Policy(String::new()));
    assert_eq!(told(vec![card.clone(), policy.clone(), earlier(), entry(1)]), 0);
    let hold = || {
        let terms = r#"{"hold":1,"on":{"case":"26-417"},"reason":"trial","salt":"0a"}"#;
        Line::Hold(terms.into())
    };
    assert_eq!(told(vec![hold(), entry(1)]), 0);
    assert_eq!(told(vec![entry(1), card, policy, earlier(), hold()]), 4);
    // Terms of one hold twice, and what are none.
    assert_eq!(told(vec![hold(), hold(), entry(1)]), 1);
    assert_eq!(told(vec![Line::Hold("{}".into()), entry(1)]), 1);
}

/// Terms of a hold are read up to a length.
#[test]
fn terms_of_a_hold_are_bounded() {
    let terms = |bytes: usize| {
        let text = r#"{"hold":1,"on":{"case":"26-417"},"reason":"trial","salt":"0a"}"#;
        Line::Hold(format!("{text}{}", " ".repeat(bytes - text.len())))
    };
    for (bytes, told) in [(16 << 10, 0), ((16 << 10) + 1, 1)] {
        let mut check = check();
        check.line(0, Ok(terms(bytes)));
        let problems = check.finish().problems;
        let long = problems.iter().filter(|one| one.message.contains("bytes are read"));
        assert_eq!(long.count(), told, "{bytes}");
    }
}

#[test]
fn no_more_heads_that_peers_cosigned_are_read_than_a_bundle_may_hold() {
    for (count, told) in [(MOST_COSIGNED, 0), (MOST_COSIGNED + 1, 1), (MOST_COSIGNED + 9, 1)] {
        let mut check = check();
        for _ in 0..count {
            let earlier =
                schemas::bundle::Earlier { checkpoint: String::new(), consistency: Vec::new() };
            check.line(0, Ok(Line::Cosigned(earlier)));
        }
        let problems = check.finish().problems;
        assert_eq!(problems.iter().filter(|found| found.code == "line").count(), told, "{count}");
    }
}

/// However many policies stand in a bundle, those that were adopted last are kept.
#[test]
fn policies_are_read_in_memory_that_is_bounded() {
    let mut check = check();
    let text = |n: usize| format!("{n}{}", "x".repeat(900_000));
    for n in 0..40 {
        check.line(0, Ok(Line::Policy(text(n))));
    }
    let policies = check.finish().policies;
    let bytes: usize = policies.iter().map(String::len).sum();
    assert!((15 << 20..=16 << 20).contains(&bytes), "{bytes} bytes");
    assert!(policies.last().is_some_and(|last| *last == text(39)));
}
