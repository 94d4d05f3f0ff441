//! From bytes to batches, on a thread of its own.

use ingest::{ImportError, ImportedRead, Item, Options, Rejected, items};
use tokio::sync::mpsc;

use crate::reads::importer::{BATCH, BATCH_BYTES};

/// A batch of what the parser found.
#[derive(Default)]
pub(super) struct Batch {
    pub reads: Vec<ImportedRead>,
    bytes: usize,
    pub rejected: Vec<Rejected>,
    pub empty: u64,
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
            Ok(Item::Empty(_)) => batch.empty = batch.empty.saturating_add(1),
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
