//! The registry follows from the log: each change in the database is held against the entry that made
//! it, whose place is proven under the log's root, and each such entry names the one before it.
//!
//! What is read is the number of changes, not that of entries. A change that was edited, added, left
//! out or moved is noticed, whoever did it.

use std::fmt::Display;

use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, StoredEntry};
use schemas::merkle::Frontier;
use schemas::time::Timestamp;
use store::{EntryFilter, ReadStore, StoreError, StoredChange};

use crate::places::{ProvenPlace, proven_places};

/// Entries held against their changes at a time.
const STEP: u32 = 512;

/// What the database tells and the log does not.
fn altered(entry: u64, what: impl Display) -> StoreError {
    StoreError::Corrupt(format!(
        "its registry is not the one that the log tells, entry {entry}: {what}. Somebody changed it: \
         keep a copy as evidence, then put the last backup back with `accord restore`"
    ))
}

/// A change that its entry proves.
#[derive(Debug)]
pub struct ProvenChange {
    /// The entry that made it.
    pub entry: u64,
    /// Of which kind.
    pub kind: EntryKind,
    /// When that was.
    pub at: Timestamp,
    /// The change, as its exact JSON.
    pub text: String,
}

/// Every change of the registry, in order, each proven by the log whose tree is `tree`. `at_rest`:
/// nothing can have been appended since the tree was read, so no change may stand beyond it.
///
/// # Errors
/// When the store does not answer, or tells what the log does not.
pub(crate) async fn proven_changes(
    store: &dyn ReadStore,
    tree: &Frontier,
    at_rest: bool,
) -> Result<Vec<ProvenChange>, StoreError> {
    let mut proven = Vec::new();
    each_proven_change(store, tree, at_rest, |made| {
        proven.push(made);
        Ok::<_, StoreError>(())
    })
    .await?;
    Ok(proven)
}

/// Hands every change of the registry to `take`, in order, as [`proven_changes`] proves them; some are
/// held at a time.
///
/// # Errors
/// As [`proven_changes`], or what `take` says.
pub(crate) async fn each_proven_change<E: From<StoreError>>(
    store: &dyn ReadStore,
    tree: &Frontier,
    at_rest: bool,
    mut take: impl FnMut(ProvenChange) -> Result<(), E>,
) -> Result<(), E> {
    // More may have been appended since the tree was read.
    let size = tree.size();
    let (mut before, mut start) = (None, 0);
    loop {
        let filter = EntryFilter { changing: true, ..EntryFilter::default() };
        let entries = store.entries(&filter, start, STEP).await?;
        let step = in_place(store, entries, tree).await?;
        let Some(last) = step.last().map(|entry| entry.index) else { break };
        let mut changes = store.changes(start, STEP).await?.into_iter().peekable();
        for entry in step {
            let change = changes.next_if(|change| change.entry == entry.index);
            let index = entry.index;
            take(entry.made(change, before)?)?;
            before = Some(index);
        }
        start = last.saturating_add(1);
    }
    let beyond = store.changes(start, 1).await?.into_iter().next();
    if let Some(change) = beyond.filter(|change| at_rest || change.entry < size) {
        return Err(altered(change.entry, "a change stands beside it in another order").into());
    }
    if let Some(last) = size.checked_sub(1) {
        let entries = store.entries(&EntryFilter::default(), last, 1).await?;
        let [entry]: [Placed; 1] = in_place(store, entries, tree)
            .await?
            .try_into()
            .map_err(|_| altered(last, "it is missing"))?;
        let names = if entry.body.change.is_some() { Some(last) } else { entry.body.registry };
        if names != before {
            return Err(altered(last, format!("{}, {}", named(names), stands(before))).into());
        }
    }
    Ok(())
}

fn named(change: Option<u64>) -> String {
    match change {
        Some(change) => format!("it names entry {change} as the last that changed the registry"),
        None => "it says that nothing changed the registry before it".into(),
    }
}

fn stands(change: Option<u64>) -> String {
    match change {
        Some(change) => format!("the database has the last change before it at entry {change}"),
        None => "the database has no change before it".into(),
    }
}

/// An entry whose place in the log is proven.
struct Placed {
    index: u64,
    header: Header,
    body: Body,
}

impl Placed {
    /// The change that this entry made, if it is the one that the database has beside it.
    fn made(
        self,
        change: Option<StoredChange>,
        before: Option<u64>,
    ) -> Result<ProvenChange, StoreError> {
        let index = self.index;
        let kind = self.header.kind;
        let change = change.ok_or_else(|| altered(index, "its change is missing"))?;
        if self.body.registry != before {
            return Err(altered(
                index,
                format!("{}, {}", named(self.body.registry), stands(before)),
            ));
        }
        match self.body.change {
            Some(digest) if digest == Digest::of(change.text.as_bytes()) => {
                Ok(ProvenChange { entry: index, kind, at: self.header.at, text: change.text })
            }
            Some(digest) => Err(altered(
                index,
                format!(
                    "`{kind}` made the change with the digest {digest}; the database has one with {}",
                    Digest::of(change.text.as_bytes())
                ),
            )),
            None => {
                Err(altered(index, format!("`{kind}` changed nothing; the database has a change")))
            }
        }
    }
}

/// Those of `entries` that `tree` covers, with their places proven and their bodies held against
/// their headers.
async fn in_place(
    store: &dyn ReadStore,
    entries: Vec<StoredEntry>,
    tree: &Frontier,
) -> Result<Vec<Placed>, StoreError> {
    let mut placed = Vec::with_capacity(entries.len());
    for proven in proven_places(store, entries, tree).await? {
        let ProvenPlace { index, header, entry, holds } = proven;
        holds.map_err(|what| altered(index, what))?;
        let body = entry.body.ok_or_else(|| altered(index, "its body is missing"))?;
        let body = serde_json::from_str(&body)
            .map_err(|e| StoreError::Corrupt(format!("entry {index}: {e}")))?;
        placed.push(Placed { index, header, body });
    }
    Ok(placed)
}
