//! The registry follows from the log: each change in the database is held against the entry that made
//! it, whose place is proven under the log's root, and each such entry names the one before it.
//!
//! What is read is the number of changes, not that of entries. A change that was edited, added, left
//! out or moved is noticed, whoever did it.

use std::fmt::Display;

use schemas::body::Body;
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, StoredEntry};
use schemas::merkle::{self, Frontier};
use schemas::time::Timestamp;
use store::{EntryFilter, ReadStore, StoreError, StoredChange};

use crate::proofs::inclusion_nodes;

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
    let mut changes = store.changes().await?.into_iter().peekable();
    // More may have been appended since the tree was read.
    let size = tree.size();
    let (mut proven, mut before, mut start) = (Vec::new(), None, 0);
    loop {
        let filter = EntryFilter { changing: true, ..EntryFilter::default() };
        let entries = store.entries(&filter, start, STEP).await?;
        let step = in_place(store, entries, tree).await?;
        let Some(last) = step.last().map(|entry| entry.index) else { break };
        for entry in step {
            let change = changes.next_if(|change| change.entry == entry.index);
            let index = entry.index;
            proven.push(entry.made(change, before)?);
            before = Some(index);
        }
        start = last.saturating_add(1);
    }
    if let Some(change) = changes.next().filter(|change| at_rest || change.entry < size) {
        return Err(altered(change.entry, "a change stands beside it in another order"));
    }
    if let Some(last) = size.checked_sub(1) {
        let entries = store.entries(&EntryFilter::default(), last, 1).await?;
        let [entry]: [Placed; 1] = in_place(store, entries, tree)
            .await?
            .try_into()
            .map_err(|_| altered(last, "it is missing"))?;
        let names = if entry.body.change.is_some() { Some(last) } else { entry.body.registry };
        if names != before {
            return Err(altered(last, format!("{}, {}", named(names), stands(before))));
        }
    }
    Ok(proven)
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
    let corrupt = |error: String| StoreError::Corrupt(error);
    let mut read = Vec::with_capacity(entries.len());
    for entry in &entries {
        let header =
            Header::from_bytes(entry.header.as_bytes()).map_err(|e| corrupt(e.to_string()))?;
        if header.index < tree.size() {
            read.push((header, entry));
        }
    }
    let indexes: Vec<u64> = read.iter().map(|(header, _)| header.index).collect();
    let nodes = inclusion_nodes(store, &indexes, tree.size()).await?;
    let root = tree.root();
    let mut placed = Vec::with_capacity(read.len());
    for (header, entry) in read {
        let index = header.index;
        let path = merkle::inclusion(index, tree.size(), |subtree| nodes.get(&subtree).copied())
            .map_err(|e| corrupt(e.to_string()))?;
        let leaf = merkle::leaf(entry.header.as_bytes());
        merkle::verify_inclusion(&leaf, index, tree.size(), &path, &root)
            .map_err(|_| altered(index, "the database has another entry there than the log"))?;
        let (Some(salt), Some(body)) = (&entry.salt, &entry.body) else {
            return Err(altered(index, "its body is missing"));
        };
        if !header.commits_to(salt, body.as_bytes()) {
            return Err(altered(index, "its body is not the one that its header commits to"));
        }
        let body =
            serde_json::from_str(body).map_err(|e| corrupt(format!("entry {index}: {e}")))?;
        placed.push(Placed { index, header, body });
    }
    Ok(placed)
}
