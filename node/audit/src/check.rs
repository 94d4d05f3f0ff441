//! Checking a bundle: everything that a log shows by itself, its signed head, and that nothing that
//! the bundle should hold was left out. Pure; it trusts the keys that its caller pins, and nothing
//! else: what rests on another agency's word is told, and counts for nothing.

mod clock;
mod found;
mod rejected;
mod scope;

use schemas::time::Timestamp;

use super::clock_steps::{ClockSteps, Misplaced};
use super::decisions::Decisions;
use super::hold_check::HoldCheck;
use super::keys::Keys;
use super::look_check::LookCheck;
use super::pins::Pins;
use super::preamble::{Heads, Preamble};
use super::problem::{Problem, problem};
use super::public::ShownCheck;
use super::redaction_check::RedactionCheck;
use super::registry_check::RegistryCheck;
use super::session_check::SessionCheck;
use super::unproven::Unproven;
use super::verify::{Judged, Verifier};
use schemas::bundle::{BundleError, Head, Item, Line};

pub use found::{Report, UNPINNED};

/// Entries checked at a time, at most.
const STEP: usize = 4_096;
/// Bytes of entries after which those that wait are checked.
const STEP_BYTES: usize = 8 << 20;
/// Most problems that are told one by one.
const MOST_PROBLEMS: usize = 1_000;

/// A check under way. `seen` is told of every entry with a readable header, in order, and of where
/// its line begins.
pub struct Check<S> {
    head: Head,
    pins: Pins,
    /// Until the first entry comes.
    preamble: Option<Preamble>,
    policies: Vec<String>,
    heads: Heads,
    rejected_although_valid: Vec<u64>,
    unproven: Unproven,
    verifier: Verifier,
    redactions: RedactionCheck,
    holds: HoldCheck,
    registry: RegistryCheck,
    decisions: Decisions,
    sessions: SessionCheck,
    looks: LookCheck,
    shown: ShownCheck,
    clock: ClockSteps,
    /// The entry before, with its time.
    last: Option<(u64, Timestamp)>,
    /// Entries whose stamps others disprove, with those.
    disproved: Vec<(Timestamp, Problem)>,
    /// Entries that their own stamps put on another side of a bound of the period.
    misplaced: Vec<Misplaced>,
    batch: Vec<(u64, Item)>,
    /// Bytes in the batch.
    waiting: usize,
    numbers: Numbers,
    problems: Vec<Problem>,
    more: u64,
    seen: S,
}

/// What the numbers of an extract have shown so far.
#[derive(Debug, Default)]
struct Numbers {
    next: Option<u64>,
    /// The entry before is a border after the period: what stands between it and the export is not of
    /// it.
    after: bool,
    /// The export's own entry was met, in an extract or a whole log.
    ended: bool,
}

impl<S: FnMut(Judged, &Item, u64)> Check<S> {
    /// Begins with the first line of a bundle.
    pub fn new(head: Head, pins: &Pins, seen: S) -> Self {
        let me = head.agency.clone();
        let (whole, complete) = (head.scope.is_whole(), head.scope.from.is_none());
        Self {
            pins: pins.clone(),
            preamble: Some(Preamble::new(pins)),
            policies: Vec::new(),
            heads: Heads::default(),
            rejected_although_valid: Vec::new(),
            unproven: Unproven::default(),
            verifier: Verifier::new(me.clone(), Keys::default(), whole, complete),
            redactions: RedactionCheck::new(me.clone()),
            holds: HoldCheck::new(whole),
            registry: RegistryCheck::new(whole),
            decisions: Decisions::new(me),
            sessions: SessionCheck::new(whole),
            looks: LookCheck::new(whole),
            shown: ShownCheck::new(whole),
            clock: ClockSteps::default(),
            last: None,
            disproved: Vec::new(),
            misplaced: Vec::new(),
            batch: Vec::new(),
            waiting: 0,
            numbers: Numbers::default(),
            problems: Vec::new(),
            more: 0,
            head,
            seen,
        }
    }

    /// The next line, which begins at `offset`.
    pub fn line(&mut self, offset: u64, line: Result<Line, BundleError>) {
        match line {
            Ok(Line::Entry(item)) => {
                self.begin();
                self.waiting = self.waiting.saturating_add(item.entry.size());
                self.batch.push((offset, item));
                if self.batch.len() >= STEP || self.waiting >= STEP_BYTES {
                    self.flush();
                }
            }
            Ok(line) => self.before_entries(line),
            Err(error) => {
                self.flush();
                self.wrong(None, "line", error.to_string());
            }
        }
    }

    /// Takes in what the entries are checked by.
    fn before_entries(&mut self, line: Line) {
        let mut problems = Vec::new();
        match (&mut self.preamble, line) {
            (Some(preamble), Line::Card(text)) => {
                preamble.keys.take(&text, &self.pins, &mut problems);
            }
            (Some(preamble), Line::Cosigned(head)) => preamble.cosigned(head, &mut problems),
            (Some(preamble), Line::Policy(text)) => {
                self.redactions.policy(&text);
                preamble.policies.keep(text);
            }
            (Some(_), Line::Hold(text)) => self.holds.open(&text),
            (Some(_), Line::Entry(_)) => {}
            (None, _) => problems.push(problem(
                None,
                "line",
                "a card, a policy, a hold or a cosigned head stands after an entry, where it counts for nothing",
            )),
        }
        problems.append(&mut self.holds.problems());
        problems.into_iter().for_each(|found| self.add(found));
    }

    /// What stands before the entries is complete.
    fn begin(&mut self) {
        let Some(mut preamble) = self.preamble.take() else { return };
        let mut problems = Vec::new();
        self.heads = preamble.heads(&self.head, &mut problems);
        problems.into_iter().for_each(|found| self.add(found));
        self.policies = std::mem::take(&mut preamble.policies).into_texts();
        self.verifier.trust(preamble.keys, std::mem::take(&mut self.heads.cosigned));
    }

    fn wrong(&mut self, index: Option<u64>, code: &'static str, what: String) {
        self.add(problem(index, code, what));
    }

    fn add(&mut self, found: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(found);
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn flush(&mut self) {
        self.waiting = 0;
        let (offsets, items): (Vec<u64>, Vec<Item>) = self.batch.drain(..).unzip();
        let judged = self.verifier.check(&items);
        self.verified(&judged);
        for ((judged, item), offset) in judged.into_iter().zip(&items).zip(offsets) {
            let Some(mut judged) = judged else { continue };
            self.clock(&judged);
            let header = &judged.header;
            self.redactions.see(header, item);
            self.registry.see(header, item, judged.body.as_ref());
            let body = judged.body.as_ref();
            self.holds.see(header, body);
            self.decisions.see(header, item, body, self.registry.state());
            self.sessions.see(header, body, judged.asked.as_ref());
            self.looks.see(header, body, self.registry.state());
            self.shown.see(header, body);
            let found = self.registry.problems().into_iter();
            let found = found.chain(self.holds.problems()).chain(self.decisions.problems());
            let found = found.chain(self.sessions.problems()).chain(self.looks.problems());
            let found = found.chain(self.shown.problems());
            for found in found.collect::<Vec<_>>() {
                self.add(found);
            }
            if !self.head.scope.is_whole() {
                self.extract(header, item);
                self.place(header, item);
            } else {
                self.within_whole(header, item);
            }
            if judged.rejected_although_valid.is_some()
                && self.rests_elsewhere(&judged.header, item)
            {
                judged.rejected_although_valid = None;
            }
            let header = &judged.header;
            if judged.rejected_although_valid.is_some()
                && self.rejected_although_valid.len() < MOST_PROBLEMS
            {
                self.rejected_although_valid.push(header.index);
            }
            self.unproven.see(&judged);
            (self.seen)(judged, item, offset);
        }
    }

    /// What was found.
    pub fn finish(mut self) -> Report {
        self.begin();
        self.flush();
        let pinned = self.pins.contains_key(&self.head.agency);
        self.redactions.finish().into_iter().for_each(|found| self.add(found));
        let uses = self.decisions.finish(self.registry.state());
        uses.into_iter().for_each(|found| self.add(found));
        self.misplaced();
        self.still_disproved();
        let verified = self.verifier.finish();
        let (size, root) = (verified.tree.size(), verified.tree.root());
        let mut last = Vec::new();
        let mut wrong = |code, what: String| last.push(problem(None, code, what));
        let whole = self.head.scope.is_whole();
        if !whole {
            if !self.numbers.ended {
                wrong(
                    "end",
                    "the entry of the export itself is not the last one: the end was cut off"
                        .into(),
                );
            }
        } else if let Some(checkpoint) = &self.heads.checkpoint {
            if !self.numbers.ended {
                let entry = self.head.entry;
                wrong("end", format!("it does not hold entry {entry}, that of the export itself"));
            }
            if checkpoint.size != size {
                wrong(
                    "size",
                    format!("holds {size} entries; its signed head is of {}", checkpoint.size),
                );
            } else if checkpoint.root != root {
                wrong(
                    "root",
                    format!(
                        "its entries make the root {root}; its signed head is of {}",
                        checkpoint.root
                    ),
                );
            }
        }
        if self.more > 0 {
            wrong("more", format!("and {} more", self.more));
        }
        let mut unpinned = verified.unpinned;
        if !pinned {
            unpinned.entry(self.head.agency.clone()).or_default();
        }
        if whole {
            for agency in &self.heads.cosigners_unpinned {
                unpinned.entry(agency.clone()).or_default();
            }
        }
        for (agency, entries) in &unpinned {
            let why = if *agency == self.head.agency {
                "whose log it is: its heads and signatures were not checked".into()
            } else if *entries > 0 {
                format!("on whose word {entries} of its entries rest")
            } else {
                "which is named as a cosigner".into()
            };
            let what = format!(
                "no key is pinned of `{agency}`, {why}; compare its fingerprint with what it publishes and add --key {agency}=FINGERPRINT"
            );
            last.push(problem(None, UNPINNED, what));
        }
        self.problems.extend(last);
        Report {
            agency: self.head.agency,
            scope: self.head.scope,
            size: self.heads.checkpoint.as_ref().map_or(size, |checkpoint| checkpoint.size),
            root: self.heads.checkpoint.map(|checkpoint| checkpoint.root),
            ok: self.problems.is_empty(),
            entries: verified.entries,
            redacted: verified.redacted,
            signatures: verified.signatures,
            decided_again: self.decisions.again,
            not_decided_again: self.decisions.not_again,
            cosigned_by: self.heads.cosigned_by,
            cosigners_unpinned: self.heads.cosigners_unpinned,
            pinned,
            unpinned,
            not_compared: verified.not_compared,
            rejected_although_valid: self.rejected_although_valid,
            unproven: self.unproven.counts(),
            clock_accepted: self.clock.into_steps(),
            problems: self.problems,
            heads: self.heads.shown,
            keys: verified.keys,
            brackets: verified.brackets,
            holds: self.holds.finish(),
            redactions: self.redactions.made(),
            policies: self.policies,
        }
    }
}

#[cfg(test)]
mod tests;
