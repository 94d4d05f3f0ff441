//! Proofs of places in this log, and the signed documents by which others check them: what exports and
//! evidence packages are made of.

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::bundle::{Earlier, MOST_COSIGNED};
use schemas::card::Card;
use schemas::checkpoint::SignedCheckpoint;
use schemas::entry::{EntryKind, Header, StoredEntry};
use schemas::envelope::Envelope;
use schemas::event::audit::Viewed;
use schemas::proof::LogProof;
use serde::Serialize;

use super::entries::{beyond, record_view};
use crate::permission::{ActError, OwnAgency, Principal};
use audit_log::proofs::{consistency, inclusion};
use registry::Change;
use store::{ReadStore, StoredChange};

/// The proof that an entry stands in the log.
#[derive(Clone, Debug, Serialize)]
pub struct Proven {
    /// The entry.
    pub index: u64,
    /// What it records.
    pub kind: EntryKind,
    /// The proof file; the entry's header is its extra data.
    pub proof: String,
}

/// The proof that the entry at `index` stands in the log, under a head that peers cosigned if there is
/// one.
///
/// # Errors
/// When the actor may not, there is no such entry, or log or store do not answer.
pub async fn prove(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    index: u64,
) -> Result<Proven, ActError> {
    let last = record_view(agency, by, Viewed::ProofOf(index)).await?;
    if index >= last {
        return Err(beyond(index, last));
    }
    let failed = |e: String| ActError::failed(format!("entry {index}: {e}"));
    let now = agency.log.head()?;
    let head = match store.cosigned(now.unverified().size).await? {
        Some(cosigned) => SignedCheckpoint::parse(cosigned.as_bytes())
            .ok()
            .filter(|cosigned| cosigned.unverified().size > index)
            .unwrap_or(now),
        None => now,
    };
    let stored = store.entry(index).await?.ok_or_else(|| failed("it is missing".into()))?;
    of_entry(store, &stored, head).await
}

/// The proof that an entry stands under a signed head that covers it.
pub(super) async fn of_entry(
    store: &dyn ReadStore,
    stored: &StoredEntry,
    head: SignedCheckpoint,
) -> Result<Proven, ActError> {
    let index = index_of(stored)?;
    let failed = |e: String| ActError::failed(format!("entry {index}: {e}"));
    let size = head.unverified().size;
    let header = Header::from_bytes(stored.header.as_bytes()).map_err(|e| failed(e.to_string()))?;
    let hashes = inclusion(store, index, size).await?;
    let proof = LogProof::new(index, hashes, head)
        .and_then(|proof| proof.with_extra(stored.header.clone().into_bytes()))
        .map_err(|e| failed(e.to_string()))?;
    Ok(Proven { index, kind: header.kind, proof: proof.to_string() })
}

/// Into how many parts of about one length a log is divided, of which the first head over each is told.
const PARTS: u64 = 400;
/// Most changes of the registry after which the first cosigned head is told: one stands over whatever
/// was signed with a key before its end was recorded.
const MOST_AFTER_CHANGES: usize = 600;

// With the latest head, they fit a bundle.
const _: () = assert!(PARTS as usize + MOST_AFTER_CHANGES + 2 <= MOST_COSIGNED);

/// Heads of at most `size` entries that peers cosigned, by which it is told when what stands under them
/// was made at the latest, each with the proof that the tree of `size` starts with it: the first over
/// each part of the log, the first over each of `ends`, entries that ended keys, the latest of those
/// where there are too many, and the last one.
pub(super) async fn cosigned_within(
    store: &dyn ReadStore,
    size: u64,
    ends: &[u64],
) -> Result<Vec<Earlier>, ActError> {
    let failed = |e: String| ActError::failed(format!("a head that peers cosigned: {e}"));
    let size_of = |checkpoint: &str| {
        SignedCheckpoint::parse(checkpoint.as_bytes())
            .map(|signed| signed.unverified().size)
            .map_err(|e| failed(e.to_string()))
    };
    let mut heads = BTreeMap::new();
    if let Some(last) = store.cosigned(size).await? {
        heads.insert(size_of(&last)?, last);
    }
    let step = size.div_ceil(PARTS).max(1);
    let (mut from, mut left) = (1, PARTS);
    while left > 0
        && let Some(head) = store.first_cosigned(from).await?
    {
        let of = size_of(&head)?;
        from = of.saturating_add(step);
        left = left.saturating_sub(1);
        heads.insert(of, head);
    }
    let latest = ends.len().saturating_sub(MOST_AFTER_CHANGES);
    for entry in ends.get(latest..).unwrap_or_default() {
        if let Some(head) = store.first_cosigned(entry.saturating_add(1)).await? {
            heads.insert(size_of(&head)?, head);
        }
    }
    let mut earlier = Vec::with_capacity(heads.len());
    for (old, checkpoint) in heads.into_iter().filter(|(old, _)| *old <= size) {
        let consistency = consistency(store, old, size).await?;
        earlier.push(Earlier { checkpoint, consistency });
    }
    Ok(earlier)
}

/// What the agency signed and adopted, as texts.
pub(super) struct SignedTexts {
    /// The agency's own card and those of the peers that are wanted: every version that names other
    /// keys or ends than the one before, and the latest.
    pub(super) cards: Vec<String>,
    /// The agency's policies.
    pub(super) policies: Vec<String>,
    /// The entries of cards that name other keys or ends than the one before.
    pub(super) ends: Vec<u64>,
}

/// The cards of `me` and of the peers that `of` wants, and every policy, out of the changes of the
/// registry.
pub(super) fn signed_texts(
    changes: &[StoredChange],
    me: &AgencyId,
    of: impl Fn(&AgencyId) -> bool,
) -> Result<SignedTexts, ActError> {
    let (mut cards, mut policies, mut ends) = (Cards::default(), Vec::new(), Vec::new());
    for made in changes {
        let change: Change = serde_json::from_str(&made.text)
            .map_err(|e| ActError::failed(format!("a change cannot be read: {e}")))?;
        if let Some(card) = change.card()
            && cards.note(card, |id| id == me || of(id))?
        {
            ends.push(made.entry);
        }
        // In the order in which each was adopted last.
        if let Change::Policy { text, .. } = change {
            policies.retain(|known| *known != text);
            policies.push(text);
        }
    }
    Ok(SignedTexts { cards: cards.finish(), policies, ends })
}

/// The cards by which signatures are checked: the first that names each set of keys, and the latest.
/// What stands between changes nothing but where an agency is reached.
#[derive(Default)]
struct Cards {
    kept: Vec<String>,
    /// The latest of each agency, and its text unless that is kept already.
    latest: BTreeMap<AgencyId, (Card, Option<String>)>,
}

impl Cards {
    /// Takes in the next card that is wanted; whether it takes the place of one with other keys or ends.
    fn note(&mut self, text: &str, of: impl Fn(&AgencyId) -> bool) -> Result<bool, ActError> {
        let failed = |e: String| ActError::failed(format!("a recorded card cannot be read: {e}"));
        let envelope = Envelope::parse(text.as_bytes()).map_err(|e| failed(e.to_string()))?;
        let card = Card::open(&envelope).map_err(|e| failed(e.to_string()))?;
        if !of(&card.id) {
            return Ok(false);
        }
        let before = self.latest.get(&card.id);
        let same = before.is_some_and(|(before, _)| card.has_keys_of(before));
        let ends = before.is_some() && !same;
        let waits = if same {
            Some(text.to_owned())
        } else {
            self.kept.push(text.to_owned());
            None
        };
        self.latest.insert(card.id.clone(), (card, waits));
        Ok(ends)
    }

    fn finish(self) -> Vec<String> {
        let Self { mut kept, latest } = self;
        kept.extend(latest.into_values().filter_map(|(_, text)| text));
        kept
    }
}

/// Where an entry stands, by its header.
pub(super) fn index_of(stored: &StoredEntry) -> Result<u64, ActError> {
    Header::from_bytes(stored.header.as_bytes())
        .map(|header| header.index)
        .map_err(|e| ActError::failed(format!("the database holds what the log never wrote: {e}")))
}
