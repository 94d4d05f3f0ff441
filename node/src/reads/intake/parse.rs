//! From bytes to batches, on a thread of its own.

use std::collections::BTreeMap;

use ingest::{ImportError, ImportedRead, Item, Note, Options, Rejected, items};
use tokio::sync::mpsc;

use crate::reads::importer::{BATCH, BATCH_BYTES};

/// A batch of what the parser found.
#[derive(Default)]
pub(super) struct Batch {
    pub reads: Vec<ImportedRead>,
    bytes: usize,
    pub rejected: Vec<Rejected>,
    /// How many records without a read there were, by what they are.
    pub empty: BTreeMap<&'static str, u64>,
    /// What was said of the whole.
    pub said: Vec<Note>,
    /// Records seen from the beginning on.
    pub records: u64,
    /// Why nothing more comes.
    pub end: Option<ImportError>,
}

impl Batch {
    fn full(&self) -> bool {
        self.reads.len() >= BATCH
            || self.bytes >= BATCH_BYTES
            || self.rejected.len() >= BATCH
            || self.end.is_some()
    }
}

/// Parses `source` to its end, or until nobody takes batches any more.
pub(super) fn parse(options: Options, source: impl std::io::Read, batches: &mpsc::Sender<Batch>) {
    let mut items = items(options, source);
    let mut batch = Batch::default();
    while let Some(item) = items.next() {
        match item {
            Ok(Item::Read(one)) => {
                let bytes = one.photographs.iter().map(Vec::len).sum();
                batch.bytes = batch.bytes.saturating_add(bytes);
                batch.reads.push(*one);
            }
            Ok(Item::Rejected(rejected)) => batch.rejected.push(rejected),
            Ok(Item::Empty(empty)) => {
                let count = batch.empty.entry(empty.what).or_default();
                *count = count.saturating_add(1);
            }
            Ok(Item::Said(note)) => batch.said.push(note),
            Err(error) => batch.end = Some(error),
        }
        batch.records = items.records();
        if batch.full() && batches.blocking_send(std::mem::take(&mut batch)).is_err() {
            return;
        }
    }
    batch.records = items.records();
    drop(batches.blocking_send(batch));
}
