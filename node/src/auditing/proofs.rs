//! Proofs of places in this log, and the signed documents by which others check them: what exports and
//! evidence packages are made of.

use std::collections::BTreeMap;

use schemas::agency::AgencyId;
use schemas::bundle::Earlier;
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
use store::{EntryFilter, ReadStore, StoredChange};

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
    let found = store.entries(&EntryFilter::default(), index, 1).await?;
    let stored = found.first().ok_or_else(|| failed("it is missing".into()))?;
    of_entry(store, stored, head).await
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

/// The latest head of at most `size` entries that peers cosigned, with the proof that the tree of
/// `size` starts with it.
pub(super) async fn cosigned_before(
    store: &dyn ReadStore,
    size: u64,
) -> Result<Option<Earlier>, ActError> {
    let Some(checkpoint) = store.cosigned(size).await? else { return Ok(None) };
    let failed = |e: String| ActError::failed(format!("the head that peers cosigned: {e}"));
    let old = SignedCheckpoint::parse(checkpoint.as_bytes())
        .map_err(|e| failed(e.to_string()))?
        .unverified()
        .size;
    let consistency = consistency(store, old, size).await?;
    Ok(Some(Earlier { checkpoint, consistency }))
}

/// What the agency signed and adopted, as texts.
pub(super) struct SignedTexts {
    /// The agency's own card and those of the peers that are wanted: every version that names other
    /// keys or ends than the one before, and the latest.
    pub(super) cards: Vec<String>,
    /// The agency's policies.
    pub(super) policies: Vec<String>,
}

/// The cards of `me` and of the peers that `of` wants, and every policy, out of the changes of the
/// registry.
pub(super) fn signed_texts(
    changes: &[StoredChange],
    me: &AgencyId,
    of: impl Fn(&AgencyId) -> bool,
) -> Result<SignedTexts, ActError> {
    let (mut cards, mut policies) = (Cards::default(), Vec::new());
    for made in changes {
        let change: Change = serde_json::from_str(&made.text)
            .map_err(|e| ActError::failed(format!("a change cannot be read: {e}")))?;
        if let Some(card) = change.card() {
            cards.note(card, |id| id == me || of(id))?;
        }
        if let Change::Policy { text, .. } = change
            && !policies.contains(&text)
        {
            policies.push(text);
        }
    }
    Ok(SignedTexts { cards: cards.finish(), policies })
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
    fn note(&mut self, text: &str, of: impl Fn(&AgencyId) -> bool) -> Result<(), ActError> {
        let failed = |e: String| ActError::failed(format!("a recorded card cannot be read: {e}"));
        let envelope = Envelope::parse(text.as_bytes()).map_err(|e| failed(e.to_string()))?;
        let card = Card::open(&envelope).map_err(|e| failed(e.to_string()))?;
        if !of(&card.id) {
            return Ok(());
        }
        let before = self.latest.get(&card.id);
        let same = before.is_some_and(|(before, _)| card.has_keys_of(before));
        let waits = if same {
            Some(text.to_owned())
        } else {
            self.kept.push(text.to_owned());
            None
        };
        self.latest.insert(card.id.clone(), (card, waits));
        Ok(())
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
