//! Checking a log from its entries alone: the tree, the numbers, the bodies, every signature. Pure;
//! the same for a node's own log and for a bundle on a machine without a node.

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::card::Card;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::envelope::{Envelope, Kind};
use schemas::key::PublicKey;
use schemas::merkle::{self, Frontier};
use schemas::time::Timestamp;
use serde::Serialize;

use crate::store::StoredEntry;

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

fn key(card: &Card, kind: Kind) -> &PublicKey {
    match kind {
        Kind::Agreement | Kind::Adherence | Kind::Card => &card.agency_key,
        _ => &card.message_key,
    }
}

/// How the entries of a log are numbered in what is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extract {
    /// Every entry from the first on: the tree is recomputed.
    Whole,
    /// The entries that concern one peer, some or all: their own numbers show any that is missing.
    Of(AgencyId),
    /// Some entries in order.
    Some,
}

/// What was checked so far.
#[derive(Debug)]
pub struct Verifier<'a> {
    me: AgencyId,
    keys: &'a Keys,
    extract: Extract,
    tree: Frontier,
    last: Option<Header>,
    numbers: BTreeMap<AgencyId, u64>,
    signatures: u64,
    entries: u64,
    redacted: u64,
    problems: Vec<Problem>,
}

/// What a check found.
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
    /// Time of the last entry.
    pub last_at: Option<Timestamp>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl<'a> Verifier<'a> {
    /// Checks the log of `me`.
    #[must_use]
    pub fn new(me: AgencyId, keys: &'a Keys, extract: Extract) -> Self {
        Self {
            me,
            keys,
            extract,
            tree: Frontier::new(),
            last: None,
            numbers: BTreeMap::new(),
            signatures: 0,
            entries: 0,
            redacted: 0,
            problems: Vec::new(),
        }
    }

    /// Checks the next entries. What concerns one entry alone is checked on every core.
    pub fn check(&mut self, entries: &[StoredEntry]) {
        let mut readable = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Some(header) = self.header(entry) {
                readable.push((header, entry));
            }
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let each = readable.len().div_ceil(cores).max(1);
        let (keys, me) = (self.keys, &self.me);
        let found: Vec<(u64, Vec<Problem>)> = std::thread::scope(|scope| {
            let parts: Vec<_> = readable
                .chunks(each)
                .map(|part| scope.spawn(move || contents(part, keys, me)))
                .collect();
            let lost = |_| (0, vec![problem(None, "unchecked", "a check broke off".into())]);
            parts.into_iter().map(|part| part.join().unwrap_or_else(lost)).collect()
        });
        for (signatures, problems) in found {
            self.signatures = self.signatures.saturating_add(signatures);
            self.problems.extend(problems);
        }
    }

    /// What only the order of headers shows.
    fn header(&mut self, entry: &StoredEntry) -> Option<Header> {
        self.entries = self.entries.saturating_add(1);
        let position = self.tree.size();
        self.tree.push(merkle::leaf(entry.header.as_bytes()));
        let header = match Header::from_bytes(entry.header.as_bytes()) {
            Ok(header) => header,
            Err(error) => {
                let index = (self.extract == Extract::Whole).then_some(position);
                self.problems.push(problem(index, "header", error.to_string()));
                return None;
            }
        };
        let index = header.index;
        let mut found = Vec::new();
        if self.extract == Extract::Whole && index != position {
            found.push(("index", format!("stands at position {position}")));
        }
        if let Some(last) = &self.last {
            if index <= last.index {
                found.push(("order", format!("follows entry {}", last.index)));
            }
            if header.at < last.at {
                found
                    .push(("time", format!("is of {}, its predecessor of {}", header.at, last.at)));
            }
        }
        if let (Some(peer), Some(seq)) = (&header.peer, header.peer_seq) {
            let numbered = match &self.extract {
                Extract::Whole => true,
                Extract::Of(agency) => agency == peer,
                Extract::Some => false,
            };
            let last = self.numbers.insert(peer.clone(), seq);
            // A whole log counts from 1; an extract may begin later.
            let expected = match (last, &self.extract) {
                (Some(last), _) => Some(last.saturating_add(1)),
                (None, Extract::Whole) => Some(1),
                (None, _) => None,
            };
            if let Some(expected) = expected.filter(|expected| numbered && *expected != seq) {
                found.push((
                    "peer_seq",
                    format!("is number {seq} with `{peer}`; number {expected} must follow"),
                ));
            }
        }
        if let Extract::Of(agency) = &self.extract
            && header.peer.as_ref() != Some(agency)
        {
            found.push(("peer", format!("does not concern `{agency}`")));
        }
        if entry.salt.is_none() {
            self.redacted = self.redacted.saturating_add(1);
        }
        let more = found.into_iter();
        self.problems.extend(more.map(|(code, what)| problem(Some(index), code, what)));
        self.last = Some(header.clone());
        Some(header)
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Verified {
        Verified {
            tree: self.tree,
            entries: self.entries,
            redacted: self.redacted,
            signatures: self.signatures,
            last_at: self.last.map(|last| last.at),
            problems: self.problems,
        }
    }
}

fn problem(index: Option<u64>, code: &'static str, message: String) -> Problem {
    Problem { index, code, message }
}

/// What one entry shows by itself: that its body and envelopes are those that its header commits
/// to, and that whoever signed did.
fn contents(entries: &[(Header, &StoredEntry)], keys: &Keys, me: &AgencyId) -> (u64, Vec<Problem>) {
    let (mut signatures, mut problems) = (0u64, Vec::new());
    for (header, entry) in entries {
        let mut wrong = |code, what: &str| {
            problems.push(problem(Some(header.index), code, what.to_owned()));
        };
        match (&entry.salt, &entry.body) {
            (Some(salt), Some(text)) => {
                if !header.commits_to(salt, text.as_bytes()) {
                    wrong("body", "its body is not the one that its header commits to");
                }
                match serde_json::from_str::<Body>(text) {
                    Ok(body) if body.at == header.at && body.kind == header.kind => {}
                    Ok(_) => wrong("body", "its body names another time or kind"),
                    Err(_) => wrong("body", "its body cannot be read"),
                }
            }
            (None, None) => {}
            _ => wrong("body", "its body or its salt is missing"),
        }
        let kept = entry.envelope.as_ref();
        match (header.envelope, kept) {
            (None, None) => {}
            (Some(digest), Some(lines)) if digest == Digest::of(lines.as_bytes()) => {}
            (Some(_), None) if entry.salt.is_none() => {}
            (Some(_), None) => wrong("envelope", "its envelopes are missing"),
            _ => wrong("envelope", "its envelopes are not those that its header commits to"),
        }
        let agencies: Vec<&AgencyId> = header.peer.iter().chain([me]).collect();
        for line in kept.into_iter().flat_map(|lines| lines.lines()) {
            signatures = signatures.saturating_add(1);
            let signed = Envelope::parse(line.as_bytes())
                .is_ok_and(|envelope| keys.signed(&envelope, &agencies));
            if !signed {
                wrong("signature", "an envelope is signed by neither agency's known key");
            }
        }
    }
    (signatures, problems)
}
