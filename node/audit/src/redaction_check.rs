//! Whether what is missing from a log was destroyed as it had to be. Pure; from the log's own
//! entries alone, so that whoever trusts nobody can tell.
//!
//! A bare entry, whose body and envelopes are gone, is in order when a later `entries.redacted` of
//! the same log names it, its time is before the cut-off, the cut-off was no younger than the policy
//! in force then allowed, and no hold in force then had been recorded as keeping it. The entries that
//! this rests on concern the agency itself and are numbered as such, so an extract shows whether
//! one was left out.

use std::collections::{BTreeMap, HashMap};

use agreements::policy::{Period, Policy};
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
    policies: HashMap<Digest, Period>,
    /// Days that the policy in force keeps them; `None` when its text is not at hand.
    kept: Option<Period>,
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
    /// Days that the policy in force kept audit records.
    kept: Option<Period>,
    /// Entries from here on were too young.
    allowed: Option<Timestamp>,
    held: Ranges,
}

impl RedactionCheck {
    /// Of the log of `me`.
    #[must_use]
    pub fn new(me: AgencyId) -> Self {
        Self {
            me,
            policies: HashMap::new(),
            kept: None,
            holds: BTreeMap::new(),
            terms: BTreeMap::new(),
            redactions: Vec::new(),
            bare: Vec::new(),
            own: 0,
            problems: Vec::new(),
        }
    }

    /// Takes in the text of a policy of the log's agency.
    pub fn policy(&mut self, text: &str) {
        if let Ok(policy) = Policy::from_toml("policy", text) {
            let kept = policy.retention.audit_reports.period();
            self.policies.insert(Digest::of(text.as_bytes()), kept);
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

    /// The times by which the bare entries so far count.
    pub fn stamps(&mut self) -> impl Iterator<Item = &mut Timestamp> {
        self.bare.iter_mut().map(|(_, at)| at)
    }

    /// The clock was set back to `at`: what was destroyed before, by a clock that was ahead, had to be as
    /// old as this one tells. Within an hour nobody notices.
    pub fn set_back(&mut self, at: Timestamp) {
        for redaction in &mut self.redactions {
            let allowed = redaction.kept.map(|kept| kept.cut_off(at.plus_hours(1)));
            redaction.allowed = redaction.allowed.zip(allowed).map(|(one, other)| one.min(other));
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
                self.kept = self.policies.get(&adopted.digest).copied();
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
        let allowed = self.kept.map(|kept| kept.cut_off(header.at));
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
            kept: self.kept,
            allowed: allowed.map(|allowed| allowed.min(redaction.cut_off)),
            held,
        });
    }

    fn wrong(&mut self, index: u64, code: &'static str, what: String) {
        self.problems.push(problem(Some(index), code, what));
    }

    /// Which entries each redaction destroys.
    #[must_use]
    pub fn made(self) -> Vec<(u64, Ranges)> {
        self.redactions.into_iter().map(|one| (one.index, one.entries)).collect()
    }

    /// What is not in order.
    #[must_use]
    pub fn finish(&mut self) -> Vec<Problem> {
        for (index, at) in std::mem::take(&mut self.bare) {
            if let Some((code, what)) = self.unlawful(index, at) {
                self.wrong(index, code, what);
            }
        }
        std::mem::take(&mut self.problems)
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
mod tests;
