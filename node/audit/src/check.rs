//! Checking a bundle: everything that a log shows by itself, its signed head, and that nothing that
//! the bundle should hold was left out. Pure; it trusts the keys that its caller pins, and nothing
//! else: what rests on another agency's word is told, and counts for nothing.

use std::collections::{BTreeMap, BTreeSet};

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::checkpoint::{self, Checkpoint, CheckpointError, SignedCheckpoint};
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::event::Event;
use schemas::merkle;
use serde::Serialize;

use super::keys::Keys;
use super::pins::Pins;
use super::problem::{Problem, problem};
use super::redaction_check::RedactionCheck;
use super::verify::{Judged, Verifier};
use schemas::bundle::{BundleError, Earlier, Head, Item, Scope};

/// Entries checked at a time.
const STEP: usize = 4_096;
/// The code of a problem that is none of the log's: a key that has to be pinned is not.
pub const UNPINNED: &str = "unpinned";
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
    /// Whether nothing is wrong, a key that is not pinned included.
    pub ok: bool,
    /// Entries checked.
    pub entries: u64,
    /// Those of them whose body is destroyed.
    pub redacted: u64,
    /// Signatures checked.
    pub signatures: u64,
    /// Who cosigned a head of this log that the bundle shows.
    pub cosigned_by: Vec<String>,
    /// Who else is named as a cosigner of them and is not pinned: that counts for nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cosigners_unpinned: Vec<AgencyId>,
    /// Whether the agency's own key was pinned; otherwise nothing that it signed was checked.
    pub pinned: bool,
    /// Agencies that this log cannot be believed about before their keys are pinned, with how many
    /// entries rest on the word of each.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub unpinned: BTreeMap<AgencyId, u64>,
    /// Entries that repeat an earlier one which is not in the bundle, or is destroyed.
    pub not_compared: u64,
    /// Entries that say of a reply that it did not verify, although its header does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rejected_although_valid: Vec<u64>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether nothing is wrong but that some of it rests on keys that are not pinned.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.problems.iter().all(|problem| problem.code == UNPINNED)
    }
}

/// A check under way. `seen` is told of every entry with a readable header, in order, and of where
/// its line begins.
pub struct Check<S> {
    head: Head,
    pinned: bool,
    checkpoint: Option<Checkpoint>,
    cosigned_by: Vec<String>,
    cosigners_unpinned: Vec<AgencyId>,
    rejected_although_valid: Vec<u64>,
    verifier: Verifier,
    redactions: RedactionCheck,
    batch: Vec<(u64, Item)>,
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
    /// The export's own entry was met, in an extract or a whole log.
    ended: bool,
}

impl<S: FnMut(Judged, &Item, u64)> Check<S> {
    /// Begins with the first line of a bundle.
    pub fn new(head: Head, pins: &Pins, seen: S) -> Self {
        let mut problems = Vec::new();
        let keys = Keys::of(&head.cards, pins, &mut problems);
        let pinned = pins.contains_key(&head.agency);
        let mut wrong = |code, what: String| problems.push(problem(None, code, what));
        if pinned && !keys.has_card(&head.agency) {
            let agency = &head.agency;
            wrong("card", format!("there is no card of `{agency}` signed by the key pinned"));
        }
        let (mut checkpoint, mut cosigned_by) = (None, Vec::new());
        let mut named = BTreeSet::new();
        match head.signed() {
            Err(error) => wrong("checkpoint", format!("its signed head: {error}")),
            Ok(signed) => {
                checkpoint = Some(signed.unverified().clone());
                let cosigners = keys.cosigners();
                let mut add = |signed: &SignedCheckpoint| {
                    named.extend(signed.named().filter_map(checkpoint::agency));
                    if !pinned {
                        return Ok(());
                    }
                    // One from before a key took the place of another is signed with that one.
                    let log = keys.head(&head.agency, signed)?;
                    let by = signed.cosigned(&log, &cosigners)?;
                    cosigned_by.extend(by.iter().map(|by| by.key.name().to_string()));
                    Ok::<(), CheckpointError>(())
                };
                if let Err(error) = add(&signed) {
                    wrong("checkpoint", format!("its signed head: {error}"));
                } else if let Some(earlier) = &head.cosigned
                    && let Err(why) = before(earlier, signed.unverified(), &mut add)
                {
                    wrong("cosigned", format!("the head that peers cosigned: {why}"));
                }
            }
        }
        cosigned_by.sort();
        cosigned_by.dedup();
        let met = |agency: &AgencyId| *agency != head.agency && !keys.pinned(agency);
        let cosigners_unpinned = named.into_iter().filter(met).collect();
        let whole = head.scope.is_whole();
        let complete = head.scope.from.is_none();
        let verifier = Verifier::new(head.agency.clone(), keys, whole, complete);
        let redactions = RedactionCheck::new(head.agency.clone(), &head.policies);
        Self {
            head,
            pinned,
            checkpoint,
            cosigned_by,
            cosigners_unpinned,
            rejected_although_valid: Vec::new(),
            verifier,
            redactions,
            batch: Vec::with_capacity(STEP),
            numbers: Numbers::default(),
            problems,
            more: 0,
            seen,
        }
    }

    /// The next line, which begins at `offset`.
    pub fn line(&mut self, offset: u64, item: Result<Item, BundleError>) {
        match item {
            Ok(item) => {
                self.batch.push((offset, item));
                if self.batch.len() >= STEP {
                    self.flush();
                }
            }
            Err(error) => {
                self.flush();
                self.wrong(None, "line", error.to_string());
            }
        }
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
        let (offsets, items): (Vec<u64>, Vec<Item>) = self.batch.drain(..).unzip();
        let judged = self.verifier.check(&items);
        for found in self.verifier.problems() {
            self.add(found);
        }
        for ((judged, item), offset) in judged.into_iter().zip(&items).zip(offsets) {
            let Some(judged) = judged else { continue };
            let header = &judged.header;
            self.redactions.see(header, item);
            if !self.head.scope.is_whole() {
                self.extract(header, item);
                self.place(header, item);
            } else {
                self.within_whole(header, item);
            }
            if judged.rejected_although_valid.is_some()
                && self.rejected_although_valid.len() < MOST_PROBLEMS
            {
                self.rejected_although_valid.push(header.index);
            }
            (self.seen)(judged, item, offset);
        }
    }

    /// That an entry of a whole log is one, and that the export stands where the first line says.
    fn within_whole(&mut self, header: &Header, item: &Item) {
        if item.border || item.judges {
            let what = "a whole log has no borders, and nothing beside its entries";
            self.wrong(Some(header.index), "scope", what.into());
        }
        if header.index == self.head.entry {
            self.numbers.ended = true;
            if !exports(header, item, &self.head) {
                let what = "is not the entry of an export of this scope at this time";
                self.wrong(Some(header.index), "scope", what.into());
            }
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
        let Some(checkpoint) = &self.checkpoint else { return };
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
        self.flush();
        let me = self.head.agency.clone();
        let redactions = std::mem::replace(&mut self.redactions, RedactionCheck::new(me, &[]));
        redactions.finish().into_iter().for_each(|found| self.add(found));
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
        } else if let Some(checkpoint) = &self.checkpoint {
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
        if !self.pinned {
            unpinned.entry(self.head.agency.clone()).or_default();
        }
        if whole {
            for agency in &self.cosigners_unpinned {
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
            size: self.checkpoint.as_ref().map_or(size, |checkpoint| checkpoint.size),
            root: self.checkpoint.map(|checkpoint| checkpoint.root),
            ok: self.problems.is_empty(),
            entries: verified.entries,
            redacted: verified.redacted,
            signatures: verified.signatures,
            cosigned_by: self.cosigned_by,
            cosigners_unpinned: self.cosigners_unpinned,
            pinned: self.pinned,
            unpinned,
            not_compared: verified.not_compared,
            rejected_although_valid: self.rejected_although_valid,
            problems: self.problems,
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

/// That the head which peers cosigned is of this log and comes before the bundle's.
fn before(
    earlier: &Earlier,
    now: &Checkpoint,
    add: &mut impl FnMut(&SignedCheckpoint) -> Result<(), CheckpointError>,
) -> Result<(), String> {
    let signed =
        SignedCheckpoint::parse(earlier.checkpoint.as_bytes()).map_err(|e| e.to_string())?;
    // Its signatures are checked where it is added.
    add(&signed).map_err(|e| e.to_string())?;
    let old = signed.unverified();
    merkle::verify_consistency(old.size, &old.root, now.size, &now.root, &earlier.consistency)
        .map_err(|e| format!("this log does not start with it: {e}"))
}
