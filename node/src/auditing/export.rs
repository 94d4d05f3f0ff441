//! Exports of the audit log. One is an entry of its own first, which the signed head of the export
//! covers.

use std::collections::VecDeque;
use std::sync::Arc;

use agreements::policy::LARGEST_TEXT;
use schemas::agency::AgencyId;
use schemas::bundle::{FORMAT, Head, Item, LARGEST_LINE, Line, Scope};
use schemas::entry::StoredEntry;
use schemas::merkle;

use super::proofs::{SignedTexts, cosigned_within, index_of, signed_texts};
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit::time::empty_period;
use audit_log::entries::audit::audit_exported;
use audit_log::proofs::inclusion_nodes;
use registry::Redacted;
use store::{EntryFilter, ReadStore, StoredChange};

/// Entries read at a time.
const STEP: u32 = 100;

// A policy that was adopted fits a line of a bundle: TOML has no control characters that JSON would
// not write in two bytes.
const _: () = assert!(2 * LARGEST_TEXT + 64 <= LARGEST_LINE);

/// An export under way.
pub struct Export {
    store: Arc<dyn ReadStore>,
    /// The first line.
    pub head: Head,
    size: u64,
    /// What stands before the entries and was not written yet.
    before: Vec<Line>,
    next: Next,
    /// What concerns the agency itself, of an extract.
    own: Option<OwnEntries>,
    /// The changes of the registry that were not written yet, of a whole log.
    changes: VecDeque<StoredChange>,
}

/// What concerns the agency itself and was not written yet, read as it is needed.
struct OwnEntries {
    filter: EntryFilter,
    read: VecDeque<(u64, StoredEntry)>,
    /// Where to read on; `None` at the end.
    start: Option<u64>,
    /// The size of the exported log.
    size: u64,
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

/// Begins an export.
///
/// # Errors
/// When the actor may not, the peer is unknown, or log or store do not answer.
pub async fn begin(
    agency: &OwnAgency,
    store: &Arc<dyn ReadStore>,
    by: &Principal,
    scope: Scope,
) -> Result<Export, ActError> {
    let state = agency.registry.state();
    let now = agency.clock.now();
    let user = authorize(&state, by, Permission::Audit, now)?;
    if let Some(peer) = &scope.peer
        && !state.peers.contains_key(peer)
    {
        return Err(ActError::usage(format!(
            "no card of `{peer}` is recorded; see `accord card list`"
        )));
    }
    if let Some(empty) = empty_period(scope.from, scope.until) {
        return Err(ActError::usage(empty));
    }
    let own = agency.log.counters().peer_seq.get(&agency.id).copied().unwrap_or(0);
    let entry = audit_exported(agency.looking(&state, &user, by, now)?, scope.clone(), own);
    let appended = agency.log.append(entry).await?;
    let signed = agency.log.head()?;
    let size = signed.unverified().size;
    // After the append, so that no redaction of an entry exported here is missed.
    let state = agency.registry.state();
    let redacted = *state.redacted != Redacted::default();
    // As they stand: whoever verifies the export holds them against its entries.
    let changes = store.changes(0, u32::MAX).await?;
    let SignedTexts { cards, policies, ends } = {
        let of = |id: &AgencyId| scope.peer.as_ref().is_none_or(|peer| peer == id);
        signed_texts(&changes, &agency.id, of)?
    };
    let cosigned = cosigned_within(store.as_ref(), size, &ends).await?;
    let cosigned = cosigned.into_iter().map(Line::Cosigned);
    let before = cosigned.chain(cards.into_iter().map(Line::Card));
    let policies = policies.into_iter().filter(|_| redacted).map(Line::Policy);
    // Whoever may see the whole log sees what is held, and that nothing of it was destroyed.
    let holds = state.holds.values().filter(|_| scope.is_whole());
    let holds = holds.map(|hold| serde_json::to_string(&hold.opened()).map(Line::Hold));
    let holds: Vec<Line> =
        holds.collect::<Result<_, _>>().map_err(|e| ActError::failed(e.to_string()))?;
    let before = before.chain(policies).chain(holds).collect();
    let changes = if scope.is_whole() { changes.into() } else { VecDeque::new() };
    let own = (!scope.is_whole()).then(|| OwnEntries::new(&agency.id, size));
    let head = Head {
        accord_bundle: FORMAT,
        agency: agency.id.clone(),
        entry: appended.position().index,
        at: appended.at(),
        scope,
        checkpoint: signed.to_string(),
    };
    let next = if head.scope.from.is_some() { Next::Before } else { Next::From(0) };
    Ok(Export { store: Arc::clone(store), head, size, before, next, own, changes })
}

impl OwnEntries {
    fn new(me: &AgencyId, size: u64) -> Self {
        let filter = EntryFilter { peer: Some(me.clone()), ..EntryFilter::default() };
        Self { filter, read: VecDeque::new(), start: Some(0), size }
    }

    /// The next one, if it stands no later than at `last`.
    async fn up_to(
        &mut self,
        store: &dyn ReadStore,
        last: u64,
    ) -> Result<Option<(u64, StoredEntry)>, ActError> {
        if self.read.is_empty()
            && let Some(start) = self.start.take()
        {
            for entry in store.entries(&self.filter, start, STEP).await? {
                let index = index_of(&entry)?;
                if index < self.size {
                    self.start = Some(index.saturating_add(1));
                    self.read.push_back((index, entry));
                }
            }
        }
        let due = self.read.front().is_some_and(|(index, _)| *index <= last);
        Ok(if due { self.read.pop_front() } else { None })
    }
}

impl Export {
    /// The next lines; none at the end.
    ///
    /// # Errors
    /// When the store does not answer, or holds what the log never wrote.
    pub async fn next(&mut self) -> Result<Vec<Line>, ActError> {
        if !self.before.is_empty() {
            return Ok(std::mem::take(&mut self.before));
        }
        loop {
            let items = match self.next {
                Next::End => return Ok(Vec::new()),
                Next::Before => self.before().await?,
                Next::From(start) => self.period(start).await?,
                Next::After => self.after().await?,
            };
            let items = self.with_own(items).await?;
            if !items.is_empty() {
                let items = self.proven(items).await?;
                return Ok(items.into_iter().map(Line::Entry).collect());
            }
        }
    }

    /// `items` with what concerns the agency itself before and between them, each once.
    async fn with_own(&mut self, items: Vec<Item>) -> Result<Vec<Item>, ActError> {
        let Some(own) = &mut self.own else { return Ok(items) };
        let mut all = Vec::with_capacity(items.len());
        for mut item in items {
            let index = index_of(&item.entry).unwrap_or(0);
            while let Some((at, entry)) = own.up_to(self.store.as_ref(), index).await? {
                if at < index {
                    all.push(Item { judges: true, ..Item::of(entry) });
                } else if item.border {
                    item = Item { border: true, judges: true, ..Item::of(entry) };
                }
            }
            all.push(item);
        }
        Ok(all)
    }

    fn filter(&self) -> EntryFilter {
        EntryFilter { peer: self.head.scope.peer.clone(), ..EntryFilter::default() }
    }

    async fn before(&mut self) -> Result<Vec<Item>, ActError> {
        self.next = Next::From(0);
        let filter = EntryFilter { until: self.head.scope.from, ..self.filter() };
        let (mut last, mut start) = (None, 0);
        loop {
            let step = self.store.entries(&filter, start, STEP).await?;
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
        let step = self.store.entries(&filter, start, STEP).await?;
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
            let change = self.changes.pop_front_if(|change| change.entry <= at);
            let change = change.map(|change| change.text);
            items.push(Item { change, ..Item::of(entry) });
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
            let first = self.store.entries(&filter, 0, 1).await?;
            if let Some(first) = first.first()
                && index_of(first)? < entry
            {
                items.push(bare(first));
            }
        }
        let own = self.store.entries(&EntryFilter::default(), entry, 1).await?;
        items.extend(own.into_iter().map(Item::of));
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
        let nodes = inclusion_nodes(self.store.as_ref(), &known, self.size).await?;
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
    Item { border: true, ..Item::of(entry) }
}
