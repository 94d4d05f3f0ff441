//! Checking a log from its entries alone: the tree, the numbers, the bodies, every signature. Pure;
//! the same for a node's own log and for a bundle on a machine without a node.

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::bundle::Item;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, StoredEntry};
use schemas::merkle::{self, Frontier};
use schemas::standing::Part;
use schemas::time::Timestamp;

use super::alone::{Alone, alone};
use super::brackets::{Bracketed, Brackets, signer};
use super::cosigned_heads::CosignedHeads;
use super::earlier::{Asked, Earlier, Repeats};
use super::kept::Kept;
use super::key_times::KeyTimes;
use super::keys::Keys;
use super::messages::{Message, Opened};
use super::problem::{Problem, problem};
use super::signed_by::SignedBy;

/// How far what an entry says is proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proven {
    /// By everything that it rests on.
    Wholly,
    /// It repeats an entry that is not at hand.
    NotAtHand,
    /// It rests on the word of an agency that is not pinned.
    Unpinned(AgencyId),
    /// Something of it is wrong.
    Not,
}

impl Proven {
    /// A word for who reads what the entry says; none where all of it is proven.
    #[must_use]
    pub fn word(&self) -> Option<String> {
        match self {
            Self::Wholly => None,
            Self::NotAtHand => Some("repeats an entry that is not at hand".into()),
            Self::Unpinned(agency) => Some(format!("no key of {agency} is pinned")),
            Self::Not => Some("does not verify".into()),
        }
    }
}

/// An entry as it was checked.
#[derive(Debug)]
pub struct Judged {
    /// Its header.
    pub header: Header,
    /// Its body, where that is kept: what it repeats of a signed message stands here as the message
    /// says it.
    pub body: Option<Body>,
    /// Who signed what stands beside it, of pinned agencies; none of them where the signature of one
    /// does not hold or does not count.
    pub signed: Vec<SignedBy>,
    /// Whether what stands beside it is signed by whom it has to be, as far as anything has to.
    pub holds: bool,
    /// The query of its exchange, as it was signed.
    pub asked: Option<Asked>,
    /// What it keeps of the peer's log, where all of that is proven, under heads whose signatures count.
    pub theirs: Vec<Kept>,
    /// The entry of the peer's log that it keeps no proof of.
    pub owes: Option<Part>,
    /// How far what it says is proven.
    pub proven: Proven,
    /// With which key the owner signed the reply that this entry says did not verify, although its
    /// header does, and fits the query.
    pub rejected_although_valid: Option<SignedBy>,
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
    earlier: Earlier,
    brackets: Brackets,
    /// Entries that rest on the word of an agency that is not pinned.
    unpinned: BTreeMap<AgencyId, u64>,
    /// Entries that repeat one that is not at hand.
    not_compared: u64,
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
    /// What bounds the times of the log.
    pub brackets: Brackets,
    /// How many entries rest on the word of each agency that is not pinned.
    pub unpinned: BTreeMap<AgencyId, u64>,
    /// Entries that repeat one that is not at hand.
    pub not_compared: u64,
}

impl Verifier {
    /// Checks the log of `me`: `whole` from its first entry on, or some of its entries in order;
    /// `complete` where none about the same agency is left out before them.
    #[must_use]
    pub fn new(me: AgencyId, keys: Keys, whole: bool, complete: bool) -> Self {
        Self {
            earlier: Earlier::new(whole || complete, whole),
            brackets: Brackets::default(),
            unpinned: BTreeMap::new(),
            not_compared: 0,
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

    /// The keys that the entries to come are checked with, and the heads over them that others cosigned.
    pub fn trust(&mut self, keys: Keys, cosigned: CosignedHeads) {
        self.keys = keys;
        self.brackets.cosigned = cosigned;
    }

    /// With what the log knew of the keys of others, where the entries that say so may be left out.
    #[must_use]
    pub fn knowing(mut self, key_times: KeyTimes) -> Self {
        self.brackets.key_times = key_times;
        self
    }

    /// Checks the next entries, each with what was made of it; `None` for one without a readable
    /// header. What concerns one entry alone is checked on every core.
    pub fn check(&mut self, items: &[Item]) -> Vec<Option<Judged>> {
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
        let found: Vec<Alone> = std::thread::scope(|scope| {
            let parts: Vec<_> = readable
                .chunks(each)
                .map(|part| {
                    let judge =
                        |(header, entry): &(&Header, &StoredEntry)| alone(header, entry, keys, me);
                    (part, scope.spawn(move || part.iter().map(judge).collect::<Vec<_>>()))
                })
                .collect();
            let ended = parts.into_iter().map(|(part, thread)| {
                thread.join().unwrap_or_else(|_| part.iter().map(|_| Alone::lost()).collect())
            });
            ended.flatten().collect()
        });
        let mut found = found.into_iter();
        headers
            .into_iter()
            .zip(items)
            .map(|(header, item)| {
                let header = header?;
                let alone = if item.border { None } else { found.next() };
                Some(self.judge(header, item, alone.unwrap_or_default()))
            })
            .collect()
    }

    /// What an entry says together with those before it.
    fn judge(&mut self, header: Header, item: &Item, alone: Alone) -> Judged {
        let Alone { signatures, problems, body, messages, told, .. } = alone;
        let Alone { unpinned, theirs, unsigned, rejected, .. } = alone;
        self.signatures = self.signatures.saturating_add(signatures);
        let mut wrong = !problems.is_empty();
        self.problems.extend(problems);
        if !item.border && item.entry.body.is_none() {
            self.earlier.destroyed(&header);
        }
        let signed = body.as_ref().filter(|_| !unsigned);
        let Bracketed { problems, discounted, theirs } =
            self.brackets.take(&header, signed, &self.me, &messages, theirs);
        wrong |= !problems.is_empty();
        self.problems.extend(problems);
        let unsigned = unsigned || discounted;
        let mut at_hand = true;
        if let Some(body) = &body
            && !unsigned
        {
            match self.earlier.take(&header, body, &self.me, &messages, told.as_ref()) {
                Repeats::Right => {}
                Repeats::Unknown => {
                    at_hand = false;
                    self.not_compared = self.not_compared.saturating_add(1);
                }
                Repeats::Wrong(what) => {
                    wrong = true;
                    self.problems.push(problem(Some(header.index), "binding", what));
                }
            }
        }
        if let Some(agency) = &unpinned {
            let count = self.unpinned.entry(agency.clone()).or_default();
            *count = count.saturating_add(1);
        }
        let query = body.as_ref().and_then(|body| body.event.access()?.query_digest);
        let asked = query.and_then(|query| self.earlier.query(&query)).cloned();
        let proven = match unpinned {
            _ if wrong => Proven::Not,
            Some(agency) => Proven::Unpinned(agency),
            None if !at_hand => Proven::NotAtHand,
            None => Proven::Wholly,
        };
        let valid = rejected.filter(|reply| {
            let fits = |(query, asked): (Digest, &Asked)| fits(reply, query, asked);
            query.zip(asked.as_ref()).is_some_and(fits)
                && self.brackets.could_accept(&header, reply)
        });
        // A refusal that came from a check before the decision leaves nothing owed.
        let decided = messages.iter().all(|opened| match &opened.message {
            Message::Refusal(refusal) => refusal.decided_by.is_some(),
            _ => true,
        });
        let owing = body.as_ref().filter(|body| !unsigned && body.event.theirs().is_empty());
        let owes = owing.and_then(|body| Part::owed_for(&body.event, decided));
        Judged {
            header,
            body,
            // A message that does not count accuses nobody.
            signed: messages.iter().filter(|_| !unsigned).filter_map(signer).collect(),
            holds: !unsigned,
            asked,
            theirs,
            owes,
            proven,
            rejected_although_valid: valid.as_ref().and_then(signer),
        }
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
            if header.at < at && header.kind != EntryKind::ClockAccepted {
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
            brackets: self.brackets,
            unpinned: self.unpinned,
            not_compared: self.not_compared,
        }
    }
}

/// Whether the header of a reply binds to a query and holds no more than it asks for: then what did
/// not verify can only have been what followed it.
fn fits(reply: &Opened, query: Digest, asked: &Asked) -> bool {
    match &reply.message {
        Message::Answer(answer) => {
            let bound = answer.query_id == asked.id && answer.query_digest == query;
            bound && answer.fits(&asked.wanted).is_ok()
        }
        Message::Refusal(refusal) => {
            let bound = refusal.query_id == asked.id && refusal.query_digest == query;
            bound && !refusal.reasons.is_empty() && refusal.is_bounded()
        }
        _ => false,
    }
}
