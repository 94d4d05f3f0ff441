//! Whether what is missing from a log was destroyed as it had to be. Pure; from the log's own
//! entries alone, so that whoever trusts nobody can tell.
//!
//! A bare entry, whose body and envelopes are gone, is in order when a later `entries.redacted` of
//! the same log names it, its time is before the cut-off, the cut-off was no younger than the policy
//! in force then allowed, and no hold in force then had been recorded as keeping it. The entries that
//! this rests on concern the agency itself and are numbered as such, so an extract shows whether
//! one was left out.

use std::collections::{BTreeMap, HashMap};

use agreements::policy::Policy;
use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::event::Event;
use schemas::ranges::Ranges;
use schemas::redaction::Redaction;
use schemas::time::Timestamp;

use super::problem::{Problem, problem};
use schemas::bundle::Item;

/// Judges the bare entries of a log, told in order of what stands in it.
#[derive(Debug)]
pub struct RedactionCheck {
    me: AgencyId,
    /// Days that a policy keeps audit records, by the digest of its text.
    policies: HashMap<Digest, u32>,
    /// Days that the policy in force keeps them; `None` when its text is not at hand.
    days: Option<u32>,
    /// What each hold in force keeps, as far as the log names it.
    holds: BTreeMap<u64, Ranges>,
    /// The terms of each hold, as its placing said.
    terms: BTreeMap<u64, Digest>,
    redactions: Vec<JudgedRedaction>,
    bare: Vec<(u64, Timestamp)>,
    /// The number of the last entry that concerns the agency itself.
    own: u64,
    problems: Vec<Problem>,
}

/// A redaction, judged upon the policy and the holds of its time.
#[derive(Debug)]
struct JudgedRedaction {
    index: u64,
    entries: Ranges,
    /// Entries from here on were too young.
    allowed: Option<Timestamp>,
    held: Ranges,
}

impl RedactionCheck {
    /// Of the log of `me`, with the texts of its policies at hand.
    #[must_use]
    pub fn new(me: AgencyId, policies: &[String]) -> Self {
        let mut check = Self {
            me,
            policies: HashMap::new(),
            days: None,
            holds: BTreeMap::new(),
            terms: BTreeMap::new(),
            redactions: Vec::new(),
            bare: Vec::new(),
            own: 0,
            problems: Vec::new(),
        };
        policies.iter().for_each(|text| check.policy(text));
        check
    }

    /// Takes in the text of a policy of the log's agency.
    pub fn policy(&mut self, text: &str) {
        if let Ok(policy) = Policy::from_toml("policy", text) {
            let days = policy.retention.audit_reports.days;
            self.policies.insert(Digest::of(text.as_bytes()), days);
        }
    }

    /// Takes in the next entry.
    pub fn see(&mut self, header: &Header, item: &Item) {
        if header.peer.as_ref() == Some(&self.me)
            && let Some(number) = header.peer_seq
        {
            let expected = self.own.saturating_add(1);
            if number > expected && (!item.border || item.judges) {
                let what = format!(
                    "is number {number} of what concerns the agency itself, where number {expected} belongs: an entry was left out"
                );
                self.wrong(header.index, "missing", what);
            }
            self.own = self.own.max(number);
        }
        if item.border && !item.judges {
            return;
        }
        if item.entry.body.is_none() && item.entry.salt.is_none() {
            if header.kind.ends() {
                self.bare.push((header.index, header.at));
            } else {
                let what = "its body is gone, and what such entries say is never destroyed";
                self.wrong(header.index, "redacted", what.into());
            }
            return;
        }
        if header.kind.judges() {
            self.weigh(header, item);
        }
    }

    /// How many entries concern the agency itself, as the entry of an export promises.
    pub fn promised(&mut self, index: u64, own: u64) {
        if self.own < own {
            let what = format!(
                "of {own} entries that concern the agency itself the last {} are left out",
                own.abs_diff(self.own)
            );
            self.wrong(index, "missing", what);
        }
    }

    fn weigh(&mut self, header: &Header, item: &Item) {
        let body = item.entry.body.as_ref().and_then(|text| serde_json::from_str(text).ok());
        // One that cannot be read, or is not the one committed to, is told elsewhere.
        let Some(body): Option<Body> = body else { return };
        match body.event {
            Event::PolicyAdopted(adopted) => {
                self.days = self.policies.get(&adopted.digest).copied();
            }
            Event::HoldPlaced(placed) => {
                let hold = placed.hold;
                if self.terms.insert(hold.hold, hold.terms).is_some() {
                    let what = format!("places hold {}, which was placed before", hold.hold);
                    self.wrong(header.index, "binding", what);
                }
                drop(self.holds.insert(hold.hold, hold.entries));
            }
            Event::HoldReleased(hold) => {
                if self.terms.get(&hold.released) != Some(&hold.terms) {
                    let what = format!(
                        "releases hold {} under other `terms` than its placing says",
                        hold.released
                    );
                    self.wrong(header.index, "binding", what);
                }
                drop(self.holds.remove(&hold.released));
            }
            Event::EntriesRedacted(redacted) => self.redaction(header, redacted.redaction),
            _ => {}
        }
    }

    fn redaction(&mut self, header: &Header, redaction: Redaction) {
        for (hold, entries) in &redaction.held {
            let held = self.holds.entry(*hold).or_default();
            *held = held.with(entries);
        }
        let held = self.holds.values().fold(Ranges::default(), |all, held| all.with(held));
        let allowed = self.days.map(|days| header.at.cut_off(days));
        match allowed {
            None => {
                let what = "the policy in force then is not at hand, so how long it keeps what this destroys is unknown";
                self.wrong(header.index, "redacted", what.into());
            }
            Some(allowed) if redaction.cut_off > allowed => {
                let what = format!(
                    "destroys what is older than {}; the policy in force then keeps everything from {allowed} on",
                    redaction.cut_off
                );
                self.wrong(header.index, "redacted_early", what);
            }
            Some(_) => {}
        }
        self.redactions.push(JudgedRedaction {
            index: header.index,
            entries: redaction.entries,
            allowed: allowed.map(|allowed| allowed.min(redaction.cut_off)),
            held,
        });
    }

    fn wrong(&mut self, index: u64, code: &'static str, what: String) {
        self.problems.push(problem(Some(index), code, what));
    }

    /// What is not in order.
    #[must_use]
    pub fn finish(mut self) -> Vec<Problem> {
        for (index, at) in std::mem::take(&mut self.bare) {
            if let Some((code, what)) = self.unlawful(index, at) {
                self.wrong(index, code, what);
            }
        }
        self.problems
    }

    /// Why the body of a bare entry had to be there still. The first redaction that names it is the
    /// one that destroyed it.
    fn unlawful(&self, index: u64, at: Timestamp) -> Option<(&'static str, String)> {
        let by = self.redactions.iter().find(|by| by.index > index && by.entries.contains(index));
        let Some(by) = by else {
            return Some(("redacted", "its body is gone, and no entry says why".into()));
        };
        if by.held.contains(index) {
            let what =
                format!("entry {} destroyed its body, which a hold in force then kept", by.index);
            return Some(("redacted_held", what));
        }
        match by.allowed {
            None => {
                let what = format!(
                    "entry {} destroyed its body under a policy that is not at hand",
                    by.index
                );
                Some(("redacted", what))
            }
            Some(allowed) if at >= allowed => {
                let what = format!(
                    "entry {} destroyed its body before the end of its retention: it is of {at}, and everything from {allowed} on had to be kept",
                    by.index
                );
                Some(("redacted_early", what))
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
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
                let body = Body { at: header.at, actor, registry: None, change: None, event };
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
        type Row = (
            &'static str,
            Vec<(&'static str, EntryKind, u64, Value)>,
            &'static [(u64, &'static str)],
        );
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
        let text = Policy::builtin_text("california-statute").unwrap().to_owned();
        let adopted = json!({ "name": "a policy", "digest": Digest::of(text.as_bytes()) });
        for (what, after, expected) in table {
            let mut check = RedactionCheck::new(ME.parse().unwrap(), std::slice::from_ref(&text));
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
        let mut check = RedactionCheck::new(ME.parse().unwrap(), &[]);
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
        let found: Vec<_> =
            check.finish().into_iter().map(|p| (p.index.unwrap(), p.code)).collect();
        assert_eq!(found, [(2, "redacted"), (3, "redacted"), (4, "missing"), (1, "redacted")]);
    }
}
