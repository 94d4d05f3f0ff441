//! Checking a bundle: everything that a log shows by itself, its signed head, and that nothing that
//! the bundle should hold was left out. Pure; it trusts the keys that its caller pins, and nothing
//! else where keys are pinned.

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::event::Event;
use schemas::merkle;
use serde::Serialize;

use super::pins::Pins;
use super::preamble::{Heads, Preamble};
use super::redaction_check::RedactionCheck;
use super::verify::{Keys, Problem, Verifier, problem};
use schemas::bundle::{BundleError, Head, Item, Line, Scope};

/// Entries checked at a time, at most.
const STEP: usize = 4_096;
/// Bytes of entries after which those that wait are checked.
const STEP_BYTES: usize = 8 << 20;
/// Most problems that are told one by one.
const MOST_PROBLEMS: usize = 1_000;

/// What a check found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whose log.
    pub agency: AgencyId,
    /// What of it.
    pub scope: Scope,
    /// Entries in the log that its signed head speaks of.
    pub size: u64,
    /// The root that its signed head speaks of.
    pub root: Option<Digest>,
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Entries checked.
    pub entries: u64,
    /// Those of them whose body is destroyed.
    pub redacted: u64,
    /// Signatures checked.
    pub signatures: u64,
    /// Who cosigned a head of this log that the bundle shows.
    pub cosigned_by: Vec<String>,
    /// Whether the agency's key was pinned; otherwise keys are the bundle's own word.
    pub pinned: bool,
    /// What is wrong.
    pub problems: Vec<Problem>,
    /// The keys that it was checked with.
    #[serde(skip)]
    pub keys: Keys,
    /// Texts of policies that stand in it, **unchecked**: what the log adopted, it names by digest.
    #[serde(skip)]
    pub policies: Vec<String>,
}

/// A check under way. `seen` is told of every entry with a readable header, in order, and of where
/// its line begins.
pub struct Check<S> {
    head: Head,
    pins: Pins,
    /// Until the first entry comes.
    preamble: Option<Preamble>,
    policies: Vec<String>,
    heads: Heads,
    verifier: Verifier,
    redactions: RedactionCheck,
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
    /// A border after the period was met: what stands between it and the export is not of it.
    after: bool,
    /// The export's own entry was met.
    ended: bool,
}

impl<S: FnMut(&Header, &Item, u64)> Check<S> {
    /// Begins with the first line of a bundle.
    pub fn new(head: Head, pins: &Pins, seen: S) -> Self {
        let whole = head.scope.is_whole();
        let verifier = Verifier::new(head.agency.clone(), Keys::default(), whole);
        let redactions = RedactionCheck::new(head.agency.clone(), &[]);
        Self {
            head,
            pins: pins.clone(),
            preamble: Some(Preamble::default()),
            policies: Vec::new(),
            heads: Heads::default(),
            verifier,
            redactions,
            batch: Vec::new(),
            waiting: 0,
            numbers: Numbers::default(),
            problems: Vec::new(),
            more: 0,
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
            (Some(preamble), Line::Card(text)) => preamble.card(&text, &self.pins, &mut problems),
            (Some(preamble), Line::Cosigned(head)) => preamble.cosigned(head, &mut problems),
            (Some(preamble), Line::Policy(text)) => preamble.policies.push(text),
            (Some(_), Line::Entry(_)) => {}
            (None, _) => problems.push(problem(
                None,
                "line",
                "a card, a policy or a cosigned head stands after an entry, where it counts for nothing",
            )),
        }
        problems.into_iter().for_each(|found| self.add(found));
    }

    /// What stands before the entries is complete.
    fn begin(&mut self) {
        let Some(mut preamble) = self.preamble.take() else { return };
        let mut problems = Vec::new();
        self.heads = preamble.heads(&self.head, &self.pins, &mut problems);
        problems.into_iter().for_each(|found| self.add(found));
        preamble.policies.iter().for_each(|text| self.redactions.policy(text));
        self.policies = std::mem::take(&mut preamble.policies);
        self.verifier.trust(preamble.keys);
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
        let headers = self.verifier.check(&items);
        for found in self.verifier.problems() {
            self.add(found);
        }
        for ((header, item), offset) in headers.into_iter().zip(&items).zip(offsets) {
            let Some(header) = header else { continue };
            self.redactions.see(&header, item);
            if !self.head.scope.is_whole() {
                self.extract(&header, item);
                self.place(&header, item);
            } else if item.border || item.judges {
                let what = "a whole log has no borders, and nothing beside its entries";
                self.wrong(Some(header.index), "scope", what.into());
            }
            (self.seen)(&header, item, offset);
        }
    }

    /// That an extract holds every entry of its scope, as the numbers show.
    fn extract(&mut self, header: &Header, item: &Item) {
        let scope = self.head.scope.clone();
        let index = header.index;
        if item.judges && !item.border {
            if header.peer.as_ref() != Some(&self.head.agency) {
                self.wrong(Some(index), "scope", "does not concern the agency itself".into());
            }
            return;
        }
        let number = match &scope.peer {
            None => Some(index),
            Some(peer) if header.peer.as_ref() == Some(peer) => header.peer_seq,
            Some(peer) => {
                return self.wrong(Some(index), "scope", format!("does not concern `{peer}`"));
            }
        };
        let Some(number) = number else { return };
        if self.numbers.ended {
            self.wrong(Some(index), "scope", "stands after the entry of the export".into());
        }
        let early = scope.from.is_some_and(|from| header.at < from);
        let late = scope.until.is_some_and(|until| header.at >= until);
        let export = index == self.head.entry;
        if item.border != (early || (late && !export)) {
            let what = if item.border {
                "is of the period, and only its header is here"
            } else {
                "is not of the period"
            };
            self.wrong(Some(index), "scope", what.into());
        }
        let first = u64::from(scope.peer.is_some());
        let expected = match self.numbers.next {
            Some(next) => Some(next),
            // The entry before the period may have any number.
            None => (!early).then_some(first),
        };
        let gap = expected.is_some_and(|expected| expected != number);
        if gap && !(self.numbers.after && export) {
            let expected = expected.unwrap_or(first);
            let of = match &scope.peer {
                Some(peer) => format!("with `{peer}`"),
                None => "of the log".into(),
            };
            let what = format!(
                "is number {number} {of}, where number {expected} belongs: an entry was left out, or stands here twice"
            );
            self.wrong(Some(index), "missing", what);
        }
        self.numbers.next = Some(number.saturating_add(1));
        self.numbers.after |= late && item.border;
        if export {
            self.numbers.ended = true;
            if !exports(header, item, &self.head) {
                let what = "is not the entry of an export of this scope at this time";
                self.wrong(Some(index), "scope", what.into());
            }
            if let Some(own) = own_before(item) {
                self.redactions.promised(index, own);
            }
        }
    }

    /// That an entry of an extract stands under the signed head.
    fn place(&mut self, header: &Header, item: &Item) {
        let Some(checkpoint) = &self.heads.checkpoint else { return };
        let leaf = merkle::leaf(item.entry.header.as_bytes());
        let proven = match &item.inclusion {
            None => Err("it has no proof of its place".into()),
            Some(proof) => merkle::verify_inclusion(
                &leaf,
                header.index,
                checkpoint.size,
                proof,
                &checkpoint.root,
            )
            .map_err(|e| format!("its place under the signed head is not proven: {e}")),
        };
        if let Err(what) = proven {
            self.wrong(Some(header.index), "proof", what);
        }
    }

    /// What was found.
    pub fn finish(mut self) -> Report {
        self.begin();
        self.flush();
        let me = self.head.agency.clone();
        let redactions = std::mem::replace(&mut self.redactions, RedactionCheck::new(me, &[]));
        redactions.finish().into_iter().for_each(|found| self.add(found));
        let verified = self.verifier.finish();
        let (size, root) = (verified.tree.size(), verified.tree.root());
        let mut last = Vec::new();
        let mut wrong = |code, what: String| last.push(problem(None, code, what));
        if !self.head.scope.is_whole() {
            if !self.numbers.ended {
                wrong(
                    "end",
                    "the entry of the export itself is not the last one: the end was cut off"
                        .into(),
                );
            }
        } else if let Some(checkpoint) = &self.heads.checkpoint {
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
        self.problems.extend(last);
        let pinned = self.pins.contains_key(&self.head.agency);
        Report {
            agency: self.head.agency,
            scope: self.head.scope,
            size: self.heads.checkpoint.as_ref().map_or(size, |checkpoint| checkpoint.size),
            root: self.heads.checkpoint.map(|checkpoint| checkpoint.root),
            ok: self.problems.is_empty(),
            entries: verified.entries,
            redacted: verified.redacted,
            signatures: verified.signatures,
            cosigned_by: self.heads.cosigned_by,
            pinned,
            problems: self.problems,
            keys: verified.keys,
            policies: self.policies,
        }
    }
}

/// Whether an entry is that of the export that a head speaks of.
fn exports(header: &Header, item: &Item, head: &Head) -> bool {
    let body = item.entry.body.as_ref().and_then(|body| serde_json::from_str::<Body>(body).ok());
    let Some(Event::AuditExported(exported)) = body.map(|body| body.event) else { return false };
    header.kind == EntryKind::AuditExported && header.at == head.at && exported.scope == head.scope
}

/// How many entries before that of an export concern the agency itself, as it says.
fn own_before(item: &Item) -> Option<u64> {
    let body: Body = serde_json::from_str(item.entry.body.as_ref()?).ok()?;
    match body.event {
        Event::AuditExported(exported) => Some(exported.own),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
