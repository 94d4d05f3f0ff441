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
mod summary;

use ingest::Options;
use schemas::text::Text;
use serde::Serialize;
use tokio::sync::mpsc;

pub use body::{BodyCopy, Chunks, Received, body, paced};
pub use folder::{WatchedFolders, is_unfinished};
pub use set_aside::{SetAside, SetAsideError};
pub use summary::{Counted, DryRun, ImportSummary, RecordError};

use super::importer::{ImportActor, Importer};
use crate::permission::ActError;
use parse::{Batch, parse};

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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
        let offered = batch.reads.len() as u64;
        summary.records = batch.records;
        summary.without(&batch.empty);
        summary.reject(batch.rejected.into_iter());
        let notes = batch.reads.iter().flat_map(|one| &one.notes);
        notes.chain(&batch.said).for_each(|note| summary.note(note));
        match importer.store(&by, &file, &format, batch.reads).await {
            Ok(stored) => summary.stored(offered, &stored),
            Err(error) => return Err((error.into(), summary)),
        }
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
