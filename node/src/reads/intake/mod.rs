//! Reads on their way in: from a file sent over the socket, a webhook, a field unit or a watched
//! folder, all by the one way [`import`].
//!
//! ```text
//! bytes → parse (a thread of its own) → batches of at most 2,000 reads → Importer::store, durable
//! ```
//!
//! What was stored before an error stays stored; sent again, it is found to be stored already. A
//! record that cannot be read is reported with its place and stops nothing.

mod body;
mod folder;
mod parse;
mod set_aside;

use ingest::Options;
use schemas::text::Text;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub use body::{Chunks, Pace, Received, body};
pub use folder::{WatchedFolders, is_unfinished};

use super::importer::{ImportActor, Importer};
use crate::permission::ActError;
use parse::{Batch, parse};

/// Most rejected records that are named; the rest are counted.
const MOST_NAMED: usize = 1_000;

/// What became of what was sent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ImportSummary {
    /// The name of the file, or of the source.
    pub file: Text,
    /// Records seen.
    pub records: u64,
    /// Reads that were new and are stored.
    pub stored: u64,
    /// Reads that were stored already.
    pub duplicates: u64,
    /// Records without a read, such as a heartbeat.
    pub empty: u64,
    /// Records that cannot be used.
    pub rejected: u64,
    /// Photographs kept.
    pub photographs: u64,
    /// Photographs left out of reads that are stored all the same.
    pub photographs_left_out: u64,
    /// The first of what was rejected or left out.
    pub errors: Vec<RecordError>,
}

/// What is wrong with one record, or was left out of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordError {
    /// Where it stands, such as `line 3`.
    pub at: String,
    /// What is wrong there.
    pub error: String,
}

impl ImportSummary {
    fn name(&mut self, errors: impl Iterator<Item = RecordError>) {
        let room = MOST_NAMED.saturating_sub(self.errors.len());
        self.errors.extend(errors.take(room));
    }

    fn leave_out(&mut self, these: impl ExactSizeIterator<Item = RecordError>) {
        self.photographs_left_out = self.photographs_left_out.saturating_add(these.len() as u64);
        self.name(these);
    }
}

/// Why an import ended early.
#[derive(Debug, thiserror::Error)]
pub enum ImportStopped {
    /// What was sent cannot be read on.
    #[error("{0}")]
    Content(String),
    /// This node cannot take it, or not now.
    #[error(transparent)]
    Node(#[from] ActError),
}

/// How far an import is.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct ImportProgress {
    /// Records seen.
    pub progress: u64,
    /// Reads stored.
    pub stored: u64,
}

/// What is imported, and for whom.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// Who imports it.
    pub by: ImportActor,
    /// The name of the file, or of the source.
    pub file: Text,
    /// How it is read.
    pub options: Options,
}

/// Imports what `source` gives, to its end. Every batch is durable before the next is stored.
/// `progress` may be listened to or not.
///
/// # Errors
/// Why it ended early, with what became of the rest before.
pub async fn import(
    importer: &Importer,
    request: ImportRequest,
    source: impl std::io::Read + Send + 'static,
    progress: Option<mpsc::Sender<ImportProgress>>,
) -> Result<ImportSummary, (ImportStopped, ImportSummary)> {
    let ImportRequest { by, file, options } = request;
    let format = options.format.to_string();
    let (batches, mut parsed) = mpsc::channel::<Batch>(2);
    let parsing = tokio::task::spawn_blocking(move || parse(options, source, &batches));
    let mut summary = ImportSummary { file: file.clone(), ..ImportSummary::default() };
    while let Some(batch) = parsed.recv().await {
        let read = batch.reads.len() as u64;
        summary.records = batch.records;
        summary.empty += batch.empty;
        summary.rejected += batch.rejected.len() as u64;
        summary.name(batch.rejected.into_iter().map(|r| RecordError { at: r.at, error: r.error }));
        for one in &batch.reads {
            let id = one.read.id.to_string();
            let left_out = one.left_out.iter().cloned();
            summary.leave_out(left_out.map(|error| RecordError { at: id.clone(), error }));
        }
        let stored = match importer.store(&by, &file, &format, batch.reads).await {
            Ok(stored) => stored,
            Err(error) => return Err((error.into(), summary)),
        };
        summary.stored += stored.reads as u64;
        summary.duplicates += read - stored.reads as u64;
        summary.photographs += stored.photographs as u64;
        summary.leave_out(stored.absent.iter().map(|(read, image)| RecordError {
            at: read.to_string(),
            error: format!("photograph `{image}` is not here; the read is stored without it"),
        }));
        if let Some(error) = batch.end {
            return Err((ImportStopped::Content(error.to_string()), summary));
        }
        if let Some(progress) = &progress {
            let at = ImportProgress { progress: summary.records, stored: summary.stored };
            // Nobody watching is no reason to stop.
            let _ = progress.send(at).await;
        }
    }
    // A parser that panicked has not come to the end of what was sent.
    match parsing.await {
        Ok(()) => Ok(summary),
        // What a panic says may repeat what was sent, and this goes to the operational log.
        Err(_) => {
            let error =
                ActError::failed("what was sent could not be parsed: the parser broke off".into());
            Err((error.into(), summary))
        }
    }
}
