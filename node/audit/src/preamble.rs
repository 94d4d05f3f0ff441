//! What stands in a bundle before its entries, by which they are checked: cards, policies, the head
//! that peers cosigned. Each is a line of its own.

use std::collections::{BTreeSet, VecDeque};

use schemas::agency::AgencyId;
use schemas::bundle::{Earlier, Head, MOST_COSIGNED};
use schemas::checkpoint::{self, Checkpoint, CheckpointError, SignedCheckpoint};
use schemas::merkle;
use schemas::time::Timestamp;

use super::cosigned_heads::{CosignedHeads, cosigned};
use super::keys::Keys;
use super::pins::Pins;
use super::problem::{Problem, problem};

/// What stood before the entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Preamble {
    /// The keys that cards name which a pinned agency key signed.
    pub(super) keys: Keys,
    /// Texts of the agency's policies, as the bundle says: the last ones.
    pub(super) policies: Policies,
    cosigned: Vec<Earlier>,
}

/// Most bytes of texts of policies that are kept.
const MOST_POLICY_BYTES: usize = 16 << 20;

/// The last texts of policies, as many as fit into memory that is bounded.
#[derive(Clone, Debug, Default)]
pub(super) struct Policies {
    texts: VecDeque<String>,
    bytes: usize,
}

impl Policies {
    /// Keeps one more, and gives up the first ones for it.
    pub(super) fn keep(&mut self, text: String) {
        self.bytes = self.bytes.saturating_add(text.len());
        self.texts.push_back(text);
        while self.bytes > MOST_POLICY_BYTES
            && let Some(first) = self.texts.pop_front()
        {
            self.bytes = self.bytes.saturating_sub(first.len());
        }
    }

    /// The texts, in their order.
    pub(super) fn into_texts(self) -> Vec<String> {
        self.texts.into()
    }
}

/// What the signed heads of a bundle show.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// The head that covers every entry, **unverified** where a problem says so, or where the agency
    /// is not pinned.
    pub(super) checkpoint: Option<Checkpoint>,
    /// Every head of this log that stands in it, as far as it is signed as it must be.
    pub(super) shown: Vec<Checkpoint>,
    /// Those of them that others cosigned, with when.
    pub(super) cosigned: CosignedHeads,
    /// Who cosigned a head of this log, by names of notes, each once.
    pub(super) cosigned_by: Vec<String>,
    /// Who else is named as a cosigner and is not pinned.
    pub(super) cosigners_unpinned: Vec<AgencyId>,
}

impl Preamble {
    /// Nothing yet, for the agencies that are pinned.
    pub(super) fn new(pins: &Pins) -> Self {
        Self { keys: Keys::of_pinned(pins), ..Self::default() }
    }

    /// Takes in a head that peers cosigned.
    pub(super) fn cosigned(&mut self, earlier: Earlier, problems: &mut Vec<Problem>) {
        match self.cosigned.len() {
            len if len < MOST_COSIGNED => self.cosigned.push(earlier),
            MOST_COSIGNED => {
                let what =
                    format!("more than {MOST_COSIGNED} heads that peers cosigned stand in it");
                problems.push(problem(None, "line", what));
                // Told once.
                self.cosigned.push(earlier);
            }
            _ => {}
        }
    }

    /// Checks the signed heads with the keys that are known.
    pub(super) fn heads(&self, head: &Head, problems: &mut Vec<Problem>) -> Heads {
        let mut wrong = |code, what: String| problems.push(problem(None, code, what));
        let pinned = self.keys.pinned(&head.agency);
        if pinned && !self.keys.has_card(&head.agency) {
            let agency = &head.agency;
            wrong("card", format!("there is no card of `{agency}` signed by the key pinned"));
        }
        let signed = match head.signed() {
            Ok(signed) => signed,
            Err(error) => {
                wrong("checkpoint", format!("its signed head: {error}"));
                return Heads::default();
            }
        };
        let mut found = Cosigners::of(self, head);
        if let Err(error) = found.add(&signed) {
            wrong("checkpoint", format!("its signed head: {error}"));
        } else {
            for earlier in &self.cosigned {
                if let Err(why) = before(earlier, signed.unverified(), &mut found) {
                    wrong("cosigned", format!("a head that peers cosigned: {why}"));
                }
            }
        }
        let met = |agency: &AgencyId| *agency != head.agency && !self.keys.pinned(agency);
        Heads {
            checkpoint: Some(signed.unverified().clone()),
            shown: found.shown,
            cosigned: CosignedHeads::of(found.first),
            cosigned_by: found.by.into_iter().collect(),
            cosigners_unpinned: found.named.into_iter().filter(met).collect(),
        }
    }
}

/// Who cosigned heads of a log, as they are checked one by one.
struct Cosigners<'a> {
    log: &'a AgencyId,
    keys: &'a Keys,
    /// Whose cosignature holds, by names of notes.
    by: BTreeSet<String>,
    /// Who is named.
    named: BTreeSet<AgencyId>,
    /// The heads.
    shown: Vec<Checkpoint>,
    /// The sizes of those that others cosigned, with when the first of them did.
    first: Vec<(u64, Timestamp)>,
}

impl<'a> Cosigners<'a> {
    fn of(preamble: &'a Preamble, head: &'a Head) -> Self {
        let (by, named) = (BTreeSet::new(), BTreeSet::new());
        let (shown, first) = (Vec::new(), Vec::new());
        Self { log: &head.agency, keys: &preamble.keys, by, named, shown, first }
    }

    /// Takes in a head, whose own signature is checked too where its agency is pinned.
    fn add(&mut self, signed: &SignedCheckpoint) -> Result<(), CheckpointError> {
        self.named.extend(signed.named().filter_map(checkpoint::agency));
        if !self.keys.pinned(self.log) {
            return Ok(());
        }
        let (by, first) = cosigned(signed, self.log, self.keys)?;
        self.by.extend(by);
        self.shown.push(signed.unverified().clone());
        self.first.extend(first.map(|at| (signed.unverified().size, at)));
        Ok(())
    }
}

/// That the head which peers cosigned is of this log and comes before the bundle's.
fn before(earlier: &Earlier, now: &Checkpoint, found: &mut Cosigners<'_>) -> Result<(), String> {
    let signed =
        SignedCheckpoint::parse(earlier.checkpoint.as_bytes()).map_err(|e| e.to_string())?;
    // Its signatures are checked where it is added.
    found.add(&signed).map_err(|e| e.to_string())?;
    let old = signed.unverified();
    merkle::verify_consistency(old.size, &old.root, now.size, &now.root, &earlier.consistency)
        .map_err(|e| format!("this log does not start with it: {e}"))
}
