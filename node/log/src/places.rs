//! Stored entries held against the log's tree: whether each is the one that stands at its place, and what
//! stands beside it is what its header commits to.

use schemas::digest::Digest;
use schemas::entry::{Header, StoredEntry};
use schemas::merkle::{self, Frontier};
use store::{ReadStore, StoreError};

use crate::proofs::inclusion_nodes;

/// An entry as it is stored, and what its place in the tree says of it.
pub(crate) struct ProvenPlace {
    pub(crate) index: u64,
    pub(crate) header: Header,
    pub(crate) entry: StoredEntry,
    /// Why it is not what the tree was made of.
    pub(crate) holds: Result<(), &'static str>,
}

/// Holds those of `entries` that `tree` covers against it.
///
/// # Errors
/// When the store does not answer, or holds a header that is none.
pub(crate) async fn proven_places(
    store: &dyn ReadStore,
    entries: Vec<StoredEntry>,
    tree: &Frontier,
) -> Result<Vec<ProvenPlace>, StoreError> {
    let corrupt = |error: String| StoreError::Corrupt(error);
    let mut read = Vec::with_capacity(entries.len());
    for entry in entries {
        let header =
            Header::from_bytes(entry.header.as_bytes()).map_err(|e| corrupt(e.to_string()))?;
        if header.index < tree.size() {
            read.push((header, entry));
        }
    }
    let indexes: Vec<u64> = read.iter().map(|(header, _)| header.index).collect();
    let nodes = inclusion_nodes(store, &indexes, tree.size()).await?;
    let root = tree.root();
    let mut places = Vec::with_capacity(read.len());
    for (header, entry) in read {
        let index = header.index;
        let path = merkle::inclusion(index, tree.size(), |subtree| nodes.get(&subtree).copied())
            .map_err(|e| corrupt(e.to_string()))?;
        let leaf = merkle::leaf(entry.header.as_bytes());
        let proven = merkle::verify_inclusion(&leaf, index, tree.size(), &path, &root);
        let holds = match proven {
            Ok(()) => commits(&header, &entry),
            Err(_) => Err("the database has another entry there, or beside it, than the log"),
        };
        places.push(ProvenPlace { index, header, entry, holds });
    }
    Ok(places)
}

/// Whether an entry has beside it what its header commits to; of one whose kind ends it may be
/// destroyed.
fn commits(header: &Header, entry: &StoredEntry) -> Result<(), &'static str> {
    let ends = header.kind.ends();
    match (&entry.salt, &entry.body) {
        (Some(salt), Some(body)) if header.commits_to(salt, body.as_bytes()) => {}
        (None, None) if ends => {}
        (Some(_), Some(_)) => {
            return Err("its body is not the one that its header commits to");
        }
        _ => return Err("its body is missing"),
    }
    match (&header.envelope, &entry.envelope) {
        (None, None) => Ok(()),
        (Some(digest), Some(text)) if *digest == Digest::of(text.as_bytes()) => Ok(()),
        (Some(_), None) if ends => Ok(()),
        (Some(_), None) => Err("its envelopes are missing"),
        _ => Err("its envelopes are not those that its header commits to"),
    }
}
