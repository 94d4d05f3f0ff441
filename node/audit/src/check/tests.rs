//! What a check holds at once, and the order in which it takes lines.

use schemas::bundle::FORMAT;
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
    assert_eq!(told(vec![entry(1), card, policy, earlier()]), 3);
    assert_eq!(told(vec![earlier(), earlier(), entry(1)]), 1);
}
