//! Exports of the audit log, and proofs of single entries. Each is an entry of its own first, which
//! the signed head of the export covers.

use std::collections::{HashMap, VecDeque};

use schemas::agency::AgencyId;
use schemas::checkpoint::SignedCheckpoint;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header};
use schemas::merkle::{self, Subtree};
use schemas::proof::LogProof;
use serde::Serialize;

use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, authorize};
use audit_log::entry::Entry;
use registry::{Change, Redacted};
use schemas::bundle::{Earlier, FORMAT, Head, Item, OWN, SCOPE, Scope};
use schemas::entry::StoredEntry;
use store::EntryFilter;

/// Entries read at a time.
const STEP: u32 = 500;

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

/// An export under way.
pub struct Export {
    context: NodeContext,
    /// The first line.
    pub head: Head,
    size: u64,
    next: Next,
    /// What concerns the agency itself and was not written yet, of an extract.
    own: VecDeque<(u64, StoredEntry)>,
}

/// What an export writes next.
#[derive(Debug)]
enum Next {
    /// The entry before the period, if there is one.
    Before,
    /// Entries of the period from this index on.
    From(u64),
    /// The entry after the period, and then that of the export.
    After,
    /// Nothing.
    End,
}

impl NodeContext {
    /// Begins an export.
    ///
    /// # Errors
    /// When the actor may not, the peer is unknown, or log or store do not answer.
    pub async fn export(&self, by: &Principal, scope: Scope) -> Result<Export, ActError> {
        let state = self.agency.registry.state();
        let actor = self
            .agency
            .actor(authorize(&state, by, Permission::Audit, self.agency.clock.now())?, by);
        if let Some(peer) = &scope.peer
            && !state.peers.contains_key(peer)
        {
            return Err(ActError::usage(format!(
                "no card of `{peer}` is recorded; see `accord card list`"
            )));
        }
        if let (Some(from), Some(until)) = (scope.from, scope.until)
            && from >= until
        {
            return Err(ActError::usage(format!(
                "a period from {from} until {until} holds nothing; give an earlier --from"
            )));
        }
        let logged = serde_json::to_value(&scope).map_err(|e| ActError::failed(e.to_string()))?;
        let own = self.agency.log.counters().peer_seq.get(&self.agency.id).copied().unwrap_or(0);
        let mut entry = Entry::new(EntryKind::AuditExported, actor)
            .with_detail(SCOPE, logged)
            .with_detail(OWN, own);
        if let Some(peer) = &scope.peer {
            // With a number of the peer's, it shows that nothing before it was left out.
            entry = entry.with_peer(peer);
        }
        let appended = self.agency.log.append(entry).await?;
        let signed = self.agency.log.head()?;
        let size = signed.unverified().size;
        // After the append, so that no redaction of an entry exported here is missed.
        let redacted = self.agency.registry.state().redacted != Redacted::default();
        let (cards, policies) = {
            let of = |id: &AgencyId| scope.peer.as_ref().is_none_or(|peer| peer == id);
            self.signed_by(of).await?
        };
        let own = if scope.is_whole() { VecDeque::new() } else { self.own_entries(size).await? };
        let head = Head {
            accord_bundle: FORMAT,
            agency: self.agency.id.clone(),
            entry: appended.position().index,
            at: appended.at(),
            cosigned: self.cosigned_before(size).await?,
            scope,
            checkpoint: signed.to_string(),
            cards,
            policies: if redacted { policies } else { Vec::new() },
        };
        let next = match (head.scope.from, &head.scope.peer) {
            (Some(_), _) => Next::Before,
            (None, _) => Next::From(0),
        };
        Ok(Export { context: self.clone(), head, size, next, own })
    }

    /// The proof that the entry at `index` stands in the log, under a head that peers cosigned if
    /// there is one.
    ///
    /// # Errors
    /// When the actor may not, there is no such entry, or log or store do not answer.
    pub async fn prove(&self, by: &Principal, index: u64) -> Result<Proven, ActError> {
        let state = self.agency.registry.state();
        let actor = self
            .agency
            .actor(authorize(&state, by, Permission::Audit, self.agency.clock.now())?, by);
        let entry = Entry::new(EntryKind::AuditViewed, actor).with_detail("proof_of", index);
        let last = self.agency.log.append(entry).await?.position().index;
        if index >= last {
            return Err(ActError::usage(format!(
                "there is no entry {index}; the last one is {}",
                last.saturating_sub(1)
            )));
        }
        let failed = |e: String| ActError::failed(format!("entry {index}: {e}"));
        let now = self.agency.log.head()?;
        let head = match self.store.cosigned(now.unverified().size).await? {
            Some(cosigned) => SignedCheckpoint::parse(cosigned.as_bytes())
                .ok()
                .filter(|cosigned| cosigned.unverified().size > index)
                .unwrap_or(now),
            None => now,
        };
        let found = self.store.entries(&EntryFilter::default(), index, 1).await?;
        let stored = found.first().ok_or_else(|| failed("it is missing".into()))?;
        self.proven(stored, head).await
    }

    /// The proof that an entry stands under a signed head that covers it.
    pub(super) async fn proven(
        &self,
        stored: &StoredEntry,
        head: SignedCheckpoint,
    ) -> Result<Proven, ActError> {
        let index = index_of(stored)?;
        let failed = |e: String| ActError::failed(format!("entry {index}: {e}"));
        let size = head.unverified().size;
        let header =
            Header::from_bytes(stored.header.as_bytes()).map_err(|e| failed(e.to_string()))?;
        let nodes = self.nodes(&[index], size).await?;
        let hashes = merkle::inclusion(index, size, |subtree| nodes.get(&subtree).copied())
            .map_err(|e| failed(e.to_string()))?;
        let proof = LogProof::new(index, hashes, head)
            .and_then(|proof| proof.with_extra(stored.header.clone().into_bytes()))
            .map_err(|e| failed(e.to_string()))?;
        Ok(Proven { index, kind: header.kind, proof: proof.to_string() })
    }

    /// The entries that concern the agency itself, with their index.
    async fn own_entries(&self, size: u64) -> Result<VecDeque<(u64, StoredEntry)>, ActError> {
        let filter = EntryFilter { peer: Some(self.agency.id.clone()), ..EntryFilter::default() };
        let (mut own, mut start) = (VecDeque::new(), 0);
        loop {
            let step = self.store.entries(&filter, start, STEP).await?;
            let full = step.len() == STEP as usize;
            for entry in step {
                let index = index_of(&entry)?;
                start = index.saturating_add(1);
                if index < size {
                    own.push_back((index, entry));
                }
            }
            if !full {
                return Ok(own);
            }
        }
    }

    /// One's own card and those of the peers that are wanted, all versions; and the texts of one's
    /// policies.
    pub(super) async fn signed_by(
        &self,
        of: impl Fn(&AgencyId) -> bool,
    ) -> Result<(Vec<String>, Vec<String>), ActError> {
        let (mut cards, mut policies) = (Vec::new(), Vec::new());
        for text in self.store.changes(None).await? {
            let change: Change = serde_json::from_str(&text)
                .map_err(|e| ActError::failed(format!("a change cannot be read: {e}")))?;
            if let Change::Policy { text, .. } = &change
                && !policies.contains(text)
            {
                policies.push(text.clone());
            }
            let (Change::OwnCard { envelope }
            | Change::Card { envelope, .. }
            | Change::CardUpdate { envelope }
            | Change::CardHeld { envelope, .. }) = change
            else {
                continue;
            };
            let id = schemas::envelope::Envelope::parse(envelope.as_bytes())
                .ok()
                .and_then(|signed| schemas::card::Card::open(&signed).ok())
                .map(|card| card.id);
            let wanted = id.as_ref().is_none_or(|id| *id == self.agency.id || of(id));
            if wanted && !cards.contains(&envelope) {
                cards.push(envelope);
            }
        }
        Ok((cards, policies))
    }

    async fn cosigned_before(&self, size: u64) -> Result<Option<Earlier>, ActError> {
        let Some(checkpoint) = self.store.cosigned(size).await? else { return Ok(None) };
        let failed = |e: String| ActError::failed(format!("the head that peers cosigned: {e}"));
        let old = SignedCheckpoint::parse(checkpoint.as_bytes())
            .map_err(|e| failed(e.to_string()))?
            .unverified()
            .size;
        let wanted = merkle::consistency_nodes(old, size).map_err(|e| failed(e.to_string()))?;
        let nodes = self.subtrees(wanted).await?;
        let consistency = merkle::consistency(old, size, |subtree| nodes.get(&subtree).copied())
            .map_err(|e| failed(e.to_string()))?;
        Ok(Some(Earlier { checkpoint, consistency }))
    }

    /// What the inclusion proofs of some entries are made of.
    async fn nodes(
        &self,
        entries: &[u64],
        size: u64,
    ) -> Result<HashMap<Subtree, Digest>, ActError> {
        let mut wanted = Vec::new();
        for index in entries {
            let nodes = merkle::inclusion_nodes(*index, size)
                .map_err(|e| ActError::failed(format!("entry {index}: {e}")))?;
            wanted.extend(nodes);
        }
        wanted.sort_unstable();
        wanted.dedup();
        self.subtrees(wanted).await
    }

    async fn subtrees(&self, wanted: Vec<Subtree>) -> Result<HashMap<Subtree, Digest>, ActError> {
        let hashes = self.store.subtrees(&wanted).await?;
        Ok(wanted.into_iter().zip(hashes).collect())
    }
}

impl Export {
    /// The next entries; none at the end.
    ///
    /// # Errors
    /// When the store does not answer, or holds what the log never wrote.
    pub async fn next(&mut self) -> Result<Vec<Item>, ActError> {
        loop {
            let items = match self.next {
                Next::End => return Ok(Vec::new()),
                Next::Before => self.before().await?,
                Next::From(start) => self.period(start).await?,
                Next::After => self.after().await?,
            };
            let items = self.with_own(items);
            if !items.is_empty() {
                return self.proven(items).await;
            }
        }
    }

    /// `items` with what concerns the agency itself before and between them, each once.
    fn with_own(&mut self, items: Vec<Item>) -> Vec<Item> {
        let mut all = Vec::with_capacity(items.len());
        for mut item in items {
            let index = index_of(&item.entry).unwrap_or(0);
            while let Some((at, _)) = self.own.front()
                && *at <= index
                && let Some((at, entry)) = self.own.pop_front()
            {
                if at < index {
                    all.push(Item { entry, border: false, judges: true, inclusion: None });
                } else if item.border {
                    item = Item { entry, border: true, judges: true, inclusion: None };
                }
            }
            all.push(item);
        }
        all
    }

    fn filter(&self) -> EntryFilter {
        EntryFilter { peer: self.head.scope.peer.clone(), ..EntryFilter::default() }
    }

    async fn before(&mut self) -> Result<Vec<Item>, ActError> {
        self.next = Next::From(0);
        let filter = EntryFilter { until: self.head.scope.from, ..self.filter() };
        let (mut last, mut start) = (None, 0);
        loop {
            let step = self.context.store.entries(&filter, start, STEP).await?;
            let Some(stored) = step.last() else { break };
            start = index_of(stored)?.saturating_add(1);
            last = Some(bare(stored));
        }
        Ok(last.into_iter().collect())
    }

    async fn period(&mut self, start: u64) -> Result<Vec<Item>, ActError> {
        let Scope { from, until, .. } = self.head.scope;
        let filter = EntryFilter { from, until, ..self.filter() };
        // A whole log goes on to its head; an extract ends with the entry of the export.
        let end = if self.head.scope.is_whole() { self.size } else { self.head.entry };
        let step = self.context.store.entries(&filter, start, STEP).await?;
        let mut items = Vec::with_capacity(step.len());
        let mut next = None;
        for entry in step {
            // A header that cannot be read stands in the bundle as it stands in the database.
            let at = index_of(&entry).unwrap_or_else(|_| next.unwrap_or(start));
            if at >= end {
                next = None;
                break;
            }
            next = Some(at.saturating_add(1));
            items.push(Item { entry, border: false, judges: false, inclusion: None });
        }
        self.next = match next {
            Some(next) => Next::From(next.max(start.saturating_add(1))),
            None if self.head.scope.is_whole() => Next::End,
            None => Next::After,
        };
        Ok(items)
    }

    async fn after(&mut self) -> Result<Vec<Item>, ActError> {
        self.next = Next::End;
        let entry = self.head.entry;
        let mut items = Vec::new();
        if let Some(until) = self.head.scope.until {
            let filter = EntryFilter { from: Some(until), ..self.filter() };
            let first = self.context.store.entries(&filter, 0, 1).await?;
            if let Some(first) = first.first()
                && index_of(first)? < entry
            {
                items.push(bare(first));
            }
        }
        let own = self.context.store.entries(&EntryFilter::default(), entry, 1).await?;
        items.extend(own.into_iter().map(|entry| Item {
            entry,
            border: false,
            judges: false,
            inclusion: None,
        }));
        Ok(items)
    }

    async fn proven(&self, mut items: Vec<Item>) -> Result<Vec<Item>, ActError> {
        if self.head.scope.is_whole() {
            return Ok(items);
        }
        let places: Vec<Option<u64>> = items
            .iter()
            .map(|item| index_of(&item.entry).ok().filter(|index| *index < self.size))
            .collect();
        let known: Vec<u64> = places.iter().copied().flatten().collect();
        let nodes = self.context.nodes(&known, self.size).await?;
        for (item, index) in items.iter_mut().zip(places) {
            item.inclusion = index.and_then(|index| {
                merkle::inclusion(index, self.size, |subtree| nodes.get(&subtree).copied()).ok()
            });
        }
        Ok(items)
    }
}

fn bare(stored: &StoredEntry) -> Item {
    let entry =
        StoredEntry { header: stored.header.clone(), salt: None, body: None, envelope: None };
    Item { entry, border: true, judges: false, inclusion: None }
}

pub(super) fn index_of(stored: &StoredEntry) -> Result<u64, ActError> {
    Header::from_bytes(stored.header.as_bytes())
        .map(|header| header.index)
        .map_err(|e| ActError::failed(format!("the database holds what the log never wrote: {e}")))
}
