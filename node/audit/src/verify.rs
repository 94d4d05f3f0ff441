//! Checking a log from its entries alone: the tree, the numbers, the bodies, every signature. Pure;
//! the same for a node's own log and for a bundle on a machine without a node.

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::card::Card;
use schemas::checkpoint::{CheckpointError, SignedCheckpoint};
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::entry_proof::EntryProof;
use schemas::envelope::{Envelope, Kind};
use schemas::key::PublicKey;
use schemas::merkle::{self, Frontier};
use schemas::note::Vkey;
use schemas::time::Timestamp;
use serde::Serialize;

use super::envelope_binding::unbound;
use schemas::bundle::Item;
use schemas::entry::StoredEntry;

/// Something that a log which nobody tampered with does not show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The entry; absent for what concerns the whole log.
    pub index: Option<u64>,
    /// What is wrong, for scripts.
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
}

/// The keys that agencies' cards name, all versions.
#[derive(Debug, Clone, Default)]
pub struct Keys(BTreeMap<AgencyId, Vec<Card>>);

impl Keys {
    /// Adds a card that its agency key signed.
    pub fn add(&mut self, card: Card) {
        self.0.entry(card.id.clone()).or_default().push(card);
    }

    /// Adds all of another's.
    pub fn extend(&mut self, other: Self) {
        other.0.into_values().flatten().for_each(|card| self.add(card));
    }

    /// The cards of an agency, in the order they were added.
    #[must_use]
    pub fn of(&self, agency: &AgencyId) -> &[Card] {
        self.0.get(agency).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether `envelope` carries the signature of one of these agencies, with the key that its
    /// kind asks for. A card is signed by the key that it names.
    fn signed(&self, envelope: &Envelope, agencies: &[&AgencyId]) -> bool {
        let kind = envelope.kind();
        if kind == Kind::Card {
            return Card::open(envelope).is_ok();
        }
        let mut cards = agencies.iter().flat_map(|agency| self.of(agency)).rev();
        cards.any(|card| envelope.verified(kind, key(card, kind)).is_ok())
    }
}

/// Which of a log's keys has signed a head of it: the first whose signature is there and holds.
///
/// # Errors
/// When none of them did.
pub fn signed_by(
    head: &SignedCheckpoint,
    keys: impl IntoIterator<Item = Vkey>,
) -> Result<Vkey, CheckpointError> {
    let mut last = CheckpointError::Text("no card names the key of this log");
    for key in keys {
        match head.verified(&key) {
            Ok(_) => return Ok(key),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl Keys {
    /// Checks a head of an agency's log with the log keys that its cards name, the latest first.
    ///
    /// # Errors
    /// When none of them signed it.
    pub fn head(
        &self,
        agency: &AgencyId,
        head: &SignedCheckpoint,
    ) -> Result<Vkey, CheckpointError> {
        signed_by(head, self.of(agency).iter().rev().map(|card| card.of_log(&card.log_key)))
    }

    /// Checks a place in an agency's log; the header of the entry that stands there.
    ///
    /// # Errors
    /// Why it is not proven.
    pub fn entry_proof(
        &self,
        agency: &AgencyId,
        entry_proof: &EntryProof,
    ) -> Result<Header, String> {
        let mut last = format!("no card of `{agency}` is at hand");
        for card in self.of(agency).iter().rev() {
            match entry_proof.verified(&card.of_log(&card.log_key)) {
                Ok((header, _)) => return Ok(header),
                Err(error) => last = error.to_string(),
            }
        }
        Err(last)
    }

    /// The keys with which these agencies' peers cosign.
    #[must_use]
    pub fn cosigners(&self) -> Vec<Vkey> {
        let cards = self.0.values().flatten();
        let mut keys: Vec<Vkey> = Vec::new();
        for card in cards {
            let key = card.of_cosigner(&card.cosigner_key);
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }
}

fn key(card: &Card, kind: Kind) -> &PublicKey {
    match kind {
        Kind::Agreement | Kind::Adherence | Kind::Card => &card.agency_key,
        _ => &card.message_key,
    }
}

/// What was checked so far.
#[derive(Debug)]
pub struct Verifier {
    me: AgencyId,
    keys: Keys,
    whole: bool,
    tree: Frontier,
    next: u64,
    last: Option<(u64, Timestamp)>,
    numbers: BTreeMap<AgencyId, u64>,
    signatures: u64,
    entries: u64,
    redacted: u64,
    problems: Vec<Problem>,
}

/// What a check found, beside the problems.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The tree of the entries, when they are a whole log.
    pub tree: Frontier,
    /// Entries checked.
    pub entries: u64,
    /// Entries whose body and envelopes are destroyed.
    pub redacted: u64,
    /// Signatures checked.
    pub signatures: u64,
    /// The keys that they were checked with.
    pub keys: Keys,
}

impl Verifier {
    /// Checks the log of `me`: `whole` from its first entry on, or some of its entries in order.
    #[must_use]
    pub fn new(me: AgencyId, keys: Keys, whole: bool) -> Self {
        Self {
            me,
            keys,
            whole,
            tree: Frontier::new(),
            next: 0,
            last: None,
            numbers: BTreeMap::new(),
            signatures: 0,
            entries: 0,
            redacted: 0,
            problems: Vec::new(),
        }
    }

    /// The keys that the entries to come are checked with.
    pub fn trust(&mut self, keys: Keys) {
        self.keys = keys;
    }

    /// Checks the next entries; their headers. What concerns one entry alone is checked on every
    /// core.
    pub fn check(&mut self, items: &[Item]) -> Vec<Option<Header>> {
        let headers: Vec<Option<Header>> = items.iter().map(|item| self.header(item)).collect();
        let readable: Vec<(&Header, &StoredEntry)> = headers
            .iter()
            .zip(items)
            .filter(|(_, item)| !item.border)
            .filter_map(|(header, item)| Some((header.as_ref()?, &item.entry)))
            .collect();
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let each = readable.len().div_ceil(cores).max(1);
        let (keys, me) = (&self.keys, &self.me);
        let found: Vec<(u64, Vec<Problem>)> = std::thread::scope(|scope| {
            let parts: Vec<_> = readable
                .chunks(each)
                .map(|part| scope.spawn(move || contents(part, keys, me)))
                .collect();
            let lost = |_| (0, vec![problem(None, "unchecked", "a check broke off")]);
            parts.into_iter().map(|part| part.join().unwrap_or_else(lost)).collect()
        });
        for (signatures, problems) in found {
            self.signatures = self.signatures.saturating_add(signatures);
            self.problems.extend(problems);
        }
        headers
    }

    /// What was found since this was asked last.
    pub fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    /// What only the order of headers shows.
    fn header(&mut self, item: &Item) -> Option<Header> {
        let bytes = item.entry.header.as_bytes();
        let beside = item.border || item.judges;
        self.entries = self.entries.saturating_add(u64::from(!beside));
        if self.whole {
            self.tree.push(merkle::leaf(bytes));
        }
        let header = match Header::from_bytes(bytes) {
            Ok(header) => header,
            Err(error) => {
                let index = self.whole.then_some(self.next);
                self.problems.push(problem(index, "header", error.to_string()));
                self.next = self.next.saturating_add(1);
                return None;
            }
        };
        let index = header.index;
        let mut found = |index, code, what| self.problems.push(problem(Some(index), code, what));
        if let Some((last, at)) = self.last {
            if index <= last {
                found(index, "order", format!("stands after entry {last}"));
            }
            if header.at < at {
                found(index, "time", format!("is of {}, the one before it of {at}", header.at));
            }
        }
        if self.whole && index > self.next {
            let missing = match index.saturating_sub(1) {
                last if last == self.next => "it is missing".into(),
                last => format!("entries {} to {last} are missing", self.next),
            };
            found(self.next, "missing", format!("{missing}: entry {index} stands in its place"));
        }
        if self.whole
            && let (Some(peer), Some(seq)) = (&header.peer, header.peer_seq)
        {
            let last = self.numbers.insert(peer.clone(), seq);
            let expected = last.unwrap_or(0).saturating_add(1);
            if expected != seq {
                let what = format!("is number {seq} with `{peer}`; number {expected} must follow");
                found(index, "peer_seq", what);
            }
        }
        if item.entry.salt.is_none() && !item.border {
            self.redacted = self.redacted.saturating_add(1);
        }
        self.next = self.next.max(index.saturating_add(1));
        self.last = Some((index, header.at));
        Some(header)
    }

    /// What was found, beside the problems.
    #[must_use]
    pub fn finish(self) -> Verified {
        Verified {
            tree: self.tree,
            entries: self.entries,
            redacted: self.redacted,
            signatures: self.signatures,
            keys: self.keys,
        }
    }
}

pub(super) fn problem(
    index: Option<u64>,
    code: &'static str,
    message: impl Into<String>,
) -> Problem {
    Problem { index, code, message: message.into() }
}

/// What one entry shows by itself: that its body and envelopes are those that its header commits
/// to, that whoever signed did, and that what it keeps of the peer's log is proven.
fn contents(
    entries: &[(&Header, &StoredEntry)],
    keys: &Keys,
    me: &AgencyId,
) -> (u64, Vec<Problem>) {
    let (mut signatures, mut problems) = (0u64, Vec::new());
    for (header, entry) in entries {
        let mut wrong = |code, what: &str| {
            problems.push(problem(Some(header.index), code, what));
        };
        let body = match (&entry.salt, &entry.body) {
            (Some(salt), Some(text)) => {
                if !header.commits_to(salt, text.as_bytes()) {
                    wrong("body", "its body is not the one that its header commits to");
                }
                serde_json::from_str::<Body>(text)
                    .inspect_err(|_| wrong("body", "its body cannot be read"))
                    .ok()
            }
            // Whether it had to be gone is judged from the entries that follow.
            (None, None) => None,
            _ => {
                wrong("body", "its body or its salt is missing");
                None
            }
        };
        if let Some(body) = &body {
            if body.at != header.at || body.event.kind() != header.kind {
                wrong("body", "its body names another time or kind");
            }
            if let Some(theirs) = body.event.theirs() {
                signatures = signatures.saturating_add(1);
                if let Err(why) = kept(header, theirs, keys, me) {
                    wrong("standing", &why);
                }
            }
        }
        match (header.envelope, &entry.envelope) {
            (None, None) => {}
            (Some(digest), Some(lines)) if digest == Digest::of(lines.as_bytes()) => {}
            (Some(_), None) if entry.salt.is_none() => continue,
            (Some(_), None) => wrong("envelope", "its envelopes are missing"),
            _ => wrong("envelope", "its envelopes are not those that its header commits to"),
        }
        // What came and did not verify stands beside the entry that says so.
        if header.kind == EntryKind::AnswerRejected {
            continue;
        }
        let agencies: Vec<&AgencyId> = header.peer.iter().chain([me]).collect();
        let mut envelopes = Vec::new();
        for line in entry.envelope.iter().flat_map(|lines| lines.lines()) {
            signatures = signatures.saturating_add(1);
            match Envelope::parse(line.as_bytes()) {
                Ok(envelope) if keys.signed(&envelope, &agencies) => envelopes.push(envelope),
                _ => wrong("signature", "an envelope is signed by neither agency's known key"),
            }
        }
        if let Some(what) = body.and_then(|body| unbound(header, &body, &envelopes)) {
            wrong("binding", what);
        }
    }
    (signatures, problems)
}

/// Whether what an entry keeps of the peer's log is a proven place in it, of an entry about the
/// same exchange with this agency.
fn kept(header: &Header, theirs: &EntryProof, keys: &Keys, me: &AgencyId) -> Result<(), String> {
    let not = |why: String| format!("what it keeps of the peer's log proves nothing: {why}");
    let Some(peer) = &header.peer else { return Err(not("it concerns no peer".into())) };
    let their = keys.entry_proof(peer, theirs).map_err(not)?;
    if their.peer.as_ref() == Some(me) && their.query == header.query {
        Ok(())
    } else {
        Err(not("it is of another exchange".into()))
    }
}
