//! What a log may have destroyed, and what tells of it.

use schemas::body::Actor;
use schemas::entry::{EntryKind, VERSION};
use serde_json::{Map, Value, json};

use super::*;
use schemas::entry::StoredEntry;

const ME: &str = "owning-ca-pd";

fn at(day: &str) -> Timestamp {
    format!("{day}T12:00:00Z").parse().unwrap()
}

/// An entry with a detail, or a bare one.
fn entry(index: u64, day: &str, kind: EntryKind, own: u64, detail: Value) -> (Header, Item) {
    let me: AgencyId = ME.parse().unwrap();
    let header = Header {
        v: VERSION,
        index,
        at: at(day),
        kind,
        peer: kind.judges().then(|| me.clone()),
        peer_seq: kind.judges().then_some(own),
        query: None,
        body: Digest::of(b""),
        envelope: None,
    };
    let actor = Actor {
        user: None,
        full_name: schemas::text::Text::default(),
        agency: me,
        auth: "node".into(),
    };
    let body = match detail {
        Value::Object(mut event) => {
            event.insert("kind".into(), json!(kind));
            let event = serde_json::from_value(Value::Object(event)).unwrap();
            let body =
                Body { at: header.at, actor, registry: None, change: None, audit: None, event };
            Some(serde_json::to_string(&body).unwrap())
        }
        _ => None,
    };
    let salt = body.as_ref().map(|_| vec![7; 32]);
    let text = String::from_utf8(header.to_bytes().unwrap()).unwrap();
    let stored = StoredEntry { header: text, salt, body, envelope: None };
    (header, Item::of(stored))
}

fn redaction(cut_off: &str, entries: &str, held: Value) -> Value {
    let mut told = Map::new();
    let redaction = json!({
        "cut_off": format!("{cut_off}T00:00:00Z"), "days": 365, "sections": [],
        "entries": entries, "count": 1, "held": held, "until": 99,
    });
    told.insert("redaction".into(), redaction);
    Value::Object(told)
}

fn placed(hold: u64, entries: &str) -> Value {
    json!({ "hold": { "hold": hold, "terms": Digest::of(b""), "entries": entries } })
}

/// Entry 1 is of 1 March 2026 and bare; the policy keeps audit records for 365 days. What follows
/// it decides what is wrong.
#[test]
fn a_bare_entry_is_judged_by_the_entries_that_follow() {
    use EntryKind::{EntriesRedacted as R, HoldPlaced as P, HoldReleased as L};
    let none = json!([]);
    let lawful = redaction("2026-03-02", "0-4", none.clone());
    type Row =
        (&'static str, Vec<(&'static str, EntryKind, u64, Value)>, &'static [(u64, &'static str)]);
    let table: [Row; 13] = [
        ("nothing says why", vec![], &[(1, "redacted")]),
        ("at the end of its retention", vec![("2027-03-02", R, 2, lawful.clone())], &[]),
        (
            "a day before its end",
            vec![("2027-03-01", R, 2, lawful.clone())],
            &[(2, "redacted_early"), (1, "redacted_early")],
        ),
        (
            "younger than the cut-off that its redaction names",
            vec![("2027-03-02", R, 2, redaction("2026-03-01", "0-4", none.clone()))],
            &[(1, "redacted_early")],
        ),
        (
            "not among the entries that it names",
            vec![("2027-03-02", R, 2, redaction("2026-03-02", "0,2-4", none.clone()))],
            &[(1, "redacted")],
        ),
        (
            "under a hold that names it",
            vec![("2026-06-01", P, 2, placed(1, "1")), ("2027-03-02", R, 3, lawful.clone())],
            &[(1, "redacted_held")],
        ),
        (
            "under a hold of something else",
            vec![("2026-06-01", P, 2, placed(1, "2-3")), ("2027-03-02", R, 3, lawful.clone())],
            &[],
        ),
        (
            "after its hold was released",
            vec![
                ("2026-06-01", P, 2, placed(1, "1")),
                ("2026-07-01", L, 3, json!({ "released": 1, "terms": Digest::of(b"") })),
                ("2027-03-02", R, 4, lawful.clone()),
            ],
            &[],
        ),
        (
            "released under other terms",
            vec![
                ("2026-06-01", P, 2, placed(1, "1")),
                ("2026-07-01", L, 3, json!({ "released": 1, "terms": Digest::of(b"other") })),
                ("2027-03-02", R, 4, lawful.clone()),
            ],
            &[(3, "binding")],
        ),
        (
            "a hold that was never placed is released",
            vec![("2026-07-01", L, 2, json!({ "released": 7, "terms": Digest::of(b"") }))],
            &[(2, "binding"), (1, "redacted")],
        ),
        (
            "passed by for a hold, and then destroyed under it",
            vec![
                ("2026-06-01", P, 2, placed(1, "")),
                (
                    "2027-03-02",
                    R,
                    3,
                    redaction("2026-03-02", "0", json!([{ "hold": 1, "entries": "1" }])),
                ),
                ("2027-03-03", R, 4, lawful.clone()),
            ],
            &[(1, "redacted_held")],
        ),
        (
            "a hold placed after it was destroyed",
            vec![("2027-03-02", R, 2, lawful.clone()), ("2027-03-03", P, 3, placed(1, "1"))],
            &[],
        ),
        ("an entry between is left out", vec![("2027-03-02", R, 3, lawful)], &[(2, "missing")]),
    ];
    let text =
        Policy::builtin_text("california-statute").unwrap().replace("years = 3", "days = 365");
    let adopted = json!({ "name": "a policy", "digest": Digest::of(text.as_bytes()) });
    for (what, after, expected) in table {
        let mut check = RedactionCheck::new(ME.parse().unwrap());
        check.policy(&text);
        let mut log = vec![
            entry(0, "2026-01-01", EntryKind::PolicyAdopted, 1, adopted.clone()),
            entry(1, "2026-03-01", EntryKind::QueryAnswered, 0, Value::Null),
        ];
        for (index, (day, kind, own, detail)) in (2..).zip(after) {
            log.push(entry(index, day, kind, own, detail));
        }
        log.iter().for_each(|(header, item)| check.see(header, item));
        let problems = check.finish();
        let found: Vec<_> = problems.iter().map(|p| (p.index.unwrap(), p.code)).collect();
        assert_eq!(found, expected, "{what}: {problems:?}");
    }
}

#[test]
fn what_never_ends_and_what_no_policy_is_at_hand_for_is_told() {
    let mut check = RedactionCheck::new(ME.parse().unwrap());
    let adopted = json!({ "name": "a policy", "digest": Digest::of(b"another text") });
    for (header, item) in [
        entry(0, "2026-01-01", EntryKind::PolicyAdopted, 1, adopted),
        entry(1, "2026-03-01", EntryKind::QueryAnswered, 0, Value::Null),
        entry(2, "2026-03-01", EntryKind::AlarmRaised, 0, Value::Null),
        entry(
            3,
            "2027-03-02",
            EntryKind::EntriesRedacted,
            2,
            redaction("2026-03-02", "0-2", json!([])),
        ),
    ] {
        check.see(&header, &item);
    }
    check.promised(4, 3);
    let found: Vec<_> = check.finish().into_iter().map(|p| (p.index.unwrap(), p.code)).collect();
    assert_eq!(found, [(2, "redacted"), (3, "redacted"), (4, "missing"), (1, "redacted")]);
}
